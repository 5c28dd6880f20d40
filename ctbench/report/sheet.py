"""A table before it has a format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from ctbench.report.numbers import Markup, Shown


@dataclass(frozen=True)
class Cell:
    """What stands in one field: words, or a number with an optional note such as '(n = 7)'."""

    content: str | Shown = ""
    note: str = ""
    best: bool = False

    def number(self, markup: Markup) -> str | None:
        """The number in a markup; None for words."""
        return self.content.write(markup) if isinstance(self.content, Shown) else None

    @property
    def text(self) -> str:
        content = self.content.write() if isinstance(self.content, Shown) else self.content
        return f"{content} {self.note}".strip()


class Column(NamedTuple):
    """A column's heading below the heading of its group."""

    group: str
    name: str

    @property
    def flat(self) -> str:
        return f"{self.group}, {self.name}" if self.group and self.name else self.group or self.name


@dataclass(frozen=True)
class Sheet:
    """One table: heading, rows of cells, footnotes, and the same numbers as records for the csv.

    `aside` are the numbers of the rows that quote others, `about` the experiments that it shows.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...]
    records: pd.DataFrame
    aside: frozenset[int] = frozenset()
    about: frozenset[str] = frozenset()

    @property
    def grouped(self) -> bool:
        return any(column.group and column.name for column in self.columns)

    @property
    def groups(self) -> list[tuple[str, int]]:
        """The upper heading: neighbouring columns of one group, with their number."""
        spans: list[tuple[str, int]] = []
        for column in self.columns:
            if spans and column.group and spans[-1][0] == column.group:
                spans[-1] = (column.group, spans[-1][1] + 1)
            else:
                spans.append((column.group, 1))
        return spans


def listed(words: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
