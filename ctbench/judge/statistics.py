"""Intervals, tests, corrections and numbers of seeds; scipy and statsmodels do the arithmetic.

Every function takes one finite number per seed, in the unit of the measurement, and answers in that unit.
"""

from __future__ import annotations

import warnings
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import inf, isclose, isfinite, log, nan
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats
from statsmodels.stats.power import TTestPower

ALPHA = 0.05
POWER = 0.8
MIN_SEEDS = 6
"""Five paired seeds can never reach p < 0.05 exactly: 2 / 2**5 = 0.0625 (sign-flip test)."""

RESAMPLES = 2000
MOST_SEEDS = 100_000
"""More than this is not called a number of seeds that would do."""

FAR = 12.0
"""A shift, in standard errors, that is never missed; scipy's noncentral t is not to be trusted much beyond."""

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
    half = float(special.stdtrit(len(x) - 1, (1 + level) / 2)) * _standard_error(x)
    return Estimate(mean, mean - half, mean + half)


def bootstrap_interval(values: ArrayLike, level: float = 1 - ALPHA) -> Estimate:
    """Mean and BCa bootstrap interval (Efron 1987) from 2,000 resamples of a fixed seed.

    A single value has no interval, equal values have a point, as in `t_interval`; NaN where BCa is not defined. It is
    narrower than the t interval where values are few and follows their skewness: it checks that one, no more.
    """
    x = _finite(values)
    if len(x) == 1 or is_constant(x):
        return t_interval(x, level)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found = stats.bootstrap(
            (x,), np.mean, confidence_level=level, n_resamples=RESAMPLES, method="BCa", rng=np.random.default_rng(0)
        )
    low, high = found.confidence_interval
    return Estimate(float(x.mean()), float(low), float(high))


def spread_of(half_width: float, n: int) -> float:
    """The standard deviation of `n` values whose 95 % t interval is ± `half_width`."""
    return float(half_width * n**0.5 / special.stdtrit(n - 1, 1 - ALPHA / 2))


def welch_interval(a: Estimate, n_a: int, b: Estimate, n_b: int) -> Estimate:
    """b - a with the 95 % interval of Welch (1947), from two means with their 95 % t intervals.

    The two are taken as independent, which is cautious where they share seeds. NaN ends where one has no interval.
    """
    difference = b.mean - a.mean
    if not all(map(isfinite, (*a, *b))) or min(n_a, n_b) < 2:
        return Estimate(difference, nan, nan)
    v, w = (spread_of((x.high - x.low) / 2, n) ** 2 / n for x, n in ((a, n_a), (b, n_b)))
    if v + w == 0:
        return Estimate(difference, difference, difference)
    freedom = (v + w) ** 2 / (v**2 / (n_a - 1) + w**2 / (n_b - 1))
    half = float(special.stdtrit(freedom, 1 - ALPHA / 2)) * (v + w) ** 0.5
    return Estimate(difference, difference - half, difference + half)


def p_above(values: ArrayLike, bound: float) -> float:
    """One-sided p of the t-test whose null hypothesis is "the mean is at most `bound`"; needs two different values."""
    x = _finite(values)
    return _tail((x.mean() - bound) / _standard_error(x), len(x))


def p_below(values: ArrayLike, bound: float) -> float:
    """One-sided p of the t-test whose null hypothesis is "the mean is at least `bound`"; needs two different values."""
    x = _finite(values)
    return _tail((bound - x.mean()) / _standard_error(x), len(x))


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

    def seeds(self, values: ArrayLike) -> float:
        """The seeds that would settle it with 80 % power if mean and spread are what these values say.

        Settled inside is p < 0.05, unadjusted; with two finite ends by Boole's inequality over both. Settled outside
        is a 95 % interval that excludes the region. NaN for fewer than three values, no spread, or over 100,000 seeds.
        """
        x = _finite(values)
        if len(x) < 3 or is_constant(x):
            return nan
        mean, spread = float(x.mean()), float(x.std(ddof=1))
        gaps = [(mean - self.low) / spread, (self.high - mean) / spread]
        if min(gaps) < 0:
            return seeds_for_power([-min(gaps)], ALPHA / 2)
        return seeds_for_power([gap for gap in gaps if isfinite(gap)], ALPHA)


def seeds_for_power(gaps: Sequence[float], alpha: float = ALPHA) -> float:
    """The fewest seeds, six at least, with which one-sided t-tests find all `gaps` (in spreads) with 80 % power.

    Over several gaps the chances to miss add up (Boole). NaN if 100,000 do not suffice.
    """

    def missed(n: int) -> float:
        critical = special.stdtrit(n - 1, 1 - alpha)
        return sum(float(special.nctdtr(n - 1, min(gap * n**0.5, FAR), critical)) for gap in gaps)

    return _fewest(lambda n: missed(n) <= 1 - POWER, MIN_SEEDS)


def seeds_for_precision(spread: float, half_width: float) -> float:
    """The fewest seeds, two at least, whose 95 % t interval is at most ± `half_width` at this standard deviation.

    NaN if 100,000 do not suffice.
    """
    return _fewest(lambda n: special.stdtrit(n - 1, 1 - ALPHA / 2) * spread <= half_width * n**0.5, 2)


def _fewest(suffices: Callable[[int], bool], least: int) -> float:
    """The smallest number from `least` on that suffices, where every larger one does too."""
    if not suffices(MOST_SEEDS):
        return nan
    return float(bisect_left(range(MOST_SEEDS), True, lo=least, key=suffices))


def holm(p_values: Sequence[float]) -> NDArray[np.float64]:
    """p-values adjusted so that the family-wise error stays below alpha (Holm 1979)."""
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)), 1.0)
    return adjusted


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
    p < 0.05 after Holm's correction over ALL pairs of models, as the best is chosen from the same numbers: corrected
    over the pairs with the best alone, eight equal models would lose one in 11 % of all studies. Below six seeds none
    leaves. A model with a diverged (NaN) seed is out as long as some model has none. Raises ValueError on a frame
    without rows or columns.
    """
    if values.empty:
        raise ValueError("best_set needs at least one model and one seed")
    sound = values.loc[:, np.isfinite(values.to_numpy(dtype=float)).all(axis=0)]
    if sound.empty:
        return tuple(map(str, values.columns))
    if len(sound) < MIN_SEEDS:
        return tuple(map(str, sound.columns))
    columns = sound.to_numpy(dtype=float).T * (1 if larger else -1)
    best = int(np.argmax(columns.mean(axis=1)))
    pairs = list(combinations(range(len(columns)), 2))
    adjusted = holm([_p_differs(columns[i] - columns[j]) for i, j in pairs])
    worse = {
        i for pair, p in zip(pairs, adjusted, strict=True) if best in pair and p < ALPHA for i in pair if i != best
    }
    return tuple(str(model) for i, model in enumerate(sound.columns) if i not in worse)


def is_constant(values: NDArray[np.float64]) -> bool:
    """Whether all values are the same number, up to rounding in the twelfth digit."""
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())


def _p_differs(differences: NDArray[np.float64]) -> float:
    if is_constant(differences):
        return float(differences[0] == 0)
    return 2 * _tail(abs(differences.mean()) / _standard_error(differences), len(differences))


def _tail(t: float, n: int) -> float:
    """The chance of a larger t with n - 1 degrees of freedom."""
    return float(special.stdtr(n - 1, -t))


def _standard_error(x: NDArray[np.float64]) -> float:
    return float(x.std(ddof=1) / len(x) ** 0.5)


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(values, dtype=float)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise ValueError(f"expected a non-empty row of finite numbers, found {x!r}")
    return x
