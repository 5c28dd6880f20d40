"""Forest plots: the criteria that compare two things, each with its estimate, its interval and the claimed region."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from ctbench.judge.numbers import interval, signed
from ctbench.report.axis import REACH, axis
from ctbench.report.figures import Drawn
from ctbench.report.notes import record_notes
from ctbench.report.numbers import rounded
from ctbench.report.sheet import listed
from ctbench.report.sources import Results
from ctbench.report.style import GREY, WIDTH, house_style, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST = 40
"""Criteria in one figure."""
LINE = 0.135
"""Inches of a line of a label."""
LETTERS = 52
"""Letters of a line of a label."""
HEAD = 1.45
"""Lines that a label of one line takes."""
MARGIN = 0.68
"""Width of the labels, as a part of that of the plot."""
MARK = 4.6
"""Points of the mark of an estimate."""
REGION = "#e3e9ef"
STYLES: dict[str, dict[str, Any]] = {
    "pass": {"color": "#0072b2", "marker": "o"},
    "fail": {"color": "#d55e00", "marker": "X", "ms": 5.8, "markeredgewidth": 0.2},
    "unresolved": {"color": "#333333", "marker": "D", "markerfacecolor": "white"},
}


class Kind(NamedTuple):
    """What one sort of forest plot shows; `neutral` is where neither side is ahead."""

    stem: str
    title: str
    kinds: tuple[str, ...]
    unit: str
    least: int
    neutral: float
    scale: str
    xlabel: str
    caption: str


KINDS = (
    Kind(
        stem="orderings",
        title="Differences that the claims speak of",
        kinds=("greater", "equivalent"),
        unit="%",
        least=1,
        neutral=0.0,
        scale="linear",
        xlabel="difference, percentage points",
        caption="Mean paired difference",
    ),
    Kind(
        stem="ratios",
        title="Ratios that the claims speak of",
        kinds=("ratio_above", "ratio_below"),
        unit="ratio",
        least=3,
        neutral=1.0,
        scale="log",
        xlabel="ratio, logarithmic axis",
        caption="Geometric mean of the paired ratio",
    ),
)
READING = (
    "with its 95 % interval, one line per criterion; without a bar: a single value, or the same for every seed. "
    "Shaded: what the claim asks for. A bar that ends in an arrow goes on. The status is that after Holm's correction."
)
OFF = (
    f"The axis shows all bounds, and what is within {REACH} lengths of the median bar from its own; it is not widened "
    "by what lies farther or stands beside a claim: there an arrow at the edge has the number."
)
"""Said where an estimate is off the axis."""


def forests(results: Results, paper: str, folder: Path) -> tuple[Drawn, ...]:
    """Draws the differences and the ratios of a paper's criteria into `folder`, at most `MOST` in a figure.

    Criteria without an estimate are left out. Raises UserError if the files cannot be written.
    """
    return tuple(drawn for kind in KINDS for drawn in _forests(kind, results, paper, folder))


def owned(folder: Path, paper: str) -> Iterator[Path]:
    """The forest plots of a paper in `folder`, by whichever report."""
    for kind in KINDS:
        for suffix in ("svg", "png"):
            yield from folder.glob(f"{kind.stem}-{paper}.{suffix}")
            yield from folder.glob(f"{kind.stem}-{paper}-[0-9]*.{suffix}")


def _forests(kind: Kind, results: Results, paper: str, folder: Path) -> Iterator[Drawn]:
    frame = results.criteria
    chosen = (frame["paper"] == paper) & frame["kind"].isin(kind.kinds) & (frame["unit"] == kind.unit)
    rows = frame.loc[chosen & frame["estimate"].notna()]
    parts = split(rows) if len(rows) >= kind.least else []
    for place, part in enumerate(parts, 1):
        several = len(parts) > 1
        forest = _Forest(kind, part)
        with house_style():
            drawing = forest.draw()
            files = save(drawing, folder / (f"{kind.stem}-{paper}" + (f"-{place}" if several else "")))
        title = kind.title + (f", {place} of {len(parts)}" if several else "")
        yield Drawn(
            name=files[0].stem,
            title=title,
            caption=f"{kind.caption} {READING}" + (f" {OFF}" if forest.axis.off.any() else ""),
            alt=_alt(title, part),
            notes=tuple(_notes(results, part)),
            inches=drawing.get_figwidth(),
            files=tuple(files),
            about=frozenset(part["claim_id"]),
        )


def split(rows: pd.DataFrame, most: int = MOST) -> list[pd.DataFrame]:
    """The rows in parts of at most `most`; a claim is cut only if it has more of its own."""
    parts: list[pd.DataFrame] = []
    for _, claim in rows.groupby("claim_id", sort=False):
        for start in range(0, len(claim), most):
            piece = claim.iloc[start : start + most]
            if parts and len(parts[-1]) + len(piece) <= most:
                parts[-1] = pd.concat([parts[-1], piece])
            else:
                parts.append(piece)
    return parts


class _Forest:
    """One figure: lines of text downwards, each criterion as high as its label."""

    def __init__(self, kind: Kind, rows: pd.DataFrame) -> None:
        self.kind, self.rows = kind, rows
        self.axis = axis(rows, kind.neutral, logarithmic=kind.scale == "log")
        self.places: list[float] = []
        self.labels: list[str] = []
        self.heads: list[int] = []
        self.height = 0.0
        for claim, members in rows.groupby("claim_id", sort=False):
            self.heads.append(len(self.labels))
            self._line(str(claim))
            for label in members["label"]:
                self._line(textwrap.fill(label, LETTERS))

    def _line(self, text: str) -> None:
        high = text.count("\n") + HEAD
        self.places.append(self.height + high / 2)
        self.labels.append(text)
        self.height += high

    def draw(self) -> Figure:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, LINE * self.height + 0.85), layout="constrained")
        margin, axes = figure.subplots(1, 2, sharey=True, width_ratios=(MARGIN, 1))
        axes.set(xscale=self.kind.scale, xlim=self.axis.ends, ylim=(self.height, 0), xlabel=self.kind.xlabel)
        axes.axvline(self.kind.neutral, color="#555555", linewidth=0.9, ls=(0, (4, 2)), zorder=1.5)
        rows = self.rows.assign(place=self._criteria())
        self._regions(axes, rows)
        for status, part in rows.loc[~self.axis.off].groupby("status"):
            self._estimates(axes, part, STYLES[str(status)])
        self._numbers(axes, rows.loc[self.axis.below], self.axis.ends[0], "<")
        self._numbers(axes, rows.loc[self.axis.above], self.axis.ends[1], ">")
        self._label(margin)
        self._frame(axes)
        figure.legend(handles=list(self._handles()), loc="outside upper center", ncols=5, frameon=False)
        return figure

    def _criteria(self) -> list[float]:
        return [place for i, place in enumerate(self.places) if i not in self.heads]

    def _regions(self, axes: Axes, rows: pd.DataFrame) -> None:
        """What the claims ask for, with its ends."""
        place = rows["place"].to_numpy()
        low, high = self.axis.ends
        start, end = rows["lower"].fillna(low), rows["upper"].fillna(high)
        axes.barh(place, end - start, height=1, left=start, color=REGION, linewidth=0, zorder=1)
        for bound in (rows["lower"], rows["upper"]):
            axes.vlines(bound, place - 0.5, place + 0.5, color=GREY, linewidth=1.0, zorder=2)

    def _estimates(self, axes: Axes, rows: pd.DataFrame, style: dict[str, Any]) -> None:
        color, (low, high) = style["color"], self.axis.ends
        axes.hlines(rows["place"], rows["low"].clip(low), rows["high"].clip(upper=high), color, linewidth=1.5, zorder=3)
        for goes_on, edge, arrow in ((rows["low"] < low, low, "<"), (rows["high"] > high, high, ">")):
            for place in rows.loc[goes_on, "place"]:
                axes.plot(edge, place, arrow, color=color, ms=5, clip_on=False, zorder=4)
        axes.plot(rows["estimate"], rows["place"], ls="", zorder=5, **_edged(style))

    def _numbers(self, axes: Axes, rows: pd.DataFrame, edge: float, arrow: str) -> None:
        """What is off the axis: an arrow at the edge, beside it the estimate and its interval in words."""
        aside, ha = ((6, 0), "left") if arrow == "<" else ((-6, 0), "right")
        look: dict[str, Any] = {"ha": ha, "va": "center_baseline", "fontsize": 6.5, "zorder": 6}
        for row in rows.to_dict("records"):
            axes.plot(edge, row["place"], arrow, color=STYLES[row["status"]]["color"], ms=5, clip_on=False, zorder=4)
            text = interval(row["estimate"], row["low"], row["high"])
            text = text if self.kind.scale == "log" else signed(text)
            axes.annotate(text, (edge, row["place"]), aside, textcoords="offset points", **look)

    def _label(self, margin: Axes) -> None:
        """The claims and their criteria in the left margin, in lines with the estimates."""
        margin.set(xlim=(0, 1))
        margin.axis("off")
        for i, (place, text) in enumerate(zip(self.places, self.labels, strict=True)):
            look: dict[str, Any] = {"x": 0, "fontweight": "bold"} if i in self.heads else {"x": 0.03, "fontsize": 7.5}
            margin.text(y=place, s=text, va="center", linespacing=1.15, **look)

    def _frame(self, axes: Axes) -> None:
        for head in self.heads[1:]:
            axes.axhline(self.places[head] - HEAD / 2, color="#cccccc", linewidth=0.6)
        axes.tick_params(axis="y", length=0, labelleft=False)
        axes.grid(visible=False, axis="y")
        axes.spines[["top", "right", "left"]].set_visible(False)
        if self.kind.scale == "log":
            _name_ratios(axes)

    def _handles(self) -> Iterator[Any]:
        from matplotlib.lines import Line2D
        from matplotlib.patches import Patch

        for status, style in STYLES.items():
            if status in set(self.rows["status"]):
                yield Line2D([], [], label=status, linewidth=1.5, **_edged(style))
        yield Patch(facecolor=REGION, edgecolor=GREY, linewidth=0.6, label="claimed")


def _edged(style: dict[str, Any]) -> dict[str, Any]:
    return {"ms": MARK, "markeredgecolor": style["color"], "markeredgewidth": 1.0, **style}


def _name_ratios(axes: Axes) -> None:
    """Ticks at 1, 2, 5, 10, ...; at powers of ten alone where the axis is long, and evenly where it is short."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    low, high = axes.get_xlim()
    short, long = high < 5 * low, high > 1e3 * low
    powers = LogLocator(numticks=8) if long else LogLocator(subs=(1, 2, 5), numticks=12)
    axes.xaxis.set_major_locator(MaxNLocator(6) if short else powers)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())


def _alt(title: str, rows: pd.DataFrame) -> str:
    counts = Counter(rows["status"])
    found = listed([f"{counts[status]} {status}" for status in STYLES if counts[status]])
    estimates = rows["estimate"].to_numpy(dtype=float)
    low, high = (rounded(float(value)).write() for value in (estimates.min(), estimates.max()))
    claims = ", ".join(dict.fromkeys(rows["claim_id"]))
    many = f"{len(rows)} {'criterion' if len(rows) == 1 else 'criteria'} of {claims}"
    return f"{title}: {many}; {found}. Estimates from {low} to {high}; all are in the tables below."


def _notes(results: Results, rows: pd.DataFrame) -> Iterator[str]:
    """Where the numbers come from: the runs behind the claims."""
    if rows["notes"].str.contains("diverged").any():
        yield "Where a seed diverged, the estimate is that of the others; the status counts what diverged."
    claims, measured = results.claims, results.measurements
    runs = sorted(
        {run for text in claims.loc[claims["claim_id"].isin(rows["claim_id"]), "runs"] for run in text.split()}
    )
    yield from record_notes(results.of(runs), measured.loc[measured["run"].isin(runs)])
