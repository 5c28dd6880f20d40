"""Figures of measurements: lines over an abscissa with a band over seeds, or one point per seed with the mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ctbench.report import centres, plane
from ctbench.report.layout import FigureLayout, PaperLayout
from ctbench.report.notes import record_notes
from ctbench.report.numbers import rounded
from ctbench.report.sources import Results
from ctbench.report.style import GREY, MARKERS, NARROW, WIDTH, house_style, save
from ctbench.report.timed import timed
from ctbench.report.ways import dash, forecast, forecast_handles, paths

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACROSS = 3
"""Panels side by side where a single row of them would be too small to read."""
FEW = 6
"""Abscissae that are all named where there is room."""
LETTER = 0.065
"""Inches of a letter of a category's name."""
DENSE = 30
"""Points of a line beyond which only some have a marker."""


@dataclass(frozen=True)
class Drawn:
    """A figure that was written: its files, what it shows in words, and the experiments or claims that it is about."""

    name: str
    title: str
    caption: str
    alt: str
    notes: tuple[str, ...]
    inches: float
    files: tuple[Path, ...]
    about: frozenset[str]


def figure(layout: FigureLayout, whole: PaperLayout, results: Results, source: Path, folder: Path) -> Drawn | None:
    """Draws what `layout`, one of the figures of `whole`, describes into `folder`; None if nothing of it was measured.

    `source` is the paper's folder; its name is the paper's.

    Raises UserError if the files cannot be written, or if a file of curves or timings that it needs is broken.
    """
    chosen = _chosen(layout, results, source.name)
    rows = chosen.dropna(subset=[layout.abscissa])
    drawable = rows.loc[rows["value"].notna() & ((rows["value"] > 0) | (layout.yscale == "linear"))]
    if drawable.empty:
        return None
    layout = layout.fitting(drawable)
    with house_style():
        drawing = _Grid(layout, drawable, _reference(layout, whole, source), _bars(layout, results, source.name)).draw()
        files = save(drawing, folder / layout.name)
    runs = results.of(rows["run"].dropna())
    return Drawn(
        name=layout.name,
        title=layout.title,
        caption=_caption(layout, drawable),
        alt=_alt(layout, drawable),
        notes=(
            *_lost(len(rows) - len(drawable), len(rows)),
            *_untimed(layout, len(chosen) - len(rows), len(chosen)),
            *record_notes(runs, rows),
        ),
        inches=drawing.get_figwidth(),
        files=tuple(files),
        about=frozenset(rows["experiment"]),
    )


def _chosen(layout: FigureLayout, results: Results, paper: str) -> pd.DataFrame:
    rows = layout.chosen(results.curves if layout.table == "curves" else results.measurements, paper)
    return timed(rows, results.timings, layout.against) if layout.against else rows


