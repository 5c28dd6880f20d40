"""What a family of data sets must keep."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np

from ctbench.contract import Rule, expect
from ctbench.data import Dataset, Family, canonical_sha256

FACTS = 5
"""Entries of a fingerprint, at least."""


def rules(raw: Path | None) -> tuple[Rule, ...]:
    """Those of the code, and of the arrays that it makes of the raw files in `raw` if there are any."""
    return (*CODE, *(_of_arrays(raw) if raw else ()))


def decoded(family: Family, raw: Path) -> dict[str, Dataset]:
    """Every data set of the family from its raw files."""
    decode = next(iter(family.decoders.values()))
    made = {name: decode(name, raw) for name in family.datasets}
    return {
        name: Dataset(name, arrays, canonical_sha256(arrays), family.fingerprint(arrays))
        for name, arrays in made.items()
    }


def manifest_entry(dataset: Dataset) -> str:
    """What `manifest.toml` must say of it, without its title, licence and sources."""
    facts = "\n".join(f"{key} = {_toml(value)}" for key, value in dataset.fingerprint.items())
    return f'[{dataset.name}]\nsha256 = "{dataset.sha256}"\n\n[{dataset.name}.fingerprint]\n{facts}\n'


def _toml(value: float | str) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _family(family: object) -> None:
    expect(isinstance(family, Family), f"FAMILY: found {type(family).__name__}, expected a Family")


def _named(family: Family) -> None:
    expect(family.datasets and family.decoders, "FAMILY: names no data set, or has no decoder")


def _splits(family: Family) -> None:
    expect(family.splits, "splits: there are none, expected at least one")
    silent = [name for name, split in family.splits.items() if not split.__doc__]
    expect(not silent, f"splits: {', '.join(silent)} without a docstring that says what it is")


def _of_arrays(raw: Path) -> tuple[Rule, ...]:
    def repeated(family: Family) -> None:
        first, second = decoded(family, raw), decoded(family, raw)
        different = [name for name in first if first[name].sha256 != second[name].sha256]
        expect(not different, f"{', '.join(different)}: decoding twice gives other bytes")

    def described(family: Family) -> None:
        for name, dataset in decoded(family, raw).items():
            found = dataset.fingerprint
            expect(len(found) >= FACTS, f"{name}: a fingerprint of {len(found)} entries, expected at least {FACTS}")
            wrong = [key for key, value in found.items() if not isinstance(value, int | float | str)]
            expect(not wrong, f"{name}: fingerprint: {', '.join(wrong)} is neither a number nor a text")

    def parted(family: Family) -> None:
        for name, dataset in decoded(family, raw).items():
            for split, make in family.splits.items():
                _disjoint(f"{name}, split {split}", make(dataset, np.random.default_rng(0)))

    return (
        Rule("its raw files give the same bytes each time", repeated),
        Rule("its fingerprint tells what is in it", described),
        Rule("its splits are indices that do not overlap", parted),
    )


def _disjoint(where: str, split: dict[str, np.ndarray]) -> None:
    expect(set(split) == {"train", "validation", "test"}, f"{where}: found {sorted(split)}, expected its three parts")
    for part, index in split.items():
        right = index.dtype == np.int64 and index.size and index.min() >= 0
        expect(
            right, f"{where}: {part}: found {index.dtype} of {index.size}, expected positions as int64, at least one"
        )
    for a, b in combinations(split, 2):
        both = np.intersect1d(split[a], split[b])
        expect(not both.size, f"{where}: {len(both)} in {a} and in {b}")


CODE = (
    Rule("it is a Family", _family),
    Rule("it names its data sets and how they are decoded", _named),
    Rule("its splits are documented", _splits),
)
