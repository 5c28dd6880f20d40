"""Results against what clocks said."""

from __future__ import annotations

import pandas as pd

POINT = ["run", "solver", "steps"]
"""What, with `x`, tells the points of one run apart; a point has one value per seed."""


def timed(rows: pd.DataFrame, timings: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The rows with one column more, named as the metric: the median over seeds of what the clock said at their point.

    A clock belongs to a row of its own run, seed, solver and number of steps, and of its own `x` where both have one;
    where one of them has none, to the clock's last `x`. Empty where no clock said anything.
    """
    clock = timings.loc[timings["metric"] == metric].sort_values("x")
    both = not (rows["x"].hasnans or clock["x"].hasnans)
    on = [*POINT, "seed", *(["x"] if both else [])]
    said = clock.drop_duplicates(on, keep="last")[[*on, "value"]].rename(columns={"value": metric})
    joined = rows.merge(said, on=on, how="left")
    return joined.assign(**{metric: joined.groupby([*POINT, "x"], dropna=False)[metric].transform("median")})
