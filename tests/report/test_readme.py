"""What README, reference pages and docs say is what the records say."""

import re
from pathlib import Path

import pandas as pd
import pytest

from ctbench.judge import VERDICTS, read_claims
from ctbench.report.numbers import interval
from ctbench.report.readme import README, REFERENCE, page, pages, references, updated
from ctbench.report.sources import Run
from ctbench.spec.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
TABLES = references(ROOT)
INTERVAL = re.compile(r"[−-]?\d[\d.]* \\?\[[−-]?\d[\d.]*, [−-]?\d[\d.]*\\?\](?: × 10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)?")


def test_the_pages_are_what_the_records_make() -> None:
    for path, text in pages(ROOT):
        assert path.read_text(encoding="utf-8") == text, f"{path}: make it anew by `python -m ctbench.report.readme`"


def test_every_interval_in_readme_and_docs_is_one_of_the_records() -> None:
    rows = [row for frame in TABLES.values() for row in frame.to_dict("records") if pd.notna(row["measured"])]
    known = {interval(row["measured"], row["ci_low"], row["ci_high"]) for row in rows}
    for path in (ROOT / README, *ROOT.glob("docs/*.md")):
        quoted = set(INTERVAL.findall(path.read_text(encoding="utf-8")))
        assert quoted <= known, f"{path}: {quoted - known} is in no record"
    assert INTERVAL.fullmatch("−0.23 [−1.16, 0.69]") and INTERVAL.fullmatch("0.59 [0.07, 1.10] × 10⁻⁶")


def test_the_counts_in_the_readme_add_up() -> None:
    text = (ROOT / README).read_text(encoding="utf-8")
    block = text.partition("<!-- claims: begin -->")[2].partition("<!-- claims: end -->")[0]
    rows = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in block.splitlines() if "|" in line][2:]
    papers, (_, most, *totals) = rows[:-1], rows[-1]
    assert sum(int(row[1]) for row in papers) == int(most) and len(totals) == len(TABLES)
    for column, (total, frame) in enumerate(zip(totals, TABLES.values(), strict=True)):
        for verdict in VERDICTS:
            found = [number(verdict, row[2 + column]) for row in papers]
            assert sum(found) == number(verdict, total) == (frame["verdict"] == verdict).sum()


def number(verdict: str, cell: str) -> int:
    """The number before a verdict in `6 reproduced, 9 partly reproduced`."""
    return sum(int(part.partition(" ")[0]) for part in cell.split(", ") if part.partition(" ")[2] == verdict)


@pytest.mark.parametrize("preset", TABLES)
def test_a_page_has_every_claim(preset: str) -> None:
    folder = ROOT / REFERENCE / preset
    text = page(preset, folder, TABLES[preset])
    for claim in read_claims(folder / "claims.csv")["claim_id"]:
        assert f"**{claim}**" in text


def test_the_time_of_a_group_is_counted_once() -> None:
    seeds = {str(seed): {"wall_seconds": 12.0, "trained_together": 3} for seed in range(3)}
    assert Run("r", Path(), provenance={"wall_seconds": 0.1, "seeds": seeds}).seconds == 12.0
    assert Run("r", Path(), provenance={"wall_seconds": 0.5}).wall == "0.5 s"
    assert Run("r", Path()).wall == "unknown"


def test_a_readme_without_marks_is_refused() -> None:
    with pytest.raises(UserError, match="expected the marks"):
        updated("# ctbench", TABLES)
