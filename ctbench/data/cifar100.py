"""CIFAR-100: 50000 training and 10000 test images of 32 x 32 RGB pixels in a hundred classes.

Arrays as in `_images`, and `class_names` (str [100], alphabetical): label k is the k-th name, of the hundred fine ones.
Images are in the order of their labels, and among equal labels in that of their bytes: an order that needs no file of
ours and is the same from every source. So whoever takes a part of them must draw it at random.

The official archive `cifar-100-python.tar.gz` holds two batches (`_cifar`), `train` and `test`, and the names (`meta`).
A mirror may hold the images as lossless WebP sheets instead: tiles of 32 x 32, row by row, whose labels and names are
in `labels.npz`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctbench.data._cifar import SIDE, Batch, batch, image_arrays, read_rgb, reading
from ctbench.data._dataset import Family
from ctbench.data._files import read_arrays
from ctbench.data._images import SPLITS, image_fingerprint

ARCHIVE = "cifar-100-python.tar.gz"
TRAIN_SHEETS = tuple(f"train_{i}" for i in range(5))
CLASSES = 100


def decode_pickles(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the official archive in `folder`. Raises UserError if it is damaged or another."""
    del name
    path = folder / ARCHIVE
    with reading(path, "CIFAR-100") as content:
        train, test = (batch(content(f"cifar-100-python/{part}"), "fine_labels") for part in ("train", "test"))
        names = content("cifar-100-python/meta")["fine_label_names"]
    return _canonical(train, test, names, path)


def decode_sheets(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the WebP sheets and `labels.npz`. Raises UserError if they disagree."""
    del name
    labels = read_arrays(folder / "labels.npz")
    train = np.concatenate([tiles(read_rgb(folder / f"{sheet}.webp")) for sheet in TRAIN_SHEETS])
    test = tiles(read_rgb(folder / "test.webp"))
    return _canonical((train, labels["train"]), (test, labels["test"]), labels["class_names"], folder)


def tiles(sheet: np.ndarray) -> np.ndarray:
    """The images [n, 32, 32, 3] on a sheet [height, width, 3], row by row of tiles."""
    height, width, channels = sheet.shape
    grid = sheet.reshape(height // SIDE, SIDE, width // SIDE, SIDE, channels)
    return grid.swapaxes(1, 2).reshape(-1, SIDE, SIDE, channels)


def _canonical(train: Batch, test: Batch, names: np.ndarray | list[str], where: Path) -> dict[str, np.ndarray]:
    arrays = image_arrays(train, test, CLASSES, where)
    for part in ("train", "test"):
        order = _order(arrays[f"{part}_images"], arrays[f"{part}_labels"])
        arrays |= {key: arrays[key][order] for key in (f"{part}_images", f"{part}_labels")}
    return {**arrays, "class_names": np.asarray(names, dtype=np.str_)}


def _order(images: np.ndarray, labels: np.ndarray) -> list[int]:
    return sorted(range(len(labels)), key=lambda i: (labels[i], images[i].tobytes()))


FAMILY = Family(
    datasets=("cifar100",),
    decoders={"pickles": decode_pickles, "sheets": decode_sheets},
    fingerprint=image_fingerprint(white=255),
    splits=SPLITS,
)
