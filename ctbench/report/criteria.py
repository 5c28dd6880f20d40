"""The criteria table in words."""

from __future__ import annotations

from math import isnan
from typing import NamedTuple

import pandas as pd

from ctbench.report.numbers import interval, rounded
from ctbench.report.strip import Strip, strips

LEAST_P = 0.001
"""Below it, p is only said to be below."""


class Criterion(NamedTuple):
    """One row of `criteria.csv`, in words; empty where there is nothing to say."""

    label: str
    rule: str
    measured: str
    bootstrap: str
    required: str
    n: str
    p: str
    detectable: str
    status: str
    notes: str
    strip: Strip | None

    @property
    def run(self) -> bool:
        """Whether something was measured."""
        return self.status != "not run"


def criteria(frame: pd.DataFrame) -> dict[str, list[Criterion]]:
    """The criteria by claim, in their order."""
    return {
        str(claim): [criterion(row, strip) for row, strip in zip(rows.to_dict("records"), strips(rows), strict=True)]
        for claim, rows in frame.groupby("claim_id", sort=False)
    }


def criterion(row: dict, strip: Strip | None = None) -> Criterion:
    """One row of the table in words, and its drawing if it has one."""
    return Criterion(
        label=row["label"],
        rule=row["rule"],
        measured=_measured(row),
        bootstrap=_bootstrap(row),
        required=_required(row),
        n="" if pd.isna(row["n"]) else str(row["n"]),
        p=_p(row["p_holm"]),
        detectable=_detectable(row),
        status=row["status"],
        notes=row["notes"],
        strip=strip,
    )


def _measured(row: dict) -> str:
    shown = interval(row["estimate"], row["low"], row["high"])
    return "" if isnan(row["estimate"]) else _with(shown, row)


def _bootstrap(row: dict) -> str:
    """The interval alone; the estimate stands above it."""
    _, opened, ends = interval(row["estimate"], row["boot_low"], row["boot_high"]).partition("[")
    return opened + ends


def _required(row: dict) -> str:
    lower, upper = row["lower"], row["upper"]
    ratio = "ratio " if row["unit"] == "ratio" else ""
    if isnan(upper):
        return ratio + _with(f"{'≥' if row['kind'] == 'monotone' else '>'} {_number(lower)}", row)
    if isnan(lower):
        return ratio + _with(f"< {_number(upper)}", row)
    if lower == upper:
        return _with(f"= {_number(lower)}", row)
    return _with(f"within ±{_number(upper)}" if lower == -upper else f"{_number(lower)} to {_number(upper)}", row)


def _detectable(row: dict) -> str:
    """Two digits suffice; those of a factor are counted from 1 on."""
    size = row["smallest_detectable"]
    if isnan(size):
        return ""
    if row["unit"] == "ratio":
        return f"factor {1 + float(f'{size - 1:.2g}'):g}"
    return _with(_number(float(f"{size:.2g}")), row)


def _with(text: str, row: dict) -> str:
    """A number with its unit; ratios and pure numbers have none."""
    return text if row["unit"] in ("", "1", "ratio") else f"{text} {row['unit']}"


def _number(value: float) -> str:
    return rounded(value).write()


def _p(value: float) -> str:
    return "" if isnan(value) else f"< {LEAST_P:g}" if value < LEAST_P else f"{value:#.2g}"
