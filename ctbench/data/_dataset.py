"""The canonical form of a data set: named arrays, and one hash over their bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

Arrays = Mapping[str, np.ndarray]
Fingerprint = Mapping[str, int | float | str]
Split = dict[str, np.ndarray]


def canonical(array: np.ndarray) -> np.ndarray:
    """The same values, little-endian and in C order (a copy only if they are not so already)."""
    array = np.asarray(array)
    return np.asarray(array, dtype=np.dtype(array.dtype.newbyteorder("<").str), order="C")


def canonical_sha256(arrays: Arrays) -> str:
    """SHA-256 over the arrays in alphabetical order of their names.

    Each array contributes the line `name dtype shape`, with dtype as in `<i4` or `|u1` (little-endian) and shape as in
    `2708,1433` (empty for a scalar), then a line feed, then its bytes in C order. Raises TypeError on objects.
    """
    digest = hashlib.sha256()
    for name in sorted(arrays):
        array = canonical(arrays[name])
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects, which have no canonical bytes")
        shape = ",".join(map(str, array.shape))
        digest.update(f"{name} {array.dtype.str} {shape}\n".encode())
        digest.update(array.reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def short_sha256(*arrays: np.ndarray) -> str:
    """The first 12 hexadecimal digits of the canonical hash of the arrays in the order given."""
    return canonical_sha256({f"{i:03d}": array for i, array in enumerate(arrays)})[:12]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A data set in memory, whose arrays and fingerprint cannot be written to. Its family's module names the arrays.

    `sha256` is `canonical_sha256(arrays)`; `fingerprint` holds the counts, means and split hash printed under tables.
    """

    name: str
    arrays: Arrays
    sha256: str
    fingerprint: Fingerprint

    def __post_init__(self) -> None:
        for array in self.arrays.values():
            array.setflags(write=False)
        object.__setattr__(self, "arrays", MappingProxyType(dict(self.arrays)))
        object.__setattr__(self, "fingerprint", MappingProxyType(dict(self.fingerprint)))


@dataclass(frozen=True)
class Family:
    """Data sets that share formats: what a module of `ctbench.data` holds in its variable `FAMILY`.

    `decoders` maps a layout (as the manifest's sources name it) to a function of the data set's name and the folder
    with the raw files, which returns the canonical arrays. `splits` maps a split's name to a function of the data set
    and a random generator (or None), which returns index arrays, int64.
    """

    datasets: tuple[str, ...]
    decoders: Mapping[str, Callable[[str, Path], dict[str, np.ndarray]]]
    fingerprint: Callable[[Arrays], Fingerprint]
    splits: Mapping[str, Callable[[Dataset, np.random.Generator | None], Split]] = field(default_factory=dict)
