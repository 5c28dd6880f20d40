from io import StringIO

import pytest
from made_criteria import criteria_frame, criterion
from rich.console import Console

from ctbench.judge import Verdicts, read_claims, read_criteria
from ctbench.judge.compare import compare
from ctbench.judge.listing import with_seeds_for
from ctbench.report.terminal import claims_table, compared_table, criteria_table, of_paper, runs_frame, runs_table
from ctbench.spec.errors import UserError


def printed(renderable, width: int) -> str:
    console = Console(width=width, record=True, file=StringIO(), color_system=None)
    console.print(renderable)
    return console.export_text()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_claims_fit_the_terminal(written, width: int) -> None:
    text = printed(claims_table(read_claims(written / "claims.csv")), width)
    assert max(map(len, text.splitlines())) <= width
    for words in ("C-1", "K-1", "◐ partly reproduced", "reduced", "[−6.42, −4.70]", "2.4", "3 claims: 1 partly"):
        assert words in text


def test_claims_of_one_paper(written) -> None:
    text = printed(claims_table(of_paper(read_claims(written / "claims.csv"), "koopman")), 120)
    assert "K-1" in text and "C-1" not in text


def test_an_unknown_paper_is_refused(written) -> None:
    with pytest.raises(UserError, match="Did you mean 'cgnn'"):
        of_paper(read_claims(written / "claims.csv"), "cgn")


@pytest.mark.parametrize("width", [80, 120])
def test_runs_fit_the_terminal(written, width: int) -> None:
    text = printed(runs_table(written), width)
    assert max(map(len, text.splitlines())) <= width
    for words in ("run-cgnn", "2 min 5 s", "done", "3 of 3 runs done"):
        assert words in text


def test_runs_of_the_plan_that_are_not_done(fresh) -> None:
    (fresh / "plan.txt").write_text("run-cgnn\nrun-later\n")
    text = printed(runs_table(fresh), 120)
    assert "1 of 2 runs done" in text and "to do" in text and "run-gcn" not in text


@pytest.mark.parametrize("width", [80, 100, 120, 200])
def test_criteria_fit_the_terminal(written, width: int) -> None:
    frame = read_criteria(written / "criteria.csv")
    text = printed(criteria_table(with_seeds_for(frame, 0.5)), width)
    assert max(map(len, text.splitlines())) <= width
    ran = frame.loc[frame["status"] != "not run"]
    assert f"{len(ran)} of {len(frame)} criteria ran" in text and "for ±" in text
    assert "for ±" not in printed(criteria_table(frame), width)
    assert all(status in text for status in ran["status"])
    assert ("detectable" in text) == ("0.85 %" in text) == (width >= 100)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_long_criteria_leave_room_for_the_status(width: int) -> None:
    long = {"estimate": 5.005e-5, "low": 5.004e-5, "high": 5.006e-5, "lower": 5.0041e-5, "upper": 5.0061e-5}
    row = criterion("dt as released: error " * 4, "equals", "fail", unit="relative", n=22369620, **long)
    text = printed(criteria_table(with_seeds_for(criteria_frame(row), 0.5)), width)
    assert "status" in text and "fail" in text and "22369620" in text


def test_two_folders_are_compared(written) -> None:
    verdicts = Verdicts(read_claims(written / "claims.csv"), read_criteria(written / "criteria.csv"))
    other = Verdicts(verdicts.claims.assign(verdict="not run"), verdicts.criteria.assign(status="not run"))
    same, differ = (printed(compared_table(compare(verdicts, b), "old", "new"), 120) for b in (verdicts, other))
    assert "A = old, B = new: 0 of 1 verdicts differ" in same and "the same number" in same
    assert "1 of 1 verdicts differ" in differ and "no number in both" in differ and "-> not run" in differ


def test_all_that_was_found_of_a_claim_or_its_beginning(written) -> None:
    frame = read_claims(written / "claims.csv")
    assert "not run: third; fourth" in " ".join(printed(claims_table(frame, whole=True), 200).split())
    assert "no experiment yet" not in printed(claims_table(frame), 200)


def test_runs_as_rows(written) -> None:
    rows = runs_frame(written).set_index("run")
    assert rows.loc["run-cgnn", "wall_seconds"] == 125.2 and rows.loc["run-cgnn", "dirty"]
    assert rows["done"].all()
