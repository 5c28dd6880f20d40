"""From raw files to the verified file under `root`, and back into memory."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ctbench.data._dataset import Dataset, Family, canonical, canonical_sha256
from ctbench.data._files import UnreadableError, exclusive, one_line, read_arrays, write_arrays
from ctbench.data._manifest import Entry
from ctbench.data._packages import UnavailableError
from ctbench.data._sources import KINDS, Log, Source
from ctbench.spec.errors import UserError, unknown


@dataclass(frozen=True)
class Recipe:
    """All that is needed to prepare one data set."""

    name: str
    family: Family
    entry: Entry

    def path(self, root: Path) -> Path:
        """Where the prepared data set is kept."""
        return root / f"{self.name}.npz"


class NotPreparedError(UserError):
    """The data set is not there."""


class CorruptError(UserError):
    """The prepared file is damaged. `found` is its canonical hash, or why it has none."""

    def __init__(self, path: Path, name: str, expected: str, found: str) -> None:
        super().__init__(
            f"{path}: corrupt. Expected sha256 {expected} over its arrays, found {found}. "
            f"`ctbench data prepare {name}` builds it anew."
        )
        self.expected, self.found = expected, found


def load(recipe: Recipe, root: Path) -> Dataset:
    """What is prepared, verified. Raises NotPreparedError or CorruptError."""
    path = recipe.path(root)
    expected = recipe.entry.sha256
    try:
        arrays = read_arrays(path)
    except FileNotFoundError:
        raise NotPreparedError(
            f"{path}: the data set {recipe.name!r} is not there. `ctbench data prepare {recipe.name}` brings it."
        ) from None
    except UnreadableError as error:
        raise CorruptError(path, recipe.name, expected, f"no readable arrays ({error})") from None
    found = canonical_sha256(arrays)
    if expected and found != expected:
        raise CorruptError(path, recipe.name, expected, found)
    return Dataset(recipe.name, arrays, found, recipe.entry.fingerprint)


def prepare(recipe: Recipe, root: Path, kinds: Sequence[str] | None, log: Log) -> Dataset:
    """What is prepared, or else built from the first source that can be had. Raises UserError."""
    candidates = _candidates(recipe, kinds)
    found = _prepared(recipe, root)
    if isinstance(found, Dataset):
        log(f"{recipe.name}: already prepared, verified ({recipe.path(root)})")
        return found
    with exclusive(root, recipe.name):
        found = _prepared(recipe, root)
        if isinstance(found, Dataset):
            log(f"{recipe.name}: prepared meanwhile by another process, verified ({recipe.path(root)})")
            return found
        if found:
            log(f"{recipe.name}: {found}")
        return _build(recipe, root, candidates, log)


def _prepared(recipe: Recipe, root: Path) -> Dataset | str:
    try:
        return load(recipe, root)
    except NotPreparedError:
        return ""
    except CorruptError as error:
        return f"the prepared file is corrupt (found {error.found}) and is built anew"


def _candidates(recipe: Recipe, kinds: Sequence[str] | None) -> tuple[Source, ...]:
    for kind in kinds or ():
        if kind not in KINDS:
            raise unknown("kind of source", kind, KINDS)
    chosen = tuple(source for source in recipe.entry.sources if kinds is None or source.kind in kinds)
    if not chosen:
        had = ", ".join(dict.fromkeys(source.kind for source in recipe.entry.sources))
        raise UserError(f"The data set {recipe.name!r} has no source of kind {' or '.join(kinds or ())}; it has {had}.")
    return chosen


def _build(recipe: Recipe, root: Path, candidates: Sequence[Source], log: Log) -> Dataset:
    reasons: list[str] = []
    for source in candidates:
        with tempfile.TemporaryDirectory(prefix=f"ctbench-{recipe.name}-") as folder:
            try:
                raw = source.fetch(Path(folder), log)
            except UnavailableError as reason:
                log(f"{recipe.name}: not from {source.kind} ({reason})")
                what = f"{source.kind}, {source.describe()}" if source.kind == "package" else source.kind
                reasons.append(f"{what}: {reason}.")
                continue
            arrays = _decode(recipe, source, raw)
        sha256 = _verified(recipe, source, arrays)
        write_arrays(recipe.path(root), arrays)
        log(f"{recipe.name}: prepared from {source.kind} ({source.describe()}), sha256 {sha256}")
        return Dataset(recipe.name, arrays, sha256, recipe.entry.fingerprint)
    raise UserError(f"The data set {recipe.name!r} could not be had from any source. " + " ".join(reasons))


def _decode(recipe: Recipe, source: Source, raw: Path) -> dict[str, np.ndarray]:
    try:
        arrays = recipe.family.decoders[source.layout](recipe.name, raw)
    except UserError:
        raise
    except Exception as error:  # files from outside can fail a decoder in any way
        raise UserError(
            f"{raw}: the files of {recipe.name!r} from {source.kind} ({source.describe()}) cannot be read as "
            f"{source.layout!r} ({type(error).__name__}: {one_line(error)})."
        ) from error
    return {name: canonical(array) for name, array in arrays.items()}


def _verified(recipe: Recipe, source: Source, arrays: dict[str, np.ndarray]) -> str:
    expected, found = recipe.entry.sha256, canonical_sha256(arrays)
    if found == expected:
        return found
    wanted, got = recipe.entry.fingerprint, recipe.family.fingerprint(arrays)
    differing = [
        f"{key} {got.get(key)} instead of {wanted.get(key)}" for key in wanted if got.get(key) != wanted.get(key)
    ]
    if not expected and not differing:
        return found
    raise UserError(
        f"The data set {recipe.name!r} from {source.kind} ({source.describe()}) is not the one the papers used: "
        f"expected sha256 {expected or 'not known'} over its arrays, found {found}. "
        + (f"It has {', '.join(differing)}." if differing else "Its counts and means are as expected.")
        + " Nothing was kept."
    )
