"""The kinds of criterion. To add one: write its class here and name it in `Criterion`.

Each kind is data from `claims.yaml` and judges a measurement table on its own; Holm's correction over a whole table
comes later (`verdicts`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from math import inf
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, NonNegativeFloat

from ctbench.judge.outcome import (
    DIFFERENCE,
    FACTOR,
    LEVEL,
    Outcome,
    Status,
    diverged,
    judge_every,
    judge_mean,
    not_run,
)
from ctbench.judge.selection import AmbiguousError, Column, Select, by_seed, curve, is_seeded, paired, words
from ctbench.judge.statistics import Region

Bound = FiniteFloat
PositiveBound = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[NonNegativeFloat, Field(allow_inf_nan=False)]
Rows = dict[str, pd.DataFrame]


class Base(BaseModel, ABC):
    """What all kinds share: a label, selections, and finding their rows."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    keeps_unit: ClassVar[bool] = True
    """Whether the estimate has the unit of the measurements."""

    label: str
    beside: bool = False
    """Judged and shown without a say in the verdict: a control, or a question that the paper does not ask."""

    @property
    @abstractmethod
    def rule(self) -> str:
        """The criterion as a person would write it."""

    @property
    @abstractmethod
    def region(self) -> Region:
        """Where the claim puts the estimate, on the reader's scale."""

    @abstractmethod
    def outcome(self, rows: Rows) -> Outcome:
        """Judges the rows of each selection; none is empty."""

    def selects(self) -> dict[str, Select]:
        """The selections by the name of their field."""
        return {name: value for name in type(self).model_fields if isinstance(value := getattr(self, name), Select)}

    def within(self, paper: str, experiment: str) -> Self:
        """The same criterion with the claim's paper and experiment filled in where a selection names none."""
        return self.model_copy(update={n: s.within(paper, experiment) for n, s in self.selects().items()})

    def judge(self, frame: pd.DataFrame) -> Outcome:
        """Judges a measurement table. Raises AmbiguousError if a selection leaves open which number is meant."""
        rows = {name: select.rows(frame) for name, select in self.selects().items()}
        if absent := [str(self.selects()[name]) for name, found in rows.items() if found.empty]:
            return not_run(f"no measurements of [{'] or ['.join(absent)}]")
        told = [found for name, found in rows.items() if name != "cases"]
        used = {name: _words(told, name) for name in ("unit", "scale", "run")}
        units = sorted(used["unit"] - {""})
        if len(units) > 1:
            raise AmbiguousError(f"its measurements have different units: {', '.join(units)}.")
        return replace(
            self.outcome(rows),
            unit=units[0] if units and self.keeps_unit else "",
            scales=used["scale"],
            runs=used["run"],
        )


class OfOne(Base):
    """A criterion on the mean of one quantity."""

    a: Select

    @property
    def rule(self) -> str:
        """The criterion as a person would write it."""
        return f"[{self.a}] {self.region}"

    def outcome(self, rows: Rows) -> Outcome:
        """Judges the values of `a`, one per seed."""
        values = by_seed(rows["a"], self.a)
        judge = partial(judge_mean, region=self.region, seeded=is_seeded(values), scale=LEVEL)
        return _over_finite(values.to_numpy(), judge)


class Above(OfOne):
    """The mean of `a` is above `bound`."""

    kind: Literal["above"] = "above"
    bound: Bound

    @property
    def region(self) -> Region:
        """Over `bound`."""
        return Region(low=self.bound)


class Below(OfOne):
    """The mean of `a` is below `bound`."""

    kind: Literal["below"] = "below"
    bound: Bound

    @property
    def region(self) -> Region:
        """Under `bound`."""
        return Region(high=self.bound)


class Equals(OfOne):
    """The mean of `a` is within `margin` of `value` (TOST)."""

    kind: Literal["equals"] = "equals"
    value: FiniteFloat
    margin: Tolerance

    @property
    def region(self) -> Region:
        """Around `value`."""
        return Region(self.value - self.margin, self.value + self.margin, closed=True)


