"""What speaks against a folder of results: records that are missing, incomplete, or could not be made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ctbench.records.provenance import code
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json

NO_RECORD = "no record"
"""What speaks against a run that is planned and not done."""


def doubts(results: Path, rows: pd.DataFrame) -> dict[str, list[str]]:
    """The runs of the plan by what speaks against them; empty if nothing does.

    `rows` are the measurements of the records. Raises UserError if a file of a record is not JSON.
    """
    found: dict[str, list[str]] = {}
    seeds = rows.dropna(subset=["seed"]).groupby("run")["seed"].unique().to_dict()
    for run in (results / "plan.txt").read_text(encoding="utf-8").split():
        folder = results / "runs" / run
        reasons = _reasons(folder, set(seeds.get(run, ()))) if (folder / "record.json").exists() else [NO_RECORD]
        for reason in reasons:
            found.setdefault(reason, []).append(run)
    return found


def refuse(found: dict[str, list[str]]) -> None:
    """Raises UserError if anything speaks against the records, naming the runs."""
    if found:
        listed = "; ".join(f"{reason}: {', '.join(runs[:3])}{_more(runs)}" for reason, runs in found.items())
        raise UserError(f"--strict: {listed}. Commit, install from requirements.lock and run these again.")


def _more(runs: list[str]) -> str:
    return f" and {len(runs) - 3} more" if len(runs) > 3 else ""


def _reasons(folder: Path, measured: set[int]) -> list[str]:
    made, here = _optional(folder / "provenance.json"), code()["lock"]
    reasons = []
    if made.get("dirty"):
        reasons.append("made from a tree with uncommitted changes")
    if made.get("commit") in (None, "unknown"):
        reasons.append("made by unknown code")
    if (lock := made.get("lock")) != here:
        reasons.append(f"made with lock file {lock or 'unknown'}, here {here}")
    wanted = set(_optional(folder / "spec.json").get("seeds") or ())
    if measured and (absent := wanted - measured):
        reasons.append(f"measurements of {len(wanted) - len(absent)} of {len(wanted)} seeds")
    return reasons


def _optional(path: Path) -> dict[str, Any]:
    content = read_json(path) if path.exists() else {}
    return content if isinstance(content, dict) else {}
