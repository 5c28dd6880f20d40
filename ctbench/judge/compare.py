"""Two folders of results, claim by claim: did another model, machine or commit change a verdict?"""

from __future__ import annotations

from collections.abc import Iterator
from math import exp, log, nan
from typing import Any

import pandas as pd

from ctbench.judge.statistics import Estimate, welch_interval
from ctbench.judge.tables import typed
from ctbench.judge.verdicts import Verdicts

DTYPES: dict[str, str] = {
    "claim_id": "string",
    "paper": "string",
    "verdict_a": "string",
    "verdict_b": "string",
    "changed": "boolean",
    "criterion": "string",
    "unit": "string",
    "a": "float64",
    "b": "float64",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "n_a": "Int64",
    "n_b": "Int64",
    "statuses": "string",
}


def compare(a: Verdicts, b: Verdicts) -> pd.DataFrame:
    """One row for every claim of either folder, in the order of `a`.

    `a`, `b` and `difference` (b - a with its 95 % interval; for a ratio, b / a) are those of the first criterion that
    both folders judged by the same rule; `statuses` names every criterion whose status changed.
    """
    ids = list(dict.fromkeys([*a.claims["claim_id"], *b.claims["claim_id"]]))
    tables = [_by_claim(table) for table in (a.claims, b.claims, a.criteria, b.criteria)]
    return typed([_row(claim, *(table.get(claim, []) for table in tables)) for claim in ids], DTYPES)


def _by_claim(table: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in table.to_dict("records"):
        found.setdefault(str(row["claim_id"]), []).append({str(key): value for key, value in row.items()})
    return found


Rows = list[dict[str, Any]]


def _row(claim_id: str, claim_a: Rows, claim_b: Rows, criteria_a: Rows, criteria_b: Rows) -> dict[str, Any]:
    verdicts = [claim[0]["verdict"] if claim else "no such claim" for claim in (claim_a, claim_b)]
    rules = {(row["label"], row["rule"]): row for row in criteria_b}
    pairs = [(row, rules[key]) for row in criteria_a if (key := (row["label"], row["rule"])) in rules]
    both = [pair for pair in pairs if "not run" not in (pair[0]["status"], pair[1]["status"])]
    return {
        "claim_id": claim_id,
        "paper": [*claim_a, *claim_b][0]["paper"],
        "verdict_a": verdicts[0],
        "verdict_b": verdicts[1],
        "changed": verdicts[0] != verdicts[1],
        "statuses": "; ".join(_changes(pairs)),
        **(_numbers(*both[0]) if both else {}),
    }


def _changes(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> Iterator[str]:
    for a, b in pairs:
        if a["status"] != b["status"]:
            yield f"{a['label']}: {a['status']} -> {b['status']}"


def _numbers(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    ratio = a["unit"] == "ratio" and min(a["estimate"], b["estimate"]) > 0
    found = [_estimate(row, ratio) for row in (a, b)]
    difference = welch_interval(found[0], a["n"], found[1], b["n"])
    shown = Estimate(*map(exp, difference)) if ratio else difference
    return {
        "criterion": a["label"],
        "unit": a["unit"],
        "a": a["estimate"],
        "b": b["estimate"],
        "difference": shown.mean,
        "low": shown.low,
        "high": shown.high,
        "n_a": a["n"],
        "n_b": b["n"],
    }


def _estimate(row: dict[str, Any], ratio: bool) -> Estimate:
    """On the scale of the test. The interval of a monotone rule is simultaneous over its steps, no 95 % interval."""
    mean, low, high = (log(row[key]) if ratio and row[key] > 0 else row[key] for key in ("estimate", "low", "high"))
    return Estimate(mean, low, high) if row["kind"] != "monotone" else Estimate(mean, nan, nan)