class _Grid:
    """The panels of one figure."""

    def __init__(
        self, layout: FigureLayout, rows: pd.DataFrame, reference: pd.DataFrame | None, bars: pd.DataFrame | None
    ) -> None:
        self.layout, self.rows, self.reference, self.bars = layout, rows, reference, bars
        self.across = layout.ordered(rows, layout.col) if layout.col else [None]
        self.down = layout.ordered(rows, layout.row) if layout.row else [None]
        self.hues = layout.ordered(rows, layout.hue) if layout.hue else []
        self.marked = False
        self.quoted: list[float] = []

    def draw(self) -> Figure:
        from matplotlib.figure import Figure

        panels = [(down, across) for down in self.down for across in self.across]
        wide = len(self.across) if len(self.down) > 1 or len(panels) <= ACROSS + 1 else ACROSS
        high = -(-len(panels) // wide)
        width = WIDTH if wide > 1 else NARROW
        each = width / wide if self.layout.kind == "plane" else {1: 2.6, 2: 2.1}.get(high, 1.7)
        figure = Figure(figsize=(width, each * high + 0.7), layout="constrained")
        axes = figure.subplots(
            high, wide, squeeze=False, sharex=self.layout.kind != "points", sharey=self.layout.sharey
        )
        axes = axes.ravel()
        for place, (down, across) in zip(axes, panels, strict=False):
            self._panel(place, down, across)
            place.set_title(self._title(down, across), y=1.0, pad=4)
        for spare in axes[len(panels) :]:
            spare.set_visible(False)
        if self.layout.sharey:
            self._limit(axes[0])
        figure.supxlabel(self.layout.xlabel, fontsize=8.5)
        figure.supylabel(self.layout.ylabel, fontsize=8.5)
        self._legend(figure)
        return figure

    def _limit(self, axes: Axes) -> None:
        """Of two seeds the interval is so wide that the values could not be seen; it then ends at the frame."""
        values = [*self.rows["value"], *self.quoted]
        low, high = min(values), max(values)
        bottom, top = axes.get_ylim()
        if self.layout.yscale == "linear" and high > low and top - bottom > 6 * (high - low):
            margin = high - low
            axes.set_ylim(max(bottom, low - margin), min(top, high + margin))

    def _title(self, down: Any, across: Any) -> str:
        words = [self.layout.label(value) for value in (across, down) if value is not None]
        return ("\n" if len(self.across) >= ACROSS else " · ").join(words)

    def _panel(self, axes: Axes, down: Any, across: Any) -> None:
        here = _at(_at(self.rows, self.layout.row, down), self.layout.col, across)
        if here.empty:
            axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", color=GREY)
        self._quote(axes, down, across)
        self._mark(axes, here)
        if not here.empty:
            draw = {
                "line": self._lines,
                "points": self._points,
                "plane": self._plane,
                "path": self._paths,
                "forecast": self._forecast,
            }
            draw[self.layout.kind](axes, here)
            self._bar(axes, here, down, across)
        axes.set(xlabel="", ylabel="")
        axes.set_yscale(self.layout.yscale)
        if self.layout.yscale == "linear":
            axes.locator_params(axis="y", nbins=FEW)
        if self.layout.kind == "line":
            self._abscissa(axes)
        axes.spines[["top", "right"]].set_visible(False)

    def _abscissa(self, axes: Axes) -> None:
        from matplotlib.ticker import FixedLocator, LogLocator, MaxNLocator, NullFormatter, NullLocator

        axes.set_xscale(self.layout.xscale)
        values = sorted({float(x) for x in self.rows[self.layout.abscissa]})
        if self.layout.against and self.layout.xscale == "log":
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
            axes.xaxis.set_major_formatter("{x:g}")
            axes.xaxis.set_minor_formatter(NullFormatter())
        elif self.layout.xscale == "log" and len(values) <= FEW:
            axes.set_xticks(values, [f"{x:g}" if x.is_integer() else f"{x:.3g}" for x in values])
            axes.xaxis.set_minor_locator(NullLocator())
        elif self.layout.xscale == "linear" and all(x.is_integer() for x in values):
            apart = len(values) <= FEW and 15 * np.diff(values).min(initial=np.inf) > values[-1] - values[0]
            axes.xaxis.set_major_locator(FixedLocator(values) if apart else MaxNLocator(FEW, integer=True))

    def _lines(self, axes: Axes, here: pd.DataFrame) -> None:
        lines = centres.by_hue(here, self.layout.hue, self.layout.abscissa, self.layout.centre)
        every = 0.1 if max(map(len, lines.values())) > DENSE else None
        edge = {"markeredgecolor": "white", "markeredgewidth": 0.4, "markevery": every}
        for k, hue in enumerate(self.hues or [None]):
            if (line := lines.get(hue)) is not None:
                color, x = self.palette[k], line.index.to_numpy()
                axes.plot(x, line["centre"], color=color, linestyle=dash(k), marker=MARKERS[k % len(MARKERS)], **edge)
                axes.fill_between(x, line["low"], line["high"], color=color, alpha=0.14, linewidth=0)

    def _plane(self, axes: Axes, here: pd.DataFrame) -> None:
        plane.draw(axes, [_at(here, self.layout.hue, hue) for hue in self.hues or [None]], self.palette)

    def _bar(self, axes: Axes, here: pd.DataFrame, down: Any, across: Any) -> None:
        """Error bars of the lines, those of one abscissa side by side."""
        if self.bars is None:
            return
        bars, abscissa = _at(_at(self.bars, self.layout.row, down), self.layout.col, across), self.layout.abscissa
        places, hues = self.rows[abscissa].astype(float), self.hues or [None]
        means, spreads = (centres.by_hue(part, self.layout.hue, abscissa, "mean") for part in (here, bars))
        for k, hue in enumerate(hues):
            if hue in means and hue in spreads:
                centre = means[hue]["centre"]
                half = spreads[hue]["centre"].reindex(centre.index)
                aside = 0.008 * (places.max() - places.min()) * (k - (len(hues) - 1) / 2)
                look = {"ls": "", "ecolor": self.palette[k], "elinewidth": 1.0, "capsize": 2.0}
                axes.errorbar(centre.index.to_numpy(dtype=float) + aside, centre, half, **look)

    def _paths(self, axes: Axes, here: pd.DataFrame) -> None:
        paths(axes, here, self.layout.hue, self.hues, self.palette)

    def _forecast(self, axes: Axes, here: pd.DataFrame) -> None:
        forecast(axes, here, self.palette[0])

    def _points(self, axes: Axes, here: pd.DataFrame) -> None:
        order, hues = self.layout.ordered(self.rows, self.layout.abscissa), self.hues or [None]
        spread = 0.7 / len(hues)
        for k, hue in enumerate(hues):
            part = _at(here, self.layout.hue, hue)
            for place, category in enumerate(order):
                values = _at(part, self.layout.abscissa, category).sort_values("seed")["value"].to_numpy(dtype=float)
                if len(values):
                    centre = place + spread * (k - (len(hues) - 1) / 2)
                    _swarm(axes, centre, spread, values, self.palette[k], MARKERS[k % len(MARKERS)])
        room = axes.get_window_extent().width / axes.figure.dpi / len(order)
        _categories(axes, [self.layout.label(value) for value in order], room)
        axes.set_xlim(-0.6, len(order) - 0.4)
        axes.grid(visible=False, axis="x")

    def _quote(self, axes: Axes, down: Any, across: Any) -> None:
        if self.reference is None:
            return
        abscissa = self.layout.abscissa
        here = _at(_at(self.reference, self.layout.row, down), self.layout.col, across)
        here = here.loc[here["value"] > 0] if self.layout.yscale == "log" else here
        if self.layout.kind == "points":
            order = self.layout.ordered(self.rows, abscissa)
            here = here.loc[here[abscissa].isin(order)]
            here = here.assign(**{abscissa: [order.index(value) + 0.36 for value in here[abscissa]]})
        if not here.empty:
            points = here.sort_values(by=abscissa)
            bounds = np.abs(points[["low", "high"]].to_numpy().T - points["value"].to_numpy())
            look = {
                "color": GREY,
                "ls": "",
                "marker": "x",
                "ms": 3.5,
                "zorder": 1.5,
                "ecolor": "#b9b9b9",
                "elinewidth": 0.8,
            }
            axes.errorbar(points[abscissa], points["value"], bounds, **look)
            self.quoted += points["value"].tolist()

    def _mark(self, axes: Axes, here: pd.DataFrame) -> None:
        mark = self.layout.mark
        for value in here[mark.column].unique() if mark else []:
            if mark and (found := re.search(mark.pattern, str(value))):
                axes.axvline(float(found.group(1)), color="#555555", linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
                self.marked = True

    def _legend(self, figure: Figure) -> None:
        handles = list(self._handles())
        for columns in range(len(handles), 0, -1):
            look = {"loc": "outside upper center", "frameon": False, "handlelength": 2.6, "columnspacing": 1.6}
            legend = figure.legend(handles=handles, ncols=columns, **look)
            if legend.get_window_extent().width < 0.98 * figure.bbox.width:
                break
            if columns > 1:
                legend.remove()

    def _handles(self) -> Iterator[Any]:
        from matplotlib.lines import Line2D

        kind = self.layout.kind
        if kind == "forecast":
            yield from forecast_handles(self.palette[0], self.layout.labels)
        for k, hue in enumerate(self.hues):
            style = {"color": self.palette[k], "ls": "" if kind == "points" else dash(k)}
            style["marker"] = "" if kind == "path" else MARKERS[k % len(MARKERS)]
            yield Line2D([], [], label=self.layout.label(hue), markeredgecolor="white", markeredgewidth=0.4, **style)
        if self.quoted and self.layout.reference:
            yield Line2D([], [], color=GREY, ls="", marker="x", ms=4, label=self.layout.reference.label)
        if self.marked and self.layout.mark:
            yield Line2D([], [], color="#555555", linewidth=0.9, ls=(0, (2, 2)), label=self.layout.mark.label)

    @cached_property
    def palette(self) -> list[Any]:
        """A colour for each hue."""
        import seaborn

        return list(seaborn.color_palette("colorblind", max(1, len(self.hues))))


def _swarm(axes: Axes, centre: float, width: float, values: np.ndarray, color: Any, marker: str) -> None:
    from ctbench.judge.statistics import t_interval

    offsets = np.linspace(-0.28, 0.28, len(values)) * width if len(values) > 1 else np.zeros(1)
    axes.plot(centre + offsets, values, ls="", marker=marker, ms=3, color=color, alpha=0.45, markeredgewidth=0)
    mean, low, high = t_interval(values)
    bars = np.nan_to_num(np.array([[mean - low], [high - mean]]))
    bar = {"elinewidth": 1.4, "capsize": 2.5, "markeredgecolor": "black", "markeredgewidth": 0.7}
    axes.errorbar([centre], [mean], bars, color=color, marker=marker, ms=6, ecolor="black", zorder=3, **bar)


def _at(rows: pd.DataFrame, column: str | None, value: Any) -> pd.DataFrame:
    return rows if column is None or value is None else rows.loc[rows[column] == value]


def _reference(layout: FigureLayout, whole: PaperLayout, folder: Path) -> pd.DataFrame | None:
    if layout.reference is None:
        return None
    if layout.reference.file:
        return pd.read_csv(folder / layout.reference.file, comment="#")
    table = next(table for table in whole.tables if table.name == layout.reference.table)
    published = ((row, column, numbers) for row, cells in table.published.items() for column, numbers in cells.items())
    quoted = [(row, column, numbers[0], numbers[1] if len(numbers) > 1 else 0.0) for row, column, numbers in published]
    frame = pd.DataFrame(quoted, columns=[table.rows, table.columns, "value", "sd"])
    return frame.assign(low=frame["value"] - frame["sd"], high=frame["value"] + frame["sd"])


def _bars(layout: FigureLayout, results: Results, paper: str) -> pd.DataFrame | None:
    """The measurements of the metric that is drawn as error bars."""
    if layout.bars is None:
        return None
    return layout.model_copy(update={"select": {**layout.select, "metric": layout.bars}}).chosen(
        results.measurements, paper
    )


def _categories(axes: Axes, labels: list[str], room: float) -> None:
    """Names of the categories, each in `room` inches; askew where they would run into each other."""
    wrapped = [label.replace(", ", ",\n") for label in labels]
    if LETTER * max(len(line) for label in wrapped for line in label.split("\n")) > room:
        axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    else:
        axes.set_xticks(range(len(labels)), wrapped)


def _lost(lost: int, total: int) -> Iterator[str]:
    if lost:
        yield f"Not drawn: {lost} of {total} values, diverged or not positive on a logarithmic axis."


def _untimed(layout: FigureLayout, untimed: int, total: int) -> Iterator[str]:
    if layout.against and untimed:
        yield f"Not drawn: {untimed} of {total} values, whose {layout.against} no clock measured."


def _caption(layout: FigureLayout, rows: pd.DataFrame) -> str:
    seeds = len(rows.loc[rows["seed"].notna(), "seed"].unique())
    if seeds < 2 or layout.kind in ("path", "forecast"):
        return layout.caption
    what = {"mean": "mean and its 95 % t interval", "median": "median and range"}[layout.centre]
    what += ", at the median of the measured times" if layout.against else ""
    shown = {
        "line": f"Line and band: {what}",
        "points": f"Small marks: seeds; large ones: {what}",
        "plane": "All seeds",
    }
    return f"{layout.caption} {shown[layout.kind]}, {seeds} seeds."


def _alt(layout: FigureLayout, rows: pd.DataFrame) -> str:
    values = rows["value"].to_numpy(dtype=float)
    low, high = (rounded(float(value)).write() for value in (values.min(), values.max()))
    axis = f"{layout.ylabel} against {layout.xlabel or layout.abscissa}, from {low} to {high}"
    parts = (("panels", layout.col), ("rows", layout.row), ("lines", layout.hue))
    words = [
        f"{name}: {', '.join(map(layout.label, layout.ordered(rows, column)))}" for name, column in parts if column
    ]
    return f"{layout.title}. {'; '.join([axis, *words])}."
