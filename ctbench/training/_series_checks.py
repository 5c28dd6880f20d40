"""What is wrong with series, said before anything is trained on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ctbench.spec.errors import UserError


def check(series: Any, seeds: int) -> None:
    """Raises UserError if series of `ensemble_forecasting` are unfit: shapes, numbers, times, masks, the graph."""
    _shapes(series, seeds)
    for name in ("times", "values", "future", "truth"):
        array = getattr(series, name)
        if bad := _first(~np.isfinite(array)):
            raise UserError(
                f"{name}: found {array[bad]} in {_place(bad)}, expected numbers; leave missing readings out."
            )
    times = series.times
    if bad := _first(np.diff(times, axis=-1) <= 0):
        before, after = times[bad], times[(*bad[:-1], bad[-1] + 1)]
        how = "repeated" if before == after else "out of order"
        raise UserError(f"times: found {after:g} after {before:g} in {_place(bad)}, {how}; expected increasing times.")
    if bad := _first(times > 0):
        raise UserError(
            f"times: found {times[bad]:g} in {_place(bad)}, expected times up to 0, where the forecast begins."
        )
    if bad := _first(~series.kept.any(-1)):
        raise UserError(f"kept: {_place(bad)} keeps no time of the forecast, expected one at least.")
    if not series.step > 0:
        raise UserError(f"step: found {series.step}, expected a time above 0.")


def _shapes(series: Any, seeds: int) -> None:
    *_, window, nodes = series.values.shape
    count, steps = series.future.shape[1:3]
    if window < 1:
        raise UserError("values: the series have no observation in their window, expected one at least.")
    expected = {
        "values": (seeds, count, window, nodes),
        "times": (seeds, count, window),
        "future": (seeds, count, steps, nodes),
        "truth": (seeds, count, steps, nodes),
        "kept": (seeds, count, steps),
        "adjacency": (nodes, nodes),
    }
    for name, shape in expected.items():
        if (found := getattr(series, name).shape) != shape:
            raise UserError(f"{name}: found the shape {found}, expected {shape} for {seeds} seeds and {nodes} nodes.")
    if not 1 <= series.train < count:
        raise UserError(f"train: found {series.train} of {count} series, expected one at least on each side.")


def _first(wrong: np.ndarray) -> tuple[int, ...]:
    """Where something is wrong first; empty if nowhere."""
    return next((tuple(map(int, place)) for place in np.argwhere(wrong)), ())


def _place(index: tuple[int, ...]) -> str:
    return f"series {index[1]} of the group's seed number {index[0]}"
