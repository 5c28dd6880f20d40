"""CIFAR-10: 50000 training and 10000 test images of 32 x 32 RGB pixels in ten classes, arrays as in `_images`.

The official archive `cifar-10-python.tar.gz` holds six batches (`_cifar`) of 10000 images each. The npm package holds
the same batches in the same order as PNG files: one image a line, pixel k of the line at row k // 32, column k % 32.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ctbench.data._cifar import SIDE, batch, image_arrays, joined, read_rgb, reading
from ctbench.data._dataset import Family
from ctbench.data._images import SPLITS, image_fingerprint

ARCHIVE = "cifar-10-python.tar.gz"
TRAIN_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
CLASSES = 10


def decode_pickles(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the official archive in `folder`. Raises UserError if it is damaged or another."""
    del name
    path = folder / ARCHIVE
    with reading(path, "CIFAR-10") as content:
        *train, test = (
            batch(content(f"cifar-10-batches-py/{member}"), "labels") for member in (*TRAIN_BATCHES, "test_batch")
        )
    return image_arrays(joined(train), test, CLASSES, path)


def decode_sheets(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the PNG and `*_lables.json` [sic] files. Raises UserError if they disagree."""
    del name
    train = np.concatenate([_lines(folder / f"{member}.png") for member in TRAIN_BATCHES])
    test = _lines(folder / "test_batch.png")
    labels = {part: np.asarray(json.loads((folder / f"{part}_lables.json").read_text())) for part in ("train", "test")}
    return image_arrays((train, labels["train"]), (test, labels["test"]), CLASSES, folder)


def _lines(path: Path) -> np.ndarray:
    return read_rgb(path).reshape(-1, SIDE, SIDE, 3)


FAMILY = Family(
    datasets=("cifar10",),
    decoders={"pickles": decode_pickles, "sheets": decode_sheets},
    fingerprint=image_fingerprint(white=255),
    splits=SPLITS,
)
