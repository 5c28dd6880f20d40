"""Intervals, tests and corrections; scipy and statsmodels do the arithmetic.

Every function takes one finite number per seed, in the unit of the measurement, and answers in that unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isclose, isfinite, log, nan
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

ALPHA = 0.05
POWER = 0.8
MIN_SEEDS = 6
"""Five paired seeds can never reach p < 0.05 exactly: 2 / 2**5 = 0.0625 (sign-flip test)."""

Alternative = Literal["larger", "two-sided"]


class Estimate(NamedTuple):
    """A mean with its confidence interval; the interval is NaN where one value gives none."""

    mean: float
    low: float
    high: float


def t_interval(values: ArrayLike, level: float = 1 - ALPHA) -> Estimate:
    """Mean and two-sided Student t interval (Student 1908): m ± t(n-1) s / sqrt(n).

    A single value has no interval (NaN); equal values have the interval [m, m]. Raises ValueError on no values.
    """
    x = _finite(values)
    mean = float(x.mean())
    if len(x) == 1:
        return Estimate(mean, nan, nan)
    if is_constant(x):
        return Estimate(float(x[0]), float(x[0]), float(x[0]))
    low, high = stats.t.interval(level, len(x) - 1, loc=mean, scale=stats.sem(x))
    return Estimate(mean, float(low), float(high))


def p_above(values: ArrayLike, bound: float) -> float:
    """One-sided p of the t-test whose null hypothesis is "the mean is at most `bound`"; needs two different values."""
    return _p(_finite(values), bound, "greater")


def p_below(values: ArrayLike, bound: float) -> float:
    """One-sided p of the t-test whose null hypothesis is "the mean is at least `bound`"; needs two different values."""
    return _p(_finite(values), bound, "less")


@dataclass(frozen=True)
class Region:
    """What a claim says of a mean: that it lies between `low` and `high`; `closed` counts the ends as inside."""

    low: float = -inf
    high: float = inf
    closed: bool = False

    def __str__(self) -> str:
        if isfinite(self.low) and isfinite(self.high):
            return f"= {(self.low + self.high) / 2:g} ± {(self.high - self.low) / 2:g} (TOST)"
        return f"> {self.low:g}" if isfinite(self.low) else f"< {self.high:g}"

    def log(self) -> Region:
        """The same region for the logarithm; the ends must be positive where they are finite."""
        return Region(log(self.low) if isfinite(self.low) else -inf, log(self.high) if isfinite(self.high) else inf)

    def holds(self, value: float) -> bool:
        """Whether one value, taken as exact, lies inside."""
        on_edge = isclose(value, self.low, rel_tol=1e-9) or isclose(value, self.high, rel_tol=1e-9)
        return self.closed if on_edge else self.low < value < self.high

    def excluded_by(self, low: float, high: float) -> bool:
        """Whether the interval [low, high] lies wholly outside."""
        return high < self.low or low > self.high

    def p(self, values: ArrayLike) -> float:
        """p of the null hypothesis "the mean lies outside", the larger of the one-sided p-values at the finite ends.

        With two finite ends this is TOST (Schuirmann 1987), with one an ordinary one-sided t-test. Equal values are
        taken as exact: 0 inside, 1 outside.
        """
        x = _finite(values)
        if is_constant(x):
            return 0.0 if self.holds(float(x[0])) else 1.0
        above = p_above(x, self.low) if isfinite(self.low) else 0.0
        below = p_below(x, self.high) if isfinite(self.high) else 0.0
        return max(above, below)


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """p-values adjusted so that the family-wise error stays below alpha (Holm 1979)."""
    if not len(p_values):
        return np.empty(0)
    return np.asarray(multipletests(p_values, alpha=ALPHA, method="holm")[1], dtype=float)


def smallest_detectable(values: ArrayLike, alternative: Alternative = "larger") -> float:
    """The true mean that a t-test (alpha 0.05, unadjusted) on as many values of this spread finds with 80 % power.

    Cohen (1988), with the noncentral t; NaN for fewer than three values, whose spread says too little.
    """
    x = _finite(values)
    return float(_detectable_in_spreads(len(x), alternative) * x.std(ddof=1)) if len(x) > 2 else nan


@lru_cache
def _detectable_in_spreads(n: int, alternative: Alternative) -> float:
    return float(
        np.squeeze(
            TTestPower().solve_power(effect_size=None, nobs=n, alpha=ALPHA, power=POWER, alternative=alternative)
        )
    )


def best_set(values: pd.DataFrame, *, larger: bool = True) -> tuple[str, ...]:
    """The models that cannot be told from the best: one column per model, one row per seed.

    The best is the model of the best mean. Another leaves the set if its paired difference to the best has a two-sided
    Holm-adjusted p < 0.05; below six seeds none leaves. A model with a diverged (NaN) seed is out as long as some
    model has none. Raises ValueError on a frame without rows or columns.
    """
    if values.empty:
        raise ValueError("best_set needs at least one model and one seed")
    sound = values.loc[:, np.isfinite(values.to_numpy(dtype=float)).all(axis=0)]
    if sound.empty:
        return tuple(map(str, values.columns))
    signed = sound if larger else -sound
    best = signed.mean().idxmax()
    if len(signed) < MIN_SEEDS:
        return tuple(map(str, sound.columns))
    others = [model for model in signed.columns if model != best]
    adjusted = holm([_p_differs((signed[best] - signed[model]).to_numpy(dtype=float)) for model in others])
    gone = {model for model, p in zip(others, adjusted, strict=True) if p < ALPHA}
    return tuple(str(model) for model in signed.columns if model not in gone)


def is_constant(values: NDArray[np.float64]) -> bool:
    """Whether all values are the same number, up to rounding in the twelfth digit."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _p_differs(differences: NDArray[np.float64]) -> float:
    if is_constant(differences):
        return float(differences[0] == 0)
    return _p(differences, 0.0, "two-sided")


def _p(values: NDArray[np.float64], mean: float, alternative: str) -> float:
    return float(np.asarray(stats.ttest_1samp(values, mean, alternative=alternative))[1])


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"expected a non-empty row of finite numbers, found {x!r}")
    return x
