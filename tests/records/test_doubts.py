import json
from pathlib import Path

import pandas as pd
import pytest

from ctbench.records import measurements
from ctbench.records.doubts import doubts, refuse
from ctbench.records.provenance import code
from ctbench.spec.errors import UserError

CLEAN = {"commit": "0123abcd", "dirty": False, "lock": code()["lock"]}


def folder(tmp_path: Path, seeds: tuple[int, ...] = (0, 1, 2, 3), **provenance: object) -> Path:
    run = tmp_path / "runs" / "run-a"
    run.mkdir(parents=True)
    (tmp_path / "plan.txt").write_text("run-a\n")
    (run / "spec.json").write_text(json.dumps({"seeds": seeds}))
    (run / "provenance.json").write_text(json.dumps(CLEAN | provenance))
    (run / "record.json").write_text("{}")
    return tmp_path


def rows(*seeds: int | None) -> pd.DataFrame:
    return measurements.table([{"run": "run-a", "metric": "m", "value": 1.0, "seed": seed} for seed in seeds])


def test_nothing_speaks_against_a_clean_and_whole_record(tmp_path: Path) -> None:
    found = doubts(folder(tmp_path), rows(0, 1, 2, 3))
    assert found == {}
    refuse(found)


@pytest.mark.parametrize(
    "provenance, reason",
    [
        ({"dirty": True}, "uncommitted changes"),
        ({"commit": "unknown"}, "unknown code"),
        ({"lock": "feedfacecafe"}, f"lock file feedfacecafe, here {CLEAN['lock']}"),
        ({"lock": None}, f"lock file unknown, here {CLEAN['lock']}"),
    ],
)
def test_where_a_record_comes_from(tmp_path: Path, provenance: dict, reason: str) -> None:
    found = doubts(folder(tmp_path, **provenance), rows(0, 1, 2, 3))
    assert len(found) == 1 and reason in next(iter(found)) and next(iter(found.values())) == ["run-a"]
    with pytest.raises(UserError, match=f"--strict: .*{reason}: run-a. Commit"):
        refuse(found)


def test_half_of_the_seeds_are_missing(tmp_path: Path) -> None:
    assert doubts(folder(tmp_path), rows(0, 2)) == {"measurements of 2 of 4 seeds": ["run-a"]}


def test_deterministic_results_have_no_seeds_to_miss(tmp_path: Path) -> None:
    assert doubts(folder(tmp_path), rows(None)) == {}


def test_planned_runs_without_a_record_are_named_the_first_three(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "plan.txt").write_text("run-a b c d e\n")
    found = doubts(tmp_path, rows(0, 1, 2, 3))
    assert found == {"no record": ["b", "c", "d", "e"]}
    with pytest.raises(UserError, match="no record: b, c, d and 1 more"):
        refuse(found)


def test_a_broken_provenance_is_named(tmp_path: Path) -> None:
    (folder(tmp_path) / "runs" / "run-a" / "provenance.json").write_text("{")
    with pytest.raises(UserError, match=r"provenance\.json: not valid JSON"):
        doubts(tmp_path, rows(0))
