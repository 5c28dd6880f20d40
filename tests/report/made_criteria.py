"""Made-up rows of the criteria table."""

import pandas as pd

from ctbench.judge.listing import DTYPES


def criterion(label, kind="greater", status="pass", **numbers):
    base = {"claim_id": "C-1", "paper": "cgnn", "label": label, "kind": kind, "rule": f"[a] - [b] of {label}"}
    unit = "ratio" if kind.startswith("ratio") else "%"
    return base | {"unit": unit, "lower": 0, "n": 8, "notes": "", "status": status} | numbers


def criteria_frame(*rows):
    return pd.DataFrame(rows).reindex(columns=list(DTYPES)).astype(DTYPES)


CRITERIA = (
    criterion("Cora: a; b", "equivalent", estimate=-5.5612, low=-6.42, high=-4.7, lower=-7, upper=7, p_holm=0.00004),
    criterion("second", status="fail", estimate=0.1, p_holm=0.25, smallest_detectable=0.853, notes="all <finite>"),
    criterion("third; fourth", status="not run", n=None, notes="no measurements of [a]"),
    criterion("fifth", "ratio_above", "unresolved", estimate=1.2, low=0.9, high=1.6, lower=1, smallest_detectable=1.4),
)
