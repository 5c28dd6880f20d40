"""One row of `criteria.csv` for every criterion: which orderings hold, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite, log, log1p
from pathlib import Path
from typing import Any

import pandas as pd

from ctbench.judge.claims import Claim
from ctbench.judge.criteria import Criterion, OfRatio
from ctbench.judge.outcome import Outcome
from ctbench.judge.statistics import seeds_for_precision, spread_of
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

BESIDE = " (beside the claim)"
"""How the label of a criterion ends that has no say in the verdict."""

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


def with_seeds_for(table: pd.DataFrame, precision: float) -> pd.DataFrame:
    """The criteria table with a column `seeds_for`: how many seeds give a 95 % interval of ± `precision`.

    In the unit of the criterion; for a ratio, relative to it. Empty where there is no interval, or where that is
    simultaneous over steps.
    """
    seeds = [_seeds_for(row, precision) for row in table.to_dict("records")]
    return table.assign(seeds_for=pd.array(seeds, dtype="Int64"))


def _seeds_for(row: dict[Any, Any], precision: float) -> float | None:
    ratio = row["unit"] == "ratio"
    width = log(row["high"] / row["low"]) if ratio and row["low"] > 0 else row["high"] - row["low"]
    if row["kind"] == "monotone" or not isfinite(width):
        return None
    spread = spread_of(width / 2, row["n"])
    seeds = seeds_for_precision(spread, log1p(precision) if ratio else precision)
    return seeds if isfinite(seeds) else None


def _rows(judged: Iterable[tuple[Claim, list[Judged]]]) -> Iterator[dict[str, Any]]:
    for claim, members in judged:
        for criterion, outcome in members:
            yield {"claim_id": claim.id, "paper": claim.paper, **_asked(criterion), **_found(criterion, outcome)}


def _asked(criterion: Criterion) -> dict[str, Any]:
    return {
        "label": criterion.label + BESIDE if criterion.beside else criterion.label,
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
