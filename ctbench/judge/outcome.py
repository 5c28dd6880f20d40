"""What a criterion finds, and the one rule by which statistics become a status.

pass: the mean lies in the claimed region at Holm-adjusted p < 0.05. fail: the 95 % interval lies wholly outside it.
unresolved: neither, or fewer than six seeds. not run: no measurements. Deterministic results are compared directly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import exp, isfinite, nan
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ctbench.judge.numbers import interval, signed
from ctbench.judge.statistics import (
    ALPHA,
    MIN_SEEDS,
    Estimate,
    Region,
    bootstrap_interval,
    is_constant,
    smallest_detectable,
    t_interval,
)

Status = Literal["pass", "fail", "unresolved", "not run"]


@dataclass(frozen=True)
class Scale:
    """`back` leads from the scale of the test to that of the reader, who sees the sign of a `signed` number."""

    effect: str = "difference"
    signed: bool = False
    back: Callable[[float], float] = float

    def undo(self, estimate: Estimate) -> Estimate:
        """The estimate on the reader's scale."""
        return Estimate(*(self.back(v) if isfinite(v) else nan for v in estimate))


DETERMINISTIC = "deterministic, no interval"
SAME = "the same for every seed"
CROSSES = "the bootstrap's interval crosses the bound"

LEVEL = Scale()
DIFFERENCE = Scale(signed=True)
FACTOR = Scale(effect="factor", back=exp)
MANY = 200
"""Seeds beyond which their number is not told: an effect that small is none that matters."""
NO_UNIT = ("", "1", "relative", "ratio", "count")


@dataclass(frozen=True)
class Outcome:
    """The finding of one criterion.

    `estimate`, `ci_low` and `ci_high` (95 %, by t), `boot_low` and `boot_high` (by the bootstrap) are in
    the unit of the measurement, or a ratio or slope; NaN where there is none. `n` counts paired seeds (cases, for
    `exact`). `p` is one-sided and unadjusted, `p_holm` adjusted; None where nothing was tested. `detectable` is the
    distance from the claim's bound that would have been found with 80 % power (a factor, for a ratio), `needed` the
    seeds that would settle it (`Region.seeds`); both before Holm's correction. `about` says which number the estimate
    is, where it is not a plain mean.
    """

    status: Status
    estimate: float = nan
    ci_low: float = nan
    ci_high: float = nan
    boot_low: float = nan
    boot_high: float = nan
    n: int = 0
    p: float | None = None
    p_holm: float | None = None
    detectable: float = nan
    needed: float = nan
    effect: str = "difference"
    signed: bool = False
    about: str = ""
    notes: tuple[str, ...] = ()
    unit: str = ""
    scales: frozenset[str] = frozenset()
    runs: frozenset[str] = frozenset()

    def adjusted(self, p: float) -> Outcome:
        """The outcome given its Holm-adjusted p: a pass that does not survive becomes unresolved."""
        status = "unresolved" if self.status == "pass" and p >= ALPHA else self.status
        return replace(self, status=status, p_holm=p)

    @property
    def detail(self) -> str:
        """One phrase, such as `+1.22 [0.28, 2.16] %` or `82.22 [81.83, 82.61] %; about 14 seeds would tell`."""
        notes = (note for note in self.notes if note not in (DETERMINISTIC, SAME))
        return "; ".join(part for part in (self.shown, *notes, self.hint) if part)

    @property
    def shown(self) -> str:
        """The estimate, its interval and unit, and which number it is; empty without an estimate."""
        if not isfinite(self.estimate):
            return self.about
        number = interval(self.estimate, self.ci_low, self.ci_high)
        unit = "" if self.unit in NO_UNIT else self.unit
        return " ".join(part for part in (self.about, signed(number) if self.signed else number, unit) if part)

    @property
    def hint(self) -> str:
        """Why an outcome is unresolved: the correction, too few seeds, or an effect too small for as many."""
        if self.status != "unresolved":
            return ""
        needed = f"about {float(f'{self.needed:.2g}'):.0f}" if self.needed <= MANY else f"more than {MANY}"
        seeds = f"{needed} seeds would tell" if self.needed > self.n else ""
        if self.p is not None and self.p_holm is not None and self.p < ALPHA <= self.p_holm:
            corrected = f"p = {self.p:.2g}, {self.p_holm:.2g} after Holm's correction"
            return f"{corrected}; {seeds}" if seeds else corrected
        detectable = f"smallest detectable {self.effect} {self.detectable:.2g}" if isfinite(self.detectable) else ""
        return seeds or detectable


