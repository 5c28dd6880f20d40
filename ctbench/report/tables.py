"""Tables of measurements: mean over seeds with its 95 % interval, beside the paper's numbers, the best set in bold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from ctbench.report.layout import Published, TableLayout
from ctbench.report.notes import record_notes
from ctbench.report.numbers import Shown, rounded
from ctbench.report.sheet import Cell, Column, Sheet
from ctbench.report.sources import Results
from ctbench.spec.errors import UserError

RECORDS = {
    "row": "string",
    "column": "string",
    "source": "string",
    "mean": "float64",
    "half_width": "float64",
    "n": "Int64",
    "diverged": "Int64",
    "best": "boolean",
    "shown": "string",
}
"""Columns of a table's csv. `half_width` is that of our 95 % interval; of others, the standard deviation they give."""

BEST = "Bold: the best set, all that cannot be told from the best mean (paired by seed, Holm-adjusted, level 0.05)."
NONE_TOLD = "No bold: nothing here can be told from the best (paired by seed, Holm; fewer than six seeds never can)."


@dataclass(frozen=True)
class Summary:
    """One cell's seeds."""

    mean: float
    half: float
    n: int
    diverged: int

    @property
    def shown(self) -> Shown:
        return rounded(self.mean, self.half)


def table(layout: TableLayout, results: Results, paper: str) -> Sheet | None:
    """The table that `layout` describes; None if nothing of it was measured.

    Raises UserError if the selection leaves more than one number per cell and seed, or if a file of timings that it
    needs is broken.
    """
    measured = results.timings if layout.table == "timings" else results.measurements
    rows = layout.chosen(measured, paper).dropna(subset=[layout.rows, layout.columns])
    if rows.empty:
        return None
    _unique(layout, rows, paper)
    return _Maker(layout, rows, results).sheet()


class _Maker:
    def __init__(self, layout: TableLayout, rows: pd.DataFrame, results: Results) -> None:
        self.layout, self.results, self.measured = layout, results, rows
        self.columns = layout.ordered(rows, layout.columns)
        quoted = [row for row, numbers in layout.published.items() if numbers.keys() & set(self.columns)]
        self.rows = layout.ordered(rows, layout.rows, quoted)
        self.cells = {
            (str(row), str(column)): summary(group["value"].to_numpy(dtype=float))
            for row in self.rows
            for column in self.columns
            if len(group := _cell(rows, layout, row, column))
        }
        self.usual = max((n := [s.n + s.diverged for s in self.cells.values()]), key=lambda size: (n.count(size), size))
        self.best = {(r, c) for group in self._groups() for c in self.columns for r in _best(group, layout, c)}
        self.told = self.best != set(self.cells)

    def _groups(self) -> Iterator[pd.DataFrame]:
        """The measurements of rows that were measured on the same data."""
        names, apart = self.measured[self.layout.rows], self.layout.apart
        yield self.measured.loc[~names.isin([row for group in apart for row in group])]
        yield from (self.measured.loc[names.isin(group)] for group in apart)

    def sheet(self) -> Sheet:
        lines = [line for row in self.rows for line in self._lines(row)]
        quoted = frozenset(i for i, (is_quoted, _) in enumerate(lines) if is_quoted)
        records = pd.DataFrame(list(self._records())).reindex(columns=list(RECORDS)).astype(RECORDS)
        return Sheet(
            name=self.layout.name,
            title=self.layout.title,
            columns=tuple(self._headings()),
            rows=tuple(cells for _, cells in lines),
            notes=tuple(self._notes()),
            records=records,
            aside=quoted,
            about=frozenset(self.measured["experiment"]),
        )

    def _published(self, column: str) -> bool:
        ours = any(column in self.layout.published.get(row, {}) for row in self.rows)
        return ours or any(column in other.values for other in self.layout.others if other.row in self.rows)

    def _headings(self) -> Iterator[Column]:
        yield Column("", self.layout.corner or self.layout.rows)
        for column in self.columns:
            name = self.layout.label(column)
            yield Column(name, "measured")
            if self._published(column):
                yield Column(name, "paper")

    def _lines(self, row: str) -> Iterator[tuple[bool, tuple[Cell, ...]]]:
        cells = [Cell(self.layout.label(row))]
        for column in self.columns:
            cells.append(self._ours(row, column))
            if self._published(column):
                cells.append(_theirs(self.layout.published.get(row, {}).get(column)))
        yield False, tuple(cells)
        for other in self.layout.others:
            if other.row == row and other.values.keys() & set(self.columns):
                yield True, tuple(self._quoted(other.label, other.values))

    def _quoted(self, label: str, values: dict[str, Published]) -> Iterator[Cell]:
        yield Cell(label)
        for column in self.columns:
            yield Cell("")
            if self._published(column):
                yield _theirs(values.get(column), "")

    def _ours(self, row: str, column: str) -> Cell:
        found = self.cells.get((row, column))
        if found is None:
            return Cell("—")
        return Cell(found.shown, self._count(found), self.told and (row, column) in self.best)

    def _count(self, found: Summary) -> str:
        total = found.n + found.diverged
        parts = [f"n = {total}"] if total != self.usual else []
        parts += [f"{found.diverged} of {total} diverged"] if found.diverged and found.n else []
        return f"({', '.join(parts)})" if parts else ""

    def _records(self) -> Iterator[dict[str, Any]]:
        for row in self.rows:
            for column in self.columns:
                if found := self.cells.get((row, column)):
                    ours = {"mean": found.mean, "half_width": found.half, "n": found.n, "diverged": found.diverged}
                    best = (row, column) in self.best
                    yield {
                        "row": row,
                        "column": column,
                        "source": "measured",
                        **ours,
                        "best": best,
                        "shown": found.shown.write(),
                    }
                yield from self._record(row, column, "paper", self.layout.published.get(row, {}).get(column))
                for other in self.layout.others:
                    if other.row == row:
                        yield from self._record(row, column, other.label, other.values.get(column))

    def _record(self, row: str, column: str, source: str, numbers: Published | None) -> Iterator[dict[str, Any]]:
        if numbers:
            mean, half = numbers[0], numbers[1] if len(numbers) > 1 else nan
            shown = published(numbers).write()
            yield {"row": row, "column": column, "source": source, "mean": mean, "half_width": half, "shown": shown}

    def _notes(self) -> Iterator[str]:
        unit = f" in {self.layout.unit}" if self.layout.unit else ""
        yield f"Measured{unit}: mean ± half-width of the 95 % t interval over seeds; n = {self.usual} unless noted."
        if any(self._published(column) for column in self.columns):
            yield "Paper: the published number ± its standard deviation where given."
        if self.layout.better and len(self.rows) > 1:
            yield BEST if self.told else NONE_TOLD
        if self.layout.note:
            yield self.layout.note
        runs = self.results.of(self.measured["run"].dropna())
        yield from record_notes(runs, self.measured)


