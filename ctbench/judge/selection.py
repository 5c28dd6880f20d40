"""Which measurements a criterion reads, and how they are paired."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat

Column = Literal["x", "steps"]

UNSEEDED = -1
"""Stands in an index for the empty seed of a deterministic result."""

_NAMES = ("paper", "experiment", "dataset", "model", "solver", "metric")


class AmbiguousError(ValueError):
    """A selection that does not say which of several measurements it means."""


class Select(BaseModel):
    """Values that columns of the measurements must have; a column left out may have any value."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paper: str | None = None
    experiment: str | None = None
    dataset: str | None = None
    model: str | None = None
    solver: str | None = None
    steps: int | None = None
    metric: str | None = None
    x: FiniteFloat | None = None

    def within(self, paper: str, experiment: str) -> Select:
        """The same selection, with the claim's paper and experiment where it names none of its own."""
        return self.model_copy(
            update={"paper": self.paper or paper, "experiment": self.experiment or experiment or None}
        )

    def rows(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The measurements that match; `x` matches to nine digits."""
        match = np.ones(len(frame), dtype=bool)
        for name in (*_NAMES, "steps"):
            if (wanted := getattr(self, name)) is not None:
                match &= _equal(frame, name, wanted)
        if self.x is not None:
            match &= np.isclose(frame["x"].to_numpy(dtype=float), self.x, rtol=1e-9, atol=1e-12)
        return frame.loc[match]

    def __str__(self) -> str:
        return words(self.named())

    def named(self) -> dict[str, str]:
        """The columns that it sets, as text."""
        return {
            name: f"{value:g}" if isinstance(value, float) else str(value)
            for name, value in self.model_dump(exclude_none=True).items()
        }


def words(named: dict[str, str]) -> str:
    """`column=value` pairs as one phrase."""
    return ", ".join(f"{name}={value}" for name, value in named.items()) or "all measurements"


def by_seed(rows: pd.DataFrame, select: Select) -> pd.Series:
    """One value per seed. Raises AmbiguousError if a seed has several."""
    keyed = _keyed(rows, select)
    found = pd.Series(keyed["value"].to_numpy(dtype=float), index=keyed["seed"].to_numpy(dtype=int)).sort_index()
    if not found.index.is_unique:
        _refuse_repeats(keyed, ["seed"], select)
    return found


def curve(rows: pd.DataFrame, select: Select, along: Column) -> pd.DataFrame:
    """One row per seed that has every point, one column per point of `along`, in increasing order.

    Rows without an abscissa are left out. Raises AmbiguousError if a seed has several values at one point.
    """
    keyed = _keyed(rows.loc[rows[along].notna()], select)
    _refuse_repeats(keyed, ["seed", along], select)
    points = keyed[along].nunique()
    whole = keyed[keyed.groupby("seed")["value"].transform("size") == points]
    return whole.astype({along: float}).pivot(index="seed", columns=along, values="value").astype(float)


def paired(a: pd.Series, b: pd.Series) -> pd.DataFrame:
    """Columns `a` and `b` over the seeds that both have; a deterministic side is set against every seed of the other.

    Diverged (NaN) values stay.
    """
    if is_seeded(a) and not is_seeded(b):
        b = pd.Series(b.iloc[0], index=a.index)
    elif is_seeded(b) and not is_seeded(a):
        a = pd.Series(a.iloc[0], index=b.index)
    seeds = a.index.intersection(b.index).sort_values()
    return pd.DataFrame({"a": a.loc[seeds], "b": b.loc[seeds]}, index=seeds)


def is_seeded(values: pd.Series | pd.DataFrame) -> bool:
    """Whether the values come from seeds rather than from one deterministic result."""
    return UNSEEDED not in values.index


def _keyed(rows: pd.DataFrame, select: Select) -> pd.DataFrame:
    missing = rows["seed"].isna().to_numpy()
    if missing.any() and not missing.all():
        raise AmbiguousError(f"[{select}] has measurements with a seed and measurements without.")
    return rows.assign(seed=rows["seed"].fillna(UNSEEDED).astype(int))


def _equal(frame: pd.DataFrame, name: str, wanted: str | int) -> NDArray[np.bool_]:
    column = frame[name].array
    if isinstance(column, pd.Categorical):
        known = wanted in column.categories
        return column.codes == column.categories.get_loc(wanted) if known else np.zeros(len(frame), dtype=bool)
    return (frame[name] == wanted).fillna(False).to_numpy(dtype=bool)


def _refuse_repeats(rows: pd.DataFrame, key: list[str], select: Select) -> None:
    repeated = rows.loc[rows.duplicated(key, keep=False)]
    if repeated.empty:
        return
    _, first = next(iter(repeated.groupby(key)))
    others = first.drop(columns=[*key, "value"])
    differing = [str(name) for name, count in others.nunique(dropna=False).items() if count > 1]
    seed = int(first["seed"].to_numpy()[0])
    where = "without a seed" if seed == UNSEEDED else f"for seed {seed}"
    same = first["value"].nunique(dropna=False) == 1
    hint = f"They differ in: {', '.join(differing)}." if differing else "They differ in no column but the value."
    hint = "The row stands there more than once." if same and not differing else hint
    raise AmbiguousError(f"[{select}] gives {len(first)} measurements {where}, expected one. {hint}")
