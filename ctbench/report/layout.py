"""What a paper's tables and figures show, as data: `ctbench/papers/<paper>/report.yaml`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import pandas as pd
from pydantic import Field, FiniteFloat

from ctbench.spec import files
from ctbench.spec.errors import UserError, unknown
from ctbench.spec.frozen import Frozen, validated

PAPERS = Path(__file__).resolve().parents[1] / "papers"

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$")]
Category = Literal["dataset", "model", "solver", "metric"]
Abscissa = Literal["x", "steps", "dataset", "model", "solver"]
Filter = Literal["experiment", "dataset", "model", "solver", "metric", "steps", "x", "scale"]
Atom = str | int | float
Published = Annotated[tuple[int | FiniteFloat, ...], Field(min_length=1, max_length=2)]
"""A whole number is a count; what has decimals is printed with one at least."""


class Selected(Frozen):
    """A named part of the measurements. `labels` names their values in words, and their order is the order shown."""

    name: Name
    title: str
    select: dict[Filter, Atom | tuple[Atom, ...]]
    labels: dict[str, str] = Field(default_factory=dict)

    def chosen(self, measurements: pd.DataFrame, paper: str) -> pd.DataFrame:
        """The measurements of `paper` that `select` names."""
        keep = measurements["paper"] == paper
        for column, wanted in self.select.items():
            values = wanted if isinstance(wanted, tuple) else (wanted,)
            keep &= measurements[column].isin(values)
        return measurements.loc[keep.fillna(False).astype(bool)]

    def with_own(self, words: Mapping[str, str]) -> Self:
        """The same, with words for rows that the paper does not have; they stand below those that it has."""
        return self.model_copy(update={"labels": {**self.labels, **words}})

    def label(self, value: object) -> str:
        """The words for a value of a column; the value itself where there are none."""
        text = plain(value)
        return self.labels.get(text, text)

    def ordered(self, rows: pd.DataFrame, column: str, also: Iterable[str] = ()) -> list[Any]:
        """The values in a column, and `also`: those with a label in the order of the labels, then the others sorted."""
        known = {label: place for place, label in enumerate(self.labels)}
        found = {*rows.loc[rows[column].notna(), column], *also}
        return sorted(found, key=lambda value: (known.get(plain(value), len(known)), _rank(value)))


class Elsewhere(Frozen):
    """What others found for the row `row`; shown below it."""

    row: str
    label: str
    values: dict[str, Published]


class TableLayout(Selected):
    """Rows by columns of one metric, mean over seeds, beside the paper's numbers.

    `select` chooses from the results or, with `table: timings`, from what clocks said. `published` gives, by row and
    column, the paper's number and its standard deviation; such a row is shown even where nothing of it was measured.
    Each group of rows `apart` was measured on data of its own; the best set is found in it, and among the others.
    """

    table: Literal["measurements", "timings"] = "measurements"
    rows: Category = "model"
    columns: Category = "dataset"
    corner: str = ""
    unit: str = ""
    better: Literal["larger", "smaller"] | None = "larger"
    published: dict[str, dict[str, Published]] = Field(default_factory=dict)
    apart: tuple[tuple[str, ...], ...] = ()
    others: tuple[Elsewhere, ...] = ()
    note: str = ""


class Reference(Frozen):
    """Numbers of the authors, drawn in grey: a csv beside the layout, or what a table of the layout has as published.

    The csv has `value`, `low`, `high`, the abscissa, and the columns that name the panel.
    """

    file: Annotated[str, Field(pattern=r"^[a-z0-9_]+\.csv$")] | None = None
    table: Name | None = None
    label: str


class Mark(Frozen):
    """A vertical line at the number that `pattern` finds in the value of `column`."""

    column: Category
    pattern: str
    label: str


class FigureLayout(Selected):
    """A grid of panels: lines over an abscissa (centre and band over seeds), a point per seed and the mean, or a plane.

    On the plane every row is a point beside the unit circle, its column `x` the real part, its value the imaginary one.

    Or single solutions: `path` draws the value against `x` in the order of the rows, one line a seed; `forecast` draws
    the metrics `*_low`, `*_high` (a band), `*_mean`, `*_true` and `*_seen` of one seed.

    `select` chooses from the results or, with `table: curves`, from the history over training. The abscissa is the
    column `x`, or what a clock said: `against` names a metric of the timings, such as `train_seconds`. `bars` names a
    metric whose mean over seeds is drawn as error bars of the lines: a spread of another kind than that over seeds.
    Panels have one ordinate, unless `sharey` is false: where their units differ.
    """

    caption: str
    table: Literal["measurements", "curves"] = "measurements"
    kind: Literal["line", "points", "plane", "path", "forecast"] = "line"
    x: Abscissa | None = None
    against: Name | None = None
    hue: Category | None = None
    bars: Name | None = None
    row: Category | None = None
    col: Category | None = None
    centre: Literal["mean", "median"] = "mean"
    xscale: Literal["linear", "log"] = "linear"
    yscale: Literal["linear", "log"] = "linear"
    sharey: bool = True
    xlabel: str
    ylabel: str
    reference: Reference | None = None
    mark: Mark | None = None

    @property
    def abscissa(self) -> str:
        """The column drawn to the right; named as the metric where a clock measured it."""
        return self.against or str(self.x)

    def fitting(self, rows: pd.DataFrame) -> Self:
        """The same, but points beside each other where lines over one abscissa alone would be points on each other."""
        if self.kind != "line" or not self.x or not self.hue or self.reference or len({*rows[self.x]}) > 1:
            return self
        axis = f"{self.xlabel}: {plain(float(rows[self.x].iloc[0]))}"
        points = {"kind": "points", "x": self.hue, "hue": None, "bars": None, "mark": None, "xscale": "linear"}
        return self.model_copy(update={**points, "xlabel": axis})


class PaperLayout(Frozen):
    """The tables and figures of one paper."""

    tables: tuple[TableLayout, ...] = ()
    figures: tuple[FigureLayout, ...] = ()


def load_layout(folder: Path) -> PaperLayout:
    """The layout of the paper in `folder`; empty without a `report.yaml`. Raises UserError if the file is wrong."""
    path = folder / "report.yaml"
    if not path.exists():
        return PaperLayout()
    layout = validated(PaperLayout, read_yaml(path), str(path))
    names = [item.name for item in (*layout.tables, *layout.figures)]
    if twice := sorted({name for name in names if names.count(name) > 1 or name == "claims"}):
        raise UserError(f"{path}: the name {twice[0]!r} is taken.")
    for figure in layout.figures:
        _check_abscissa(figure, f"{path}: {figure.name}")
        if figure.reference:
            _check_reference(figure.reference, layout, folder, f"{path}: {figure.name}: reference")
    return layout


def _check_abscissa(figure: FigureLayout, where: str) -> None:
    if (figure.x is None) == (figure.against is None):
        raise UserError(f"{where}: expected either `x` or `against`.")
    if figure.against and (figure.kind != "line" or figure.mark):
        raise UserError(f"{where}: `against` needs `kind: line` and no `mark`, whose number would be read as seconds.")


def _check_reference(reference: Reference, layout: PaperLayout, folder: Path, where: str) -> None:
    if (reference.file is None) == (reference.table is None):
        raise UserError(f"{where}: expected either `file` or `table`.")
    if reference.file and not (folder / reference.file).exists():
        raise UserError(f"{where}: there is no file {folder / reference.file}.")
    if reference.table and reference.table not in {table.name for table in layout.tables}:
        raise unknown("table", reference.table, [table.name for table in layout.tables], where=where)


def read_yaml(path: Path) -> Any:
    """The content, or an empty mapping. Raises UserError if the file is missing, not YAML or says a key twice."""
    return files.read_yaml(path) or {}


def paper_head(folder: Path) -> Mapping[str, Any]:
    """Title, authors, arXiv number and year from the head of `claims.yaml`; empty without the file."""
    path = folder / "claims.yaml"
    content = read_yaml(path) if path.exists() else {}
    return {key: content[key] for key in ("title", "authors", "arxiv", "year") if content.get(key)}


def plain(value: object) -> str:
    """A value of a column as the key of a label: 0.1 is '0.1' and 10.0 is '10'."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _rank(value: object) -> tuple[int, float, str]:
    return (0, float(value), "") if isinstance(value, (int, float)) else (1, 0.0, str(value))
