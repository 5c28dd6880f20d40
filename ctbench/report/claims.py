"""The claims table as a sheet, and the words and signs of a verdict."""

from __future__ import annotations

import re
from math import isnan, nan
from typing import NamedTuple

import pandas as pd

from ctbench.report.numbers import interval, rounded
from ctbench.report.sheet import Cell, Column, Sheet

SIGNS: dict[str, str] = {
    "reproduced": "✓",
    "partly reproduced": "◐",
    "not reproduced": "✗",
    "inconclusive": "?",
    "not run": "○",
    "proof only": "∎",
    "no source": "∅",
}
MEANING: dict[str, str] = {
    "reproduced": "every criterion that ran holds",
    "partly reproduced": "some criteria hold, others do not",
    "not reproduced": "the measurements speak against it",
    "inconclusive": "measured, but the interval leaves it open",
    "not run": "no measurement in this preset",
    "proof only": "a theorem that no experiment can settle",
    "no source": "what it rests on is not available",
}
_BETWEEN_PARTS = re.compile(r"; (?![^()]*\))")
JUDGED = ("reproduced", "partly reproduced", "not reproduced", "inconclusive")


class Claim(NamedTuple):
    """One row of `claims.csv`, in words."""

    id: str
    paper: str
    statement: str
    experiment: str
    quantity: str
    published: str
    published_source: str
    measured: str
    n: str
    criteria: str
    verdict: str
    sign: str
    scale: str
    detail: str
    runs: list[str]
    number: float | None = None
    paper_number: float | None = None

    @property
    def judged(self) -> bool:
        return self.verdict in JUDGED

    @property
    def found(self) -> list[str]:
        """The parts of `detail`, which semicolons outside of brackets divide."""
        return [part for part in _BETWEEN_PARTS.split(self.detail) if part]


def claims(frame: pd.DataFrame) -> list[Claim]:
    """The rows in their order; empty words where the table says nothing."""
    return [_claim(row) for row in frame.to_dict("records")]


def sheet(frame: pd.DataFrame, preset: str) -> Sheet:
    """All claims, as a table for a paper or a web page."""
    names = ("claim", "statement", "paper", "measured [95 % interval]", "n", "verdict", "scale")
    rows = [(c.id, c.statement, c.published, c.measured, c.n, f"{c.verdict}", c.scale) for c in claims(frame)]
    records = pd.DataFrame(rows, columns=["claim_id", "statement", "paper_value", "shown", "n", "verdict", "scale"])
    return Sheet(
        name="claims",
        title=f"Claims and verdicts, preset {preset}",
        columns=tuple(Column("", name) for name in names),
        rows=tuple(tuple(Cell(text) for text in row) for row in rows),
        notes=tuple(f"{word}: {meaning}." for word, meaning in MEANING.items() if word in set(frame["verdict"])),
        records=records,
    )


def _claim(row: dict) -> Claim:
    text = {key: "" if pd.isna(value) else str(value) for key, value in row.items()}
    return Claim(
        id=text["claim_id"],
        paper=text["paper"],
        statement=text["statement"],
        experiment=text["experiment"],
        quantity=text["quantity"],
        published=_number(row["paper_value"]),
        published_source=text["paper_source"],
        measured="" if isnan(_finite(row["measured"])) else _measured(row),
        n=text["n"],
        criteria=text["criterion"],
        verdict=text["verdict"],
        sign=SIGNS.get(text["verdict"], "?"),
        scale=text["scale"],
        detail=text["detail"],
        runs=text["runs"].split(),
        number=_known(row["measured"]),
        paper_number=_known(row["paper_value"]),
    )


def _measured(row: dict) -> str:
    low, high = (_finite(row[key]) for key in ("ci_low", "ci_high"))
    return interval(float(row["measured"]), low, high)


def _finite(value: object) -> float:
    return nan if value is None or value is pd.NA else float(str(value))


def _known(value: object) -> float | None:
    return None if isnan(number := _finite(value)) else number


def _number(value: object) -> str:
    return "" if isnan(number := _finite(value)) else rounded(number).write()