class OfTwo(Base):
    """A criterion on `a` against `b`, paired by seed."""

    sign: ClassVar[str] = "-"
    b_diverged: ClassVar[Status] = "unresolved"
    """What follows if `b` alone diverged: nothing, where `b` is only what `a` is held against."""

    a: Select
    b: Select

    @property
    def rule(self) -> str:
        """The criterion as a person would write it."""
        a, b = self.a.named(), self.b.named()
        shared = {name: value for name, value in a.items() if b.get(name) == value}
        own_a, own_b = (words({k: v for k, v in side.items() if k not in shared}) for side in (a, b))
        where = f" at {words(shared)}" if shared else ""
        return f"[{own_a}] {self.sign} [{own_b}] {self.region}{where}"

    def outcome(self, rows: Rows) -> Outcome:
        """Judges the contrasts, one per seed that both sides have."""
        a, b = by_seed(rows["a"], self.a), by_seed(rows["b"], self.b)
        pairs = paired(a, b)
        if pairs.empty:
            return not_run("the two sides have no seed in common")
        finite = np.isfinite(pairs.to_numpy()).all(axis=1)
        whole = pairs.loc[finite]
        found = self.on_pairs(whole, is_seeded(pairs)) if len(whole) else Outcome("unresolved")
        if not finite.all():
            lost = {side: int((~np.isfinite(pairs[side].to_numpy())).sum()) for side in ("a", "b")}
            which = " and ".join(f"{k} of {len(pairs)} seeds of {side}" for side, k in lost.items() if k)
            found = diverged(found, f"{which} diverged", status="fail" if lost["a"] else self.b_diverged)
        alone = len(a.index.union(b.index).difference(pairs.index)) if is_seeded(a) == is_seeded(b) else 0
        return replace(found, notes=(*found.notes, f"{alone} seeds on one side only")) if alone else found

    def on_pairs(self, pairs: pd.DataFrame, seeded: bool) -> Outcome:
        """Judges the finite pairs by their differences; values that agree to twelve digits differ by zero."""
        a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
        differences = np.where(np.isclose(a, b, rtol=1e-12, atol=0), 0.0, a - b)
        return judge_mean(differences, self.region, seeded=seeded, scale=DIFFERENCE)


class Greater(OfTwo):
    """The mean of a - b exceeds `margin`."""

    kind: Literal["greater"] = "greater"
    margin: FiniteFloat = 0.0

    @property
    def region(self) -> Region:
        """Over `margin`."""
        return Region(low=self.margin)


class Equivalent(OfTwo):
    """The mean of a - b is within `margin` of zero (TOST)."""

    kind: Literal["equivalent"] = "equivalent"
    b_diverged: ClassVar[Status] = "fail"
    margin: Tolerance

    @property
    def region(self) -> Region:
        """Around zero."""
        return Region(-self.margin, self.margin, closed=True)


class OfRatio(OfTwo):
    """A criterion on the geometric mean of a / b."""

    sign: ClassVar[str] = "/"
    keeps_unit: ClassVar[bool] = False
    bound: PositiveBound

    def on_pairs(self, pairs: pd.DataFrame, seeded: bool) -> Outcome:
        """Judges the finite pairs by the logarithms of their ratios; without a verdict if one has none."""
        if bad := int((pairs.to_numpy() <= 0).any(axis=1).sum()):
            note = f"{bad} of {len(pairs)} pairs are not positive and have no log ratio"
            return Outcome("unresolved", n=len(pairs), p=1.0, notes=(note,))
        logs = np.log(pairs["a"].to_numpy()) - np.log(pairs["b"].to_numpy())
        return judge_mean(logs, self.region.log(), seeded=seeded, scale=FACTOR)


class RatioAbove(OfRatio):
    """The geometric mean of a / b is above `bound`."""

    kind: Literal["ratio_above"] = "ratio_above"

    @property
    def region(self) -> Region:
        """Over `bound`."""
        return Region(low=self.bound)


class RatioBelow(OfRatio):
    """The geometric mean of a / b is below `bound`."""

    kind: Literal["ratio_below"] = "ratio_below"

    @property
    def region(self) -> Region:
        """Under `bound`."""
        return Region(high=self.bound)


class Curve(Base):
    """A criterion on the values of `a` along the points of a column."""

    a: Select
    along: Column = "x"

    @abstractmethod
    def on_curve(self, table: pd.DataFrame) -> Outcome:
        """Judges one row per seed, one column per point (two at least)."""

    def outcome(self, rows: Rows) -> Outcome:
        """Judges the seeds that have every point."""
        table = curve(rows["a"], self.a, self.along)
        if table.empty or table.shape[1] < 2:
            return not_run(f"fewer than two points along {self.along} that a whole seed covers")
        found = self.on_curve(table)
        gaps = len(rows["a"]["seed"].unique()) - len(table)
        return replace(found, notes=(*found.notes, f"{gaps} seeds lack some points")) if gaps else found


