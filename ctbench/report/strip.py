"""A small drawing beside each criterion: the estimate, its interval and the claimed region on the axis of its claim."""

from __future__ import annotations

from math import isfinite, isnan, log
from typing import Any, NamedTuple

import pandas as pd

WIDTH = 150
"""CSS pixels."""
MARGIN = 6
SURE = 6
"""Seeds from which on an interval may widen the axis."""


class Strip(NamedTuple):
    """Places in CSS pixels from the left; `start` and `end` are those of the claimed region."""

    start: float
    end: float
    estimate: float
    low: float | None
    high: float | None


def strips(rows: pd.DataFrame) -> list[Strip | None]:
    """One for each criterion of a claim, those of one kind and unit on one axis; None where nothing was measured."""
    drawn: dict[int, Strip] = {}
    measured = [(i, row) for i, row in enumerate(rows.to_dict("records")) if isfinite(row["estimate"])]
    for kind, unit in {(row["kind"], row["unit"]) for _, row in measured}:
        members = [(i, row) for i, row in measured if (row["kind"], row["unit"]) == (kind, unit)]
        axis = _Axis([row for _, row in members], logarithmic=unit == "ratio")
        drawn |= {i: axis.strip(row) for i, row in members}
    return [drawn.get(i) for i in range(len(rows))]


class _Axis:
    def __init__(self, rows: list[dict[str, Any]], logarithmic: bool) -> None:
        self.logarithmic = logarithmic
        found = [row[key] for row in rows for key in ("estimate", "lower", "upper")]
        found += [row[key] for row in rows if not pd.isna(row["n"]) and row["n"] >= SURE for key in ("low", "high")]
        values = [self._scaled(value) for value in found if isfinite(value) and (value > 0 or not logarithmic)]
        self.first, self.last = min(values), max(values)

    def strip(self, row: dict[str, Any]) -> Strip:
        sure = isfinite(row["low"]) and isfinite(row["high"])
        return Strip(
            start=0 if isnan(row["lower"]) else self._place(row["lower"]),
            end=WIDTH if isnan(row["upper"]) else self._place(row["upper"]),
            estimate=self._place(row["estimate"]),
            low=self._place(row["low"]) if sure else None,
            high=self._place(row["high"]) if sure else None,
        )

    def _place(self, value: float) -> float:
        if self.logarithmic and value <= 0:
            return 0
        if self.last == self.first:
            return WIDTH / 2
        part = (self._scaled(value) - self.first) / (self.last - self.first)
        return round(min(max(MARGIN + part * (WIDTH - 2 * MARGIN), 0), WIDTH), 1)

    def _scaled(self, value: float) -> float:
        return log(value) if self.logarithmic else value
