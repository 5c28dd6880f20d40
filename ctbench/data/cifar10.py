"""CIFAR-10: 50000 training and 10000 test images of 32 x 32 RGB pixels in ten classes, arrays as in `_images`.

The official archive `cifar-10-python.tar.gz` holds six pickles of 10000 images each: `data` uint8 [10000, 3072], the
red, green and blue planes one after another, each row by row; `labels`, a list. The npm package holds six PNG files of
the same batches in the same order: one image a line, pixel k of the line at row k // 32, column k % 32.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ctbench.data._dataset import Family
from ctbench.data._images import SPLITS, image_fingerprint
from ctbench.data._pickles import read_pickle
from ctbench.spec.errors import UserError

ARCHIVE = "cifar-10-python.tar.gz"
TRAIN_BATCHES = tuple(f"data_batch_{i}" for i in range(1, 6))
SIDE, CLASSES = 32, 10


def decode_pickles(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the official archive in `folder`. Raises UserError if it is damaged or another."""
    del name
    path = folder / ARCHIVE
    try:
        with tarfile.open(path) as archive:
            batches = {member: _read_batch(archive, member, path) for member in (*TRAIN_BATCHES, "test_batch")}
    except (KeyError, OSError, EOFError, tarfile.TarError) as error:
        raise UserError(f"{path}: not CIFAR-10's archive ({error}).") from None
    images, labels = zip(*(batches[member] for member in TRAIN_BATCHES), strict=True)
    return _arrays(np.concatenate(images), np.concatenate(labels), *batches["test_batch"], path)


def _read_batch(archive: tarfile.TarFile, member: str, path: Path) -> tuple[np.ndarray, np.ndarray]:
    file = archive.extractfile(f"cifar-10-batches-py/{member}")
    if file is None:
        raise KeyError(f"{member} is not a file")
    batch = read_pickle(file, f"{path}, {member}")
    if not isinstance(batch, dict):
        raise KeyError(f"{member} holds no dictionary")
    content = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
    planes = np.asarray(content["data"]).reshape(-1, 3, SIDE, SIDE)
    return planes.transpose(0, 2, 3, 1), np.asarray(content["labels"])


def decode_sheets(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the PNG and `*_lables.json` [sic] files. Raises UserError if they disagree."""
    del name
    train = np.concatenate([_read_sheet(folder / f"{batch}.png") for batch in TRAIN_BATCHES])
    labels = {part: json.loads((folder / f"{part}_lables.json").read_text()) for part in ("train", "test")}
    return _arrays(train, labels["train"], _read_sheet(folder / "test_batch.png"), labels["test"], folder)


def _read_sheet(path: Path) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).reshape(-1, SIDE, SIDE, 3)


def _arrays(
    images: np.ndarray,
    labels: np.ndarray | Sequence[int],
    test_images: np.ndarray,
    test_labels: np.ndarray | Sequence[int],
    where: Path,
) -> dict[str, np.ndarray]:
    arrays = {
        "train_images": np.ascontiguousarray(images),
        "train_labels": np.asarray(labels, dtype=np.int64),
        "test_images": np.ascontiguousarray(test_images),
        "test_labels": np.asarray(test_labels, dtype=np.int64),
    }
    for part in ("train", "test"):
        pixels, classes = arrays[f"{part}_images"], arrays[f"{part}_labels"]
        if pixels.dtype != np.uint8 or classes.shape != (len(pixels),) or not np.isin(classes, range(CLASSES)).all():
            raise UserError(
                f"{where}: {part} images {pixels.dtype} {pixels.shape} and labels {classes.shape} do not match."
            )
    return arrays


FAMILY = Family(
    datasets=("cifar10",),
    decoders={"pickles": decode_pickles, "sheets": decode_sheets},
    fingerprint=image_fingerprint(white=255),
    splits=SPLITS,
)
