"""Random numbers by named axis: the same seed gives every model the same splits, batch order and so on."""

from __future__ import annotations

import hashlib
from typing import Literal

import numpy as np

Axis = Literal["data split", "init", "batch order", "dropout", "noise"]


def entropy(axis: Axis, seed: int, *path: int | str) -> int:
    """63 bits that depend on the axis, the seed and where along the axis (an epoch, a layer), on nothing else."""
    text = "|".join([axis, str(seed), *map(str, path)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(axis: Axis, seed: int, *path: int | str) -> np.random.Generator:
    """A numpy generator for one place on one axis."""
    return np.random.default_rng(entropy(axis, seed, *path))
