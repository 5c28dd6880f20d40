"""Panels of one solution instead of a statistic: ways in the plane, and a forecast with its band beside the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from ctbench.report.style import DASHES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRUTH, SEEN = "#222222", "#8a8a8a"
FORECAST = ("low", "high", "mean", "true", "seen")
"""How the metrics of a forecast end: bounds of the band, its middle, the truth, and what was observed."""


def paths(axes: Axes, here: pd.DataFrame, hue: str | None, hues: Sequence[Any], palette: Sequence[Any]) -> None:
    """Value against x in the order of the rows, one line for each seed, from a disc."""
    for k, wanted in enumerate(hues or [None]):
        part = here if hue is None else here.loc[here[hue] == wanted]
        for _, way in part.groupby("seed", dropna=False, sort=True):
            x, y = (way[column].to_numpy(dtype=float) for column in ("x", "value"))
            axes.plot(x, y, color=palette[k], linestyle=dash(k))
            axes.plot(x[:1], y[:1], "o", color=palette[k], markersize=3)


def dash(k: int) -> Any:
    """The dashes of the k-th hue, as matplotlib takes them."""
    return (0, DASHES[k % len(DASHES)]) if DASHES[k % len(DASHES)] else "-"


def forecast(axes: Axes, here: pd.DataFrame, color: Any) -> None:
    """Band, middle, truth and observations from the metrics `*_low`, `*_high`, `*_mean`, `*_true` and `*_seen`."""
    part = {
        end: here.loc[here["metric"].str.endswith(f"_{end}")]
        .sort_values("x")[["x", "value"]]
        .astype(float)
        .to_numpy()
        .T
        for end in FORECAST
    }
    axes.fill_between(part["low"][0], part["low"][1], part["high"][1], color=color, alpha=0.25, linewidth=0)
    axes.plot(*part["mean"], color=color)
    axes.plot(*part["true"], color=TRUTH, linewidth=1, linestyle=(0, (4, 1.5)))
    axes.plot(*part["seen"], "o", color=SEEN, markersize=2.5, zorder=1.5)


def forecast_handles(color: Any, labels: dict[str, str]) -> Iterator[Any]:
    """The legend of `forecast`; `labels` may name its parts in other words."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    yield Patch(color=color, alpha=0.25, linewidth=0, label=labels.get("band", "band"))
    yield Line2D([], [], color=color, label=labels.get("mean", "predicted"))
    yield Line2D([], [], color=TRUTH, linewidth=1, linestyle=(0, (4, 1.5)), label=labels.get("true", "truth"))
    yield Line2D([], [], color=SEEN, marker="o", ls="", markersize=2.5, label=labels.get("seen", "observed"))
