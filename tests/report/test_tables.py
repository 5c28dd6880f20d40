import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctbench.records import measurements
from ctbench.report import formats, write_report
from ctbench.report.formats import escape_md, escape_tex
from ctbench.report.layout import TableLayout
from ctbench.report.sources import read_results
from ctbench.report.tables import table
from ctbench.spec.errors import UserError

NUMBER = re.compile(r"[−-]?\d+\.\d+ ± \d+\.\d+")


def test_the_three_formats_have_the_same_numbers(written) -> None:
    stem = written / "tables" / "accuracy"
    shown = sorted(n for n in pd.read_csv(f"{stem}.csv")["shown"] if "±" in n)
    tex = stem.with_suffix(".tex").read_text()
    plain = tex.replace(r" \pm ", " ± ").partition("smallskip")[0]
    assert len(shown) == 8
    assert sorted(NUMBER.findall(stem.with_suffix(".md").read_text())) == shown
    assert sorted(NUMBER.findall(plain)) == shown


def test_the_records_keep_full_precision(written) -> None:
    records = pd.read_csv(written / "tables" / "accuracy.csv").set_index(["row", "column", "source"])
    rows = measurements.read(written / "measurements.parquet")
    cell = rows.loc[(rows["model"] == "cgnn") & (rows["dataset"] == "cora"), "value"]
    assert records.loc[("cgnn", "cora", "measured"), "mean"] == pytest.approx(cell.mean(), rel=1e-14)
    assert records.loc[("gcn", "cora", "paper"), "half_width"] == 0.8


def test_the_best_set_is_bold(written) -> None:
    text = (written / "tables" / "accuracy.md").read_text()
    cora = {
        line.split("|")[1].strip(): line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| ")
    }
    assert cora["GCN"].startswith("**") and cora[r"CGNN\_x (paper's)"].startswith("**")
    assert not cora["worse \\"].startswith("**")


def test_a_published_row_stands_also_where_nothing_of_it_was_measured(written) -> None:
    assert "| gat | — | 82.6 ± 0.7 | — |" in (written / "tables" / "accuracy.md").read_text()


@pytest.mark.parametrize(("apart", "best"), [((), {"gcn", "cgnn"}), ((("cgnn", "worse"),), {"cgnn"})])
def test_rows_apart_do_not_compete_with_the_rest(written, apart, best) -> None:
    layout = TableLayout(name="t", title="", select={"experiment": "split", "dataset": "cora"}, apart=apart)
    sheet = table(layout, read_results(written), "cgnn")
    assert sheet and set(sheet.records.loc[sheet.records["best"], "row"]) == best


def test_diverged_seeds_are_said(written) -> None:
    assert "(1 of 8 diverged)" in (written / "tables" / "accuracy.md").read_text()


def test_footnotes_say_where_numbers_come_from(written) -> None:
    text = (written / "tables" / "accuracy.md").read_text()
    for words in (
        "n = 8",
        "reduced (8 seeds instead of 100)",
        "nodes 2708",
        "split f00d",
        "sha256 abababababab",
        "A CPU",
    ):
        assert words in text
    assert "0123456789 (dirty)" in text and "unknown" in text


def test_latex_is_escaped(written) -> None:
    tex = (written / "tables" / "accuracy.tex").read_text()
    assert r"\caption{Accuracy \& more, 100 \%}" in tex
    assert r"CGNN\_x (paper's)" in tex and r"worse \textbar{} net" in tex
    assert r"\multicolumn{2}{c}{Cora}" in tex and r"\cmidrule(lr){2-3}" in tex


@given(st.text(alphabet=r"ab1\{}$&%#_^~<>|±×−²", max_size=30))
def test_no_special_character_stays_bare(text: str) -> None:
    allowed = set(formats._TEX.values())
    rest = escape_tex(text)
    for code in sorted(allowed, key=len, reverse=True):
        rest = rest.replace(code, "")
    assert not re.search(r"[\\{}$&%#_^~]", rest)


def test_markdown_cells_stay_in_their_row() -> None:
    assert escape_md("a | b\nc *d*") == r"a \| b c \*d\*"


def test_all_claims_are_in_the_claims_table(written) -> None:
    assert len(pd.read_csv(written / "tables" / "claims.csv")) == 3
    assert "partly reproduced" in (written / "tables" / "claims.tex").read_text()


def test_an_ambiguous_selection_is_refused(fresh, papers) -> None:
    rows = measurements.read(fresh / "measurements.parquet")
    twice = rows[rows["experiment"] == "split"].assign(run="another")
    measurements.write(pd.concat([rows, twice], ignore_index=True), fresh / "measurements.parquet")
    with pytest.raises(UserError, match=r"accuracy: more than one number for model .* differ in run"):
        write_report(fresh, papers)
