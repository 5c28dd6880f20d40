import numpy as np
import pytest


@pytest.fixture(scope="session")
def toy() -> dict[str, np.ndarray]:
    """Half of 64 images of 8 x 8 pixels for training: three classes of bright squares in three corners."""
    rng = np.random.default_rng(0)
    labels = np.arange(64) % 3
    pixels = rng.integers(0, 60, (64, 8, 8, 1))
    for image, label in zip(pixels, labels, strict=True):
        image[: 4 if label else 8, : 4 if label < 2 else 8] += 150 * (label + 1) // 3
    return {
        "train_images": pixels[:32].astype(np.uint8),
        "train_labels": labels[:32],
        "test_images": pixels[32:].astype(np.uint8),
        "test_labels": labels[32:],
    }
