from pathlib import Path

import pytest

from ctbench.judge import read_claims
from ctbench.report.readme import README, REFERENCE, updated
from ctbench.spec.errors import UserError

ROOT = Path(__file__).resolve().parents[2]


def test_the_readme_says_what_the_reference_results_say() -> None:
    text = (ROOT / README).read_text(encoding="utf-8")
    assert updated(text, read_claims(ROOT / REFERENCE / "claims.csv")) == text


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(UserError, match="expected the marks"):
        updated("# ctbench", read_claims(ROOT / REFERENCE / "claims.csv"))