class Monotone(Curve):
    """`a` rises (or falls) along a column: each step between neighbours goes that way by more than -`tolerance`."""

    kind: Literal["monotone"] = "monotone"
    direction: Literal["increasing", "decreasing"]
    tolerance: Tolerance = 0.0

    @property
    def rule(self) -> str:
        """The criterion as a person would write it."""
        return f"[{self.a}] {self.direction} along {self.along}, tolerance {self.tolerance:g}"

    @property
    def region(self) -> Region:
        """Over -`tolerance`, for a step that way."""
        return Region(low=-self.tolerance, closed=True)

    def on_curve(self, table: pd.DataFrame) -> Outcome:
        """Judges the steps between neighbouring points, paired by seed."""
        steps = np.diff(table.to_numpy()) * (1 if self.direction == "increasing" else -1)
        return _over_finite(steps, partial(judge_every, region=self.region, seeded=is_seeded(table), scale=DIFFERENCE))


class Slope(Curve):
    """The least-squares slope of log(a) against log(x), one per seed, is within `tolerance` of `value` (TOST)."""

    kind: Literal["slope"] = "slope"
    keeps_unit: ClassVar[bool] = False
    value: FiniteFloat
    tolerance: Tolerance

    @property
    def rule(self) -> str:
        """The criterion as a person would write it."""
        return f"slope of log [{self.a}] against log {self.along} = {self.value:g} ± {self.tolerance:g} (TOST)"

    @property
    def region(self) -> Region:
        """Around `value`."""
        return Region(self.value - self.tolerance, self.value + self.tolerance, closed=True)

    def on_curve(self, table: pd.DataFrame) -> Outcome:
        """Judges the slopes."""
        points = table.columns.to_numpy(dtype=float)
        return _over_finite(table.to_numpy(), partial(self._on_slopes, points, is_seeded(table)))

    def _on_slopes(self, points: NDArray[np.float64], seeded: bool, values: NDArray[np.float64]) -> Outcome:
        if (values <= 0).any() or (points <= 0).any():
            return Outcome("unresolved", n=len(values), p=1.0, notes=("not all values and points are positive",))
        slopes = np.polyfit(np.log(points), np.log(values).T, 1)[0]
        return judge_mean(slopes, self.region, seeded=seeded, scale=LEVEL)


class Exact(Base):
    """Every value of `a`, however many, is within `tolerance` of `value`; no statistics.

    `cases` are counts: how many cases stand behind the values of `a`, where a value speaks for many.
    """

    kind: Literal["exact"] = "exact"
    a: Select
    value: FiniteFloat
    tolerance: Tolerance = 0.0
    cases: Select | None = None

    @property
    def rule(self) -> str:
        """The criterion as a person would write it."""
        return f"every [{self.a}] = {self.value:g}" + (f" ± {self.tolerance:g}" if self.tolerance else "")

    @property
    def region(self) -> Region:
        """Around `value`."""
        return Region(self.value - self.tolerance, self.value + self.tolerance, closed=True)

    def outcome(self, rows: Rows) -> Outcome:
        """Judges case by case; the estimate is the value farthest off."""
        values = rows["a"]["value"].to_numpy(dtype=float)
        finite = np.isfinite(values)
        distance = np.where(finite, np.abs(values - self.value), inf)
        outside = int((distance > self.tolerance).sum())
        lost = (f"{int((~finite).sum())} diverged",) if not finite.all() else ()
        farthest = values[finite][np.argmax(distance[finite])] if finite.any() else np.nan
        count = _agreement(len(values), outside, "value" if self.cases else "case") + _span(
            rows["a"]["x"].to_numpy(dtype=float)
        )
        n = int(rows["cases"]["value"].to_numpy(dtype=float).sum()) if self.cases else len(values)
        if self.cases:
            count += f", {n} cases checked"
        return Outcome(
            "fail" if outside else "pass",
            estimate=float(farthest),
            n=n,
            about=f"{count}, farthest" if n > 1 else "",
            notes=lost,
        )


Criterion = Annotated[
    Greater | Equivalent | Equals | Above | Below | RatioAbove | RatioBelow | Monotone | Exact | Slope,
    Field(discriminator="kind"),
]


def _words(tables: Iterable[pd.DataFrame], column: str) -> frozenset[str]:
    return frozenset(word for table in tables for word in table[column].unique() if not pd.isna(word))


def _over_finite(values: NDArray[np.float64], judge: Callable[[NDArray[np.float64]], Outcome]) -> Outcome:
    finite = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
    found = judge(values[finite]) if finite.any() else Outcome("unresolved")
    lost = len(values) - int(finite.sum())
    return diverged(found, f"{lost} of {len(values)} seeds diverged") if lost else found


def _agreement(n: int, outside: int, what: str) -> str:
    if outside:
        return f"{outside} of {n} {what}s differ"
    return f"all {n} {what}s agree" if n > 1 else f"the one {what} agrees"


def _span(points: NDArray[np.float64]) -> str:
    """Over which abscissae the values go, where there are several."""
    found = np.unique(points[np.isfinite(points)])
    return f", x from {found[0]:g} to {found[-1]:g}" if len(found) > 1 else ""
