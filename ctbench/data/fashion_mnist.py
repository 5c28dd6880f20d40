"""Fashion-MNIST: 60000 training and 10000 test images of 28 x 28 grey pixels in ten classes, arrays as in `_images`.

The four files are gzipped IDX: two zero bytes, one byte for the type (8: unsigned byte), one for the number of
dimensions, each dimension as a big-endian 32-bit integer, then the values in C order.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from ctbench.data._dataset import Family
from ctbench.data._images import SPLITS, image_fingerprint
from ctbench.spec.errors import UserError

UNSIGNED_BYTE = 8


def decode_idx(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the four files in `folder`. Raises UserError if one is damaged or they disagree."""
    del name
    arrays: dict[str, np.ndarray] = {}
    for part, prefix in (("train", "train"), ("test", "t10k")):
        path = folder / f"{prefix}-images-idx3-ubyte.gz"
        images = read_idx(path, dimensions=3)
        labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", dimensions=1)
        if len(images) != len(labels):
            raise UserError(f"{path}: {len(images)} images, but {len(labels)} labels in the file beside it.")
        arrays[f"{part}_images"] = images[..., np.newaxis]
        arrays[f"{part}_labels"] = labels.astype(np.int64)
    return arrays


def read_idx(path: Path, dimensions: int) -> np.ndarray:
    """The uint8 array in a gzipped IDX file. Raises UserError if it is damaged or has other dimensions."""
    try:
        content = gzip.decompress(path.read_bytes())
        zeros, kind, rank = struct.unpack_from(">HBB", content)
        shape = struct.unpack_from(f">{rank}I", content, 4)
        if (zeros, kind, rank) != (0, UNSIGNED_BYTE, dimensions):
            raise ValueError(f"type {kind} with {rank} dimensions, expected type 8 with {dimensions}")
        return np.frombuffer(content, dtype=np.uint8, offset=4 + 4 * rank).reshape(shape)
    except (OSError, EOFError, ValueError, zlib.error, struct.error) as error:
        raise UserError(f"{path}: not a whole gzipped IDX file ({error}).") from None


FAMILY = Family(
    datasets=("fashion_mnist",),
    decoders={"idx": decode_idx},
    fingerprint=image_fingerprint(white=255),
    splits=SPLITS,
)
