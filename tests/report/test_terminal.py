from io import StringIO

import pytest
from rich.console import Console

from ctbench.judge import read_claims
from ctbench.report.terminal import claims_table, runs_table
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
    text = printed(claims_table(read_claims(written / "claims.csv"), "koopman"), 120)
    assert "K-1" in text and "C-1" not in text


def test_an_unknown_paper_is_refused(written) -> None:
    with pytest.raises(UserError, match="Did you mean 'cgnn'"):
        claims_table(read_claims(written / "claims.csv"), "cgn")


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
