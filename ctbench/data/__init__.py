"""Data sets in one canonical form, whatever their source.

A data set lives in the module of its family and in `manifest.toml` (licence, sources, canonical hash, fingerprint).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from ctbench.data import _prepare
from ctbench.data._dataset import Dataset, Family, canonical_sha256
from ctbench.data._manifest import Entry, manifest
from ctbench.data._prepare import CorruptError, NotPreparedError, Recipe
from ctbench.spec.errors import unknown
from ctbench.spec.registry import Registry

__all__ = [
    "DATASETS",
    "FAMILIES",
    "Dataset",
    "Entry",
    "Family",
    "Recipe",
    "canonical_sha256",
    "load",
    "names",
    "prepare",
    "sources",
    "split",
    "verify",
]

FAMILIES: Registry[Family] = Registry("ctbench.data", "data set family", "FAMILY")


class _Datasets(Mapping[str, Recipe]):
    """Recipe by data set's name. Raises UserError (with the nearest names) if there is no such data set."""

    @cached_property
    def _families(self) -> dict[str, Family]:
        found = {name: FAMILIES[family] for family in FAMILIES for name in FAMILIES[family].datasets}
        return dict(sorted(found.items()))

    def __getitem__(self, name: str) -> Recipe:
        if name not in self._families:
            raise unknown("data set", name, self._families)
        return Recipe(name, self._families[name], manifest()[name])

    def __contains__(self, name: object) -> bool:
        return name in self._families

    def __iter__(self) -> Iterator[str]:
        return iter(self._families)

    def __len__(self) -> int:
        return len(self._families)


DATASETS: Mapping[str, Recipe] = _Datasets()


def names() -> tuple[str, ...]:
    """Every data set's name, in alphabetical order."""
    return tuple(DATASETS)


def prepare(
    name: str, root: Path, *, sources: Sequence[str] | None = None, log: Callable[[str], object] = print
) -> Dataset:
    """Brings a data set into its canonical form `root/NAME.npz` from the first source that can be had; verifies it.

    `sources` restricts to some of the kinds `mirror`, `url`, `package`. What is there and right is left as it is; what
    is there and corrupt is built anew. `log` is told each step. Several processes may prepare one data set at once.
    Raises UserError if there is no such data set, if no source can be had (naming each, and why), or if the canonical
    hash is not the manifest's (nothing is kept then, and no further source is tried).
    """
    return _prepare.prepare(DATASETS[name], Path(root), sources, log)


def load(name: str, root: Path) -> Dataset:
    """A data set prepared before, verified against the manifest; reads nothing but `root`.

    Raises UserError if it is not there, or is corrupt (naming the file, the hash expected and the one found).
    """
    return _prepare.load(DATASETS[name], Path(root))


def verify(root: Path) -> list[tuple[str, str]]:
    """For every data set its name and `ok`, `not prepared` or `corrupt: ...`."""
    return [(name, _state(name, Path(root))) for name in names()]


def _state(name: str, root: Path) -> str:
    try:
        load(name, root)
    except NotPreparedError:
        return "not prepared"
    except CorruptError as error:
        return f"corrupt: expected sha256 {error.expected}, found {error.found}"
    return "ok"


def sources(name: str) -> list[tuple[str, str]]:
    """Kind and description of each source of a data set, in the order in which they are tried."""
    return [(source.kind, source.describe()) for source in DATASETS[name].entry.sources]


def split(dataset: Dataset, name: str, rng: np.random.Generator | None = None) -> dict[str, np.ndarray]:
    """Index arrays `train`, `validation`, `test`, int64, of a named split.

    Graphs have `planetoid`, `random` and, Cora alone, `old_dgl`; images `standard` and `holdout`. The random ones
    (`random`, `holdout`) draw from `rng` and nothing else. Raises UserError if the data set has no such split,
    ValueError if a random one is given no generator.
    """
    splits = DATASETS[dataset.name].family.splits
    if name not in splits:
        raise unknown("split", name, splits, where=f"data set {dataset.name!r}")
    return splits[name](dataset, rng)
