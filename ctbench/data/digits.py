"""Handwritten digits: the 1797 images of 8 x 8 grey pixels, 0 to 16, that scikit-learn carries, arrays as in `_images`.

They have no official split. Ours: `np.random.default_rng(20260101)` draws 1797 uniform numbers, which put the images in
increasing order of their numbers; the first 1297 are for training, the last 500 for test. Classes are not balanced.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctbench.data._dataset import Family
from ctbench.data._images import SPLITS, image_fingerprint

TRAIN, SEED = 1297, 20260101


def decode_sklearn(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the installed scikit-learn: 1297 training and 500 test images uint8 [n, 8, 8, 1]."""
    del name, folder
    from sklearn.datasets import load_digits

    values, classes = load_digits(return_X_y=True)
    images = np.asarray(values).astype(np.uint8).reshape(-1, 8, 8, 1)
    labels = np.asarray(classes).astype(np.int64)
    order = np.argsort(np.random.default_rng(SEED).random(len(images)), kind="stable")
    train, test = order[:TRAIN], order[TRAIN:]
    return {
        "train_images": images[train],
        "train_labels": labels[train],
        "test_images": images[test],
        "test_labels": labels[test],
    }


FAMILY = Family(
    datasets=("digits",),
    decoders={"sklearn": decode_sklearn},
    fingerprint=image_fingerprint(white=16),
    splits=SPLITS,
)