def summary(values: np.ndarray) -> Summary:
    """Mean and 95 % t interval of the finite values; NaN counts as diverged."""
    from ctbench.judge.statistics import t_interval

    finite = values[np.isfinite(values)]
    if not len(finite):
        return Summary(nan, nan, 0, len(values))
    mean, low, high = t_interval(finite)
    return Summary(mean, (high - low) / 2, len(finite), len(values) - len(finite))


def published(numbers: Published) -> Shown:
    """A paper's number with the digits it was printed with."""
    places = max(_places(number) for number in numbers)
    value, half = [*(f"{number:.{places}f}" for number in numbers), ""][:2]
    return Shown(value, half)


def _theirs(numbers: Published | None, absent: str = "—") -> Cell:
    return Cell(published(numbers)) if numbers else Cell(absent)


def _places(number: float) -> int:
    text = repr(number)
    if isinstance(number, int):
        return 0
    return 1 if "e" in text else max(1, len(text.split(".")[1]))


def _best(rows: pd.DataFrame, layout: TableLayout, column: str) -> tuple[str, ...]:
    from ctbench.judge.statistics import best_set

    here = rows.loc[(rows[layout.columns] == column) & rows["seed"].notna()]
    values = here.pivot(index="seed", columns=layout.rows, values="value").astype(float)
    measured = here.assign(value=1.0).pivot(index="seed", columns=layout.rows, values="value")
    shared = values.loc[measured.notna().all(axis=1)]
    if layout.better is None or shared.empty or len(shared.columns) < 2:
        return ()
    return best_set(shared, larger=layout.better == "larger")


def _cell(rows: pd.DataFrame, layout: TableLayout, row: str, column: str) -> pd.DataFrame:
    return rows.loc[(rows[layout.rows] == row) & (rows[layout.columns] == column)]


def _unique(layout: TableLayout, rows: pd.DataFrame, paper: str) -> None:
    keys = [layout.rows, layout.columns, "seed"]
    again = rows.loc[rows.duplicated(keys, keep=False)]
    if again.empty:
        return
    words = again.astype("string").fillna("")
    first = words.iloc[0]
    same = words.loc[(words[keys] == first[keys]).all(axis=1)]
    differ = [c for c in same.columns if c != "value" and len(same[c].unique()) > 1]
    raise UserError(
        f"{paper}/report.yaml: {layout.name}: more than one number for {', '.join(f'{k} {first[k]}' for k in keys)}; "
        f"they differ in {', '.join(differ) or 'nothing'}. Narrow `select`."
    )
