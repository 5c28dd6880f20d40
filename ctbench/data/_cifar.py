"""What CIFAR-10 and CIFAR-100 share: images of 32 x 32 RGB pixels in a tar archive of pickled dictionaries.

A batch's dictionary holds `data` uint8 [n, 3072], for each image the red, green and blue planes one after another, each
row by row, and a list of n labels under a key that the data sets name differently.
"""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ctbench.data._pickles import read_pickle
from ctbench.spec.errors import UserError

SIDE = 32
Batch = tuple[np.ndarray, np.ndarray]
"""Images uint8 [n, 32, 32, 3] and their labels [n]."""


@contextmanager
def reading(path: Path, title: str) -> Iterator[Callable[[str], dict[str, Any]]]:
    """A function that gives the dictionary pickled in a member of the archive, its keys as str.

    Raises UserError if the archive is damaged, or does not hold what the block asks of it.
    """
    try:
        with tarfile.open(path) as archive:
            yield partial(_content, archive, path)
    except (KeyError, ValueError, OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise UserError(f"{path}: not {title}'s archive ({error}).") from None


def _content(archive: tarfile.TarFile, path: Path, member: str) -> dict[str, Any]:
    file = archive.extractfile(member)
    if file is None:
        raise KeyError(f"{member} is not a file")
    content = read_pickle(file, f"{path}, {member}")
    if not isinstance(content, dict):
        raise KeyError(f"{member} holds no dictionary")
    return {key.decode() if isinstance(key, bytes) else key: value for key, value in content.items()}


def batch(content: dict[str, Any], labels: str) -> Batch:
    """The images and labels of a batch's dictionary. Raises KeyError or ValueError if it holds others."""
    planes = np.asarray(content["data"]).reshape(-1, 3, SIDE, SIDE)
    return planes.transpose(0, 2, 3, 1), np.asarray(content[labels])


def joined(batches: Sequence[Batch]) -> Batch:
    """Several batches as one."""
    images, labels = zip(*batches, strict=True)
    return np.concatenate(images), np.concatenate(labels)


def image_arrays(train: Batch, test: Batch, classes: int, where: Path) -> dict[str, np.ndarray]:
    """The arrays that `_images` names. Raises UserError if images and labels do not match."""
    arrays: dict[str, np.ndarray] = {}
    for part, (images, labels) in (("train", train), ("test", test)):
        if images.dtype != np.uint8 or labels.shape != (len(images),) or not np.isin(labels, range(classes)).all():
            raise UserError(
                f"{where}: {part} images {images.dtype} {images.shape} and labels {labels.shape} do not match."
            )
        arrays[f"{part}_images"] = np.ascontiguousarray(images)
        arrays[f"{part}_labels"] = labels.astype(np.int64)
    return arrays


def read_rgb(path: Path) -> np.ndarray:
    """The pixels of an image file, uint8 [height, width, 3]."""
    from PIL import Image

    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))
