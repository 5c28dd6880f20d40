"""What the command line says of judged results: to people, to machines, strictly, and of two folders."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from ctbench.cli import main
from ctbench.judge import read_claims, read_criteria
from ctbench.spec.config import PRESETS, read_yaml

TINY = {
    "preset": "smoke",
    "experiments": {**dict.fromkeys(read_yaml(PRESETS / "smoke.yaml")["experiments"]), "cgnn/propositions": {}},
}
RESULTS = Path("results/smoke")
Captured = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a configuration, one run and its verdicts."""
    folder = tmp_path_factory.mktemp("judged")
    with pytest.MonkeyPatch.context() as here:
        here.chdir(folder)
        Path("config.yaml").write_text(yaml.safe_dump(TINY))
        assert main(["plan", "--shell"]) == 0
        [spec] = RESULTS.glob("runs/*/spec.json")
        assert main(["run", str(spec)]) == 0 and main(["judge"]) == 0
    return folder


@pytest.fixture(autouse=True)
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Path:
    """A copy of it to work in."""
    shutil.copytree(made, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    capsys.readouterr()
    return tmp_path / "copy"


def said_to_a_machine(capsys: Captured, *arguments: str) -> Any:
    """What stands on standard output, which must be JSON and nothing else, without NaN."""

    def refuse(word: str) -> None:
        raise AssertionError(f"found {word}, which is not JSON")

    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=refuse)


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_claims_and_criteria_for_machines_are_those_of_the_files(capsys: Captured) -> None:
    claims = said_to_a_machine(capsys, "show", "claims")
    written = read_claims(RESULTS / "claims.csv")
    assert [claim["claim_id"] for claim in claims] == list(written["claim_id"])
    assert [claim["verdict"] for claim in claims] == list(written["verdict"])
    unmeasured = next(claim for claim in claims if claim["verdict"] == "not run")
    assert unmeasured["measured"] is None and unmeasured["n"] is None
    criteria = said_to_a_machine(capsys, "show", "criteria", "--paper", "cgnn")
    written = read_criteria(RESULTS / "criteria.csv")
    assert len(criteria) == (written["paper"] == "cgnn").sum()
    assert {row["paper"] for row in criteria} == {"cgnn"}


def test_a_run_for_machines_holds_its_files_and_numbers(capsys: Captured) -> None:
    [run] = said_to_a_machine(capsys, "show", "runs")
    one = said_to_a_machine(capsys, "show", "run", "propositions")
    [spec] = RESULTS.glob("runs/*/spec.json")
    assert run["run"] == spec.parent.name and one["spec"] == json.loads(spec.read_text())
    assert one["provenance"]["commit"] and one["measurements"]


def test_people_see_the_verdicts(capsys: Captured) -> None:
    assert main(["show", "claims", "--paper", "cgnn"]) == 0
    said = capsys.readouterr().out
    assert re.search(r"CGNN-C8 .*reproduced", said) and "not run" in said


def test_a_record_of_changed_code_is_flagged_and_strictly_refused(capsys: Captured) -> None:
    [provenance] = RESULTS.glob("runs/*/provenance.json")
    edit(provenance, dirty=True, lock="0123456789ab")
    before = (RESULTS / "claims.csv").read_bytes()
    assert main(["judge", "--strict"]) == 2
    refused = " ".join(capsys.readouterr().err.split())
    assert "--strict" in refused and provenance.parent.name in refused
    assert "made from a tree with uncommitted changes" in refused and "made with lock file 0123456789ab" in refused
    assert (RESULTS / "claims.csv").read_bytes() == before
    assert main(["judge"]) == 0
    assert "1 run: made from a tree with uncommitted changes" in capsys.readouterr().out
    assert main(["report"]) == 0
    page = (RESULTS / "report.html").read_text()
    assert "1 run made from a tree with uncommitted changes" in page and "lock file 0123456789ab" in page


def test_a_clean_record_is_strictly_accepted(capsys: Captured) -> None:
    [provenance] = RESULTS.glob("runs/*/provenance.json")
    edit(provenance, dirty=False)
    assert main(["judge", "--strict"]) == 0
    assert "uncommitted" not in capsys.readouterr().out


def test_two_folders_are_compared_claim_by_claim(capsys: Captured) -> None:
    other = RESULTS.with_name("other")
    shutil.copytree(RESULTS, other)
    same = said_to_a_machine(capsys, "compare", str(RESULTS), str(other))
    assert len(same) == len(read_claims(RESULTS / "claims.csv")) and not any(row["changed"] for row in same)
    claims = (other / "claims.csv").read_text()
    (other / "claims.csv").write_text(claims.replace(",reproduced,", ",not reproduced,", 1))
    [changed] = [row for row in said_to_a_machine(capsys, "compare", str(RESULTS), str(other)) if row["changed"]]
    assert (changed["verdict_a"], changed["verdict_b"]) == ("reproduced", "not reproduced")
    assert main(["compare", str(RESULTS), str(other)]) == 0
    assert changed["claim_id"] in capsys.readouterr().out


def test_a_folder_without_verdicts_cannot_be_compared(capsys: Captured) -> None:
    assert main(["compare", str(RESULTS), "nowhere"]) == 2
    assert "nowhere" in capsys.readouterr().err
