"""One row of `criteria.csv` for every criterion: which orderings hold, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ctbench.judge.claims import Claim
from ctbench.judge.criteria import Criterion, OfRatio
from ctbench.judge.outcome import Outcome
from ctbench.judge.tables import read_table, typed

DTYPES: dict[str, str] = {
    "claim_id": "string",
    "paper": "string",
    "label": "string",
    "kind": "string",
    "rule": "string",
    "estimate": "float64",
    "low": "float64",
    "high": "float64",
    "boot_low": "float64",
    "boot_high": "float64",
    "unit": "string",
    "lower": "float64",
    "upper": "float64",
    "n": "Int64",
    "p": "float64",
    "p_holm": "float64",
    "smallest_detectable": "float64",
    "needed": "Int64",
    "status": "string",
    "notes": "string",
}

Judged = tuple[Criterion, Outcome]
"""A criterion and what it found."""


def criteria_table(judged: Iterable[tuple[Claim, list[Judged]]]) -> pd.DataFrame:
    """The criteria table: one row per criterion, in the order of the claims; also those without measurements.

    `low` and `high` are the ends of the 95 % interval, `boot_low` and `boot_high` those of the bootstrap's, `lower` and
    `upper` those of the claimed region, all in `unit`.
    """
    return typed(list(_rows(judged)), DTYPES)


def read_criteria(path: Path) -> pd.DataFrame:
    """Reads the criteria table. Raises UserError if the file is missing, broken or has other columns."""
    return read_table(path, DTYPES, "criteria")


def _rows(judged: Iterable[tuple[Claim, list[Judged]]]) -> Iterator[dict[str, Any]]:
    for claim, members in judged:
        for criterion, outcome in members:
            yield {"claim_id": claim.id, "paper": claim.paper, **_asked(criterion), **_found(criterion, outcome)}


def _asked(criterion: Criterion) -> dict[str, Any]:
    return {
        "label": criterion.label,
        "kind": criterion.kind,
        "rule": criterion.rule,
        "lower": criterion.region.low,
        "upper": criterion.region.high,
    }


def _found(criterion: Criterion, outcome: Outcome) -> dict[str, Any]:
    run = outcome.status != "not run"
    return {
        "estimate": outcome.estimate,
        "low": outcome.ci_low,
        "high": outcome.ci_high,
        "boot_low": outcome.boot_low,
        "boot_high": outcome.boot_high,
        "unit": "ratio" if isinstance(criterion, OfRatio) else outcome.unit,
        "n": outcome.n if run else None,
        "p": outcome.p,
        "p_holm": outcome.p_holm,
        "smallest_detectable": outcome.detectable,
        "needed": outcome.needed if outcome.status == "unresolved" and outcome.needed > outcome.n else None,
        "status": outcome.status,
        "notes": "; ".join(part for part in (outcome.about, *outcome.notes) if part),
    }