def not_run(why: str) -> Outcome:
    """The outcome of a criterion without the measurements that it needs."""
    return Outcome("not run", notes=(why,))


def judge_mean(values: NDArray[np.float64], region: Region, *, seeded: bool, scale: Scale) -> Outcome:
    """Whether the mean of `values`, one finite number per seed, lies in `region`.

    `values` and `region` are on the scale of the test (logarithms for a ratio); the outcome is on the reader's.
    """
    n, inner = len(values), t_interval(values)
    mean, low, high = scale.undo(inner)
    found = Outcome("unresolved", mean, low, high, n=n, effect=scale.effect, signed=scale.signed)
    if not seeded:
        return _direct(found, region.holds(inner.mean), DETERMINISTIC)
    if is_constant(values) and n >= MIN_SEEDS:
        return _direct(found, region.holds(inner.mean), SAME)
    found = replace(found, needed=region.seeds(values))
    if n < MIN_SEEDS:
        return _too_few(found)
    p = region.p(values)
    excluded = region.excluded_by(inner.low, inner.high)
    two_sided = isfinite(region.low) and isfinite(region.high)
    tested = replace(
        found,
        status="fail" if excluded else "pass" if p < ALPHA else "unresolved",
        p=p,
        detectable=scale.back(smallest_detectable(values, "two-sided" if two_sided else "larger")),
    )
    return _checked(tested, inner, bootstrap_interval(values), region, scale)


def judge_every(columns: NDArray[np.float64], region: Region, *, seeded: bool, scale: Scale) -> Outcome:
    """Whether the mean of EVERY column (seeds x quantities) lies in `region`, unbounded above.

    pass: the largest p (intersection-union test, Berger 1982). fail: one interval outside; the intervals are
    simultaneous (Bonferroni), so that many columns make no false alarm. The outcome shows the smallest mean.
    """
    n, k = columns.shape
    estimates = [t_interval(column, 1 - ALPHA / k) for column in columns.T]
    worst = int(np.argmin([e.mean for e in estimates]))
    which, kind = f"smallest of {k} step{'s' * (k > 1)}", ("simultaneous interval",) if k > 1 and n > 1 else ()
    found = Outcome(
        "unresolved",
        *estimates[worst],
        n=n,
        effect=scale.effect,
        signed=scale.signed,
        about=which,
        notes=kind,
    )
    if not seeded:
        return _direct(found, all(region.holds(e.mean) for e in estimates), DETERMINISTIC)
    found = replace(found, needed=region.seeds(columns[:, worst]))
    if n < MIN_SEEDS:
        return _too_few(found)
    p = max(region.p(column) for column in columns.T)
    excluded = any(region.excluded_by(e.low, e.high) for e in estimates)
    tested = replace(
        found,
        status="fail" if excluded else "pass" if p < ALPHA else "unresolved",
        p=p,
        detectable=scale.back(smallest_detectable(columns[:, worst])),
    )
    boot = bootstrap_interval(columns[:, worst], 1 - ALPHA / k)
    return _checked(tested, estimates[worst], boot, region, scale)


def diverged(found: Outcome, note: str, *, status: Status = "fail") -> Outcome:
    """An outcome over the finite values, overruled because others diverged; it stays in the Holm family with p = 1."""
    rest = ("numbers over the finite seeds",) if found.n else ()
    return replace(found, status=status, p=1.0, notes=(note, *rest), detectable=nan, needed=nan)


def _direct(found: Outcome, holds: bool, note: str) -> Outcome:
    return replace(found, status="pass" if holds else "fail", notes=(*found.notes, note))


def _checked(found: Outcome, inner: Estimate, boot: Estimate, region: Region, scale: Scale) -> Outcome:
    """The outcome with its bootstrap interval, and a note where that crosses a bound that the t interval does not."""
    ends = (region.low, region.high)
    crosses = any(boot.low < end < boot.high and not inner.low < end < inner.high for end in ends)
    shown = scale.undo(boot)
    notes = (*found.notes, CROSSES) if crosses else found.notes
    return replace(found, boot_low=shown.low, boot_high=shown.high, notes=notes)


def _too_few(found: Outcome) -> Outcome:
    return replace(found, status="unresolved", notes=(*found.notes, f"n = {found.n} < {MIN_SEEDS}: no verdict"))
