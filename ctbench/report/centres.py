"""Centre and band over seeds of the lines of a panel."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
from scipy.special import stdtrit


def by_hue(
    rows: pd.DataFrame, hue: str | None, abscissa: str, centre: Literal["mean", "median"]
) -> dict[Any, pd.DataFrame]:
    """For each hue that was measured, or for None, the columns `centre`, `low` and `high` at each abscissa."""
    summary = {"mean": _mean, "median": _median}[centre]
    along, values = rows[abscissa].astype(float), rows["value"].astype(float)
    if hue is None:
        return {None: summary(values.groupby(along))}
    summaries = summary(values.groupby([rows[hue], along], observed=True))
    return {name: part.droplevel(0) for name, part in summaries.groupby(level=0, observed=True)}


def _mean(values: Any) -> pd.DataFrame:
    """Mean and 95 % t interval of each group, as `ctbench.judge.statistics.t_interval` has them."""
    points = values.agg(["mean", "sem", "count"])
    half = stdtrit(points["count"] - 1, 0.975) * points["sem"]
    return pd.DataFrame({"centre": points["mean"], "low": points["mean"] - half, "high": points["mean"] + half})


def _median(values: Any) -> pd.DataFrame:
    """Median and range of each group."""
    return values.agg(centre="median", low="min", high="max")
