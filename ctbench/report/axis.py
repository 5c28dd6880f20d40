"""The axis of a forest plot: long enough for the bounds, short enough for the bars to be seen."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ctbench.judge.listing import BESIDE

Places = NDArray[np.float64]
"""On the axis, so logarithms where that is logarithmic; NaN where there is none."""

REACH = 12
"""Lengths of the median bar; a number that is farther from the bounds of its criterion does not widen the axis."""
SURE = 6
"""Seeds from which on an interval counts."""
MARGIN = 0.06
"""Part of the axis beyond the last number."""
ROOM = 0.45
"""Room for a number beyond a bound, as a part of the axis up to there."""


class Axis(NamedTuple):
    """Its ends, and which estimates lie `below` and `above` what it shows."""

    ends: tuple[float, float]
    below: NDArray[np.bool_]
    above: NDArray[np.bool_]

    @property
    def off(self) -> NDArray[np.bool_]:
        """Which estimates are not on the axis."""
        return self.below | self.above


def axis(rows: pd.DataFrame, neutral: float, *, logarithmic: bool) -> Axis:
    """From the first to the last of `neutral`, the bounds, and the numbers in reach of them, with a margin.

    Criteria beside a claim have no say, unless there are no others.
    """
    found, bounds = _places(rows, logarithmic)
    own = ~rows["label"].str.endswith(BESIDE).to_numpy(dtype=bool)
    own = own if own.any() else ~own
    low, high = _ends(found[own], bounds[own], log(neutral) if logarithmic else neutral)
    margin = max(MARGIN * (high - low), 0.05 if logarithmic else 0.0) or 1.0
    ends = low - margin, high + margin
    ends = (exp(ends[0]), exp(ends[1])) if logarithmic else ends
    return Axis(ends, below=found[:, 0] < low, above=found[:, 0] > high)


def _places(rows: pd.DataFrame, logarithmic: bool) -> tuple[Places, Places]:
    """Where estimate, ends of the interval and bounds lie on the axis; the interval only where it counts."""
    places = rows[["estimate", "low", "high", "lower", "upper"]].to_numpy(dtype=float, copy=True)
    places[rows["n"].fillna(0).to_numpy(dtype=float) < SURE, 1:3] = np.nan
    if logarithmic:
        places = np.log(np.where(places > 0, places, np.nan))
    return places[:, :3], places[:, 3:]


def _ends(found: Places, bounds: Places, neutral: float) -> tuple[float, float]:
    bars = found[:, 2] - found[:, 1]
    bars = bars[bars > 0]
    reach = REACH * np.median(bars) if len(bars) else np.inf
    away = np.fmin(*(np.abs(found - bound[:, None]) for bound in bounds.T))
    seen = [neutral, *bounds.ravel(), *found[~(away > reach)]]
    low, high = np.nanmin(seen), np.nanmax(seen)
    below, above = bounds[found[:, 0] < low].ravel(), bounds[found[:, 0] > high].ravel()
    first = np.nanmin([low, *(below - ROOM * (high - below))])
    last = np.nanmax([high, *(above + ROOM * (above - low))])
    return float(first), float(last)
