import numpy as np
import pytest
import torch

from ctbench.training.image_classification import (
    ImageClassification,
    Settings,
)
from ctbench.training.loop import run

RECIPE = {"epochs": 3, "milestones": (2,), "batch": 16, "augment": "none"}


def images(n: int = 64) -> dict[str, np.ndarray]:
    """Three classes of bright squares in three corners."""
    rng = np.random.default_rng(0)
    labels = np.arange(n) % 3
    pixels = rng.integers(0, 60, (n, 8, 8, 1))
    for i, label in enumerate(labels):
        pixels[i, : 4 if label else 8, : 4 if label < 2 else 8] += 150 * (label + 1) // 3
    half = n // 2
    return {
        "train_images": pixels[:half].astype(np.uint8),
        "train_labels": labels[:half],
        "test_images": pixels[half:].astype(np.uint8),
        "test_labels": labels[half:],
    }


def settings(**options: object) -> Settings:
    return Settings(model="continuousnet", options={"width": 4, "stages": 1, **options}, **RECIPE)


def test_pixels_are_standardised_by_the_training_images() -> None:
    (train, _), (test, labels) = prepared(images(), "cpu")
    assert float(train.mean()) == pytest.approx(0, abs=1e-5) and float(train.std(correction=0)) == pytest.approx(
        1, abs=1e-5
    )
    assert test.shape == (32, 1, 8, 8) and labels.shape == (32,)


def test_crop_and_flip_move_pixels_and_make_none() -> None:
    batch = torch.arange(2 * 64.0).view(2, 1, 8, 8) + 1
    found = crop_flip(batch, np.random.default_rng(0))
    assert found.shape == batch.shape and set(found.unique().tolist()) <= {0.0, *batch.unique().tolist()}
    flipped = [crop_flip(batch, np.random.default_rng(s)) for s in range(20)]
    assert any((f[0, 0, 4].diff() < 0).any() for f in flipped) and any((f[0, 0, 4].diff() > 0).any() for f in flipped)


def test_a_trained_net_under_its_own_scheme_loses_nothing() -> None:
    trained = settings(scheme="rk4_classic", bases=2)
    result = run(ImageClassification(trained, images(), seed=3))[0]
    sweep = ManifestationSettings(schemes=("rk4_classic", "euler"), steps=(2, 5))
    rows = run(Manifestation(sweep, trained, result.weights, images(), 3))[0].rows
    own = [r for r in rows if r["solver"] == "rk4_classic" and r["steps"] == 2]
    accuracy = next(r["value"] for r in result.rows if r["metric"] == "test_accuracy")
    assert {r["metric"]: r["value"] for r in own} == {"test_accuracy": accuracy, "accuracy_drop": 0.0}
    assert len(rows) == 2 * 2 * 2


def test_two_models_see_the_same_batches() -> None:
    """The order depends on seed and epoch alone: a second net of another scheme trains on the same sequence."""
    seen: list[list[float]] = []
    for scheme in ("euler", "midpoint"):
        task, order = ImageClassification(settings(scheme=scheme), images(), seed=1), []
        task.network.register_forward_pre_hook(lambda _, x, order=order: order.append(float(x[0].sum())))
        task.epoch(0)
        seen.append(order)
    assert seen[0] == seen[1] and len(seen[0]) == 2
