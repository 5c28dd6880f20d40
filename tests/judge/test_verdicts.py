import subprocess
import sys
from math import nan

import numpy as np
import pandas as pd
import pytest
from made_up import Z, frame, rows

from ctbench.judge import VERDICTS, Claim, judge, load_claims, read_claims, read_criteria, write_table
from ctbench.judge.verdicts import DTYPES, verdict_of
from ctbench.spec.errors import UserError

COLUMNS = (
    "claim_id, paper, statement, experiment, quantity, paper_value, paper_source, measured, ci_low, ci_high, n, "
    "criterion, verdict, scale, detail, runs"
)
NOTHING = frame()
PASS, FAIL, OPEN, ABSENT = "high", "low", "open", "absent"
DATA = frame(rows("high", 90 + Z), rows("low", 70 + Z), rows("open", 80.1 + Z, scale="reduced"))


def above(model, **keys):
    return {"kind": "above", "label": f"{model} above 80", "a": {"model": model}, "bound": 80, **keys}


def claim(*models, **keys):
    base = {"paper": "cgnn", "id": "C1", "statement": "it is high", "experiment": "split", "quantity": "accuracy"}
    return Claim.model_validate(base | {"criteria": [above(model) for model in models]} | keys)


def row(measurements, *claims, **keys):
    return judge(measurements, claims, **keys).claims.iloc[0]


@pytest.mark.parametrize(
    ("models", "verdict"),
    [
        ([], "not run"),
        ([ABSENT], "not run"),
        ([PASS], "reproduced"),
        ([PASS, PASS], "reproduced"),
        ([PASS, ABSENT], "reproduced"),
        ([PASS, FAIL], "partly reproduced"),
        ([PASS, OPEN], "partly reproduced"),
        ([PASS, FAIL, OPEN], "partly reproduced"),
        ([FAIL], "not reproduced"),
        ([FAIL, OPEN], "not reproduced"),
        ([FAIL, ABSENT], "not reproduced"),
        ([OPEN], "inconclusive"),
        ([OPEN, OPEN, ABSENT], "inconclusive"),
    ],
)
def test_the_verdict_on_a_claim(models, verdict):
    assert row(DATA, claim(*models))["verdict"] == verdict
    assert verdict in VERDICTS


@pytest.mark.parametrize("status", ["proof only", "no source"])
def test_a_claim_with_a_status_keeps_it_whatever_was_measured(status):
    found = row(DATA, claim(PASS, status=status, reason="as the paper says"))
    assert (found["verdict"], found["detail"], found["scale"]) == (status, "as the paper says", "")
    assert pd.isna(found["measured"])


@pytest.mark.parametrize(
    ("keys", "detail"),
    [({"criteria": []}, "no experiment yet"), ({"criteria": [], "reason": "too dear"}, "too dear"), ({}, "too small")],
)
def test_a_claim_not_run_says_why(keys, detail):
    found = row(DATA, claim(ABSENT, **keys), absent="too small")
    assert (found["verdict"], found["detail"], found["runs"], found["scale"]) == ("not run", detail, "", "")
    assert pd.isna(found["n"])


def test_a_claim_whose_runs_are_planned_says_so():
    waits = claim(ABSENT, experiment="later")
    assert row(DATA, waits, absent="too small", waiting={"cgnn/later"})["detail"] == "planned, not run yet"
    for other in ("cgnn/sooner", "neural_gde/later"):
        assert row(DATA, waits, absent="too small", waiting={other})["detail"] == "too small"


def test_the_default_reason():
    assert row(NOTHING, claim(PASS))["detail"] == "not in this preset"
    assert row(NOTHING, claim(PASS, reason="needs a GPU"))["detail"] == "not in this preset: needs a GPU"


def test_the_first_judged_criterion_is_the_primary():
    found = row(DATA, claim(ABSENT, PASS, FAIL))
    assert found["measured"] == pytest.approx(90.0)
    assert found["n"] == 10
    assert found["ci_low"] < 90 < found["ci_high"]
    assert found["detail"] == (
        "high above 80: holds (90.00 [89.28, 90.72] %); low above 80: does not hold (70.00 [69.28, 70.72] %); "
        "not run: absent above 80"
    )


def test_the_row_names_runs_rule_and_scale():
    found = row(DATA, claim(PASS, FAIL))
    assert (found["runs"], found["scale"]) == ("run-high run-low", "paper")
    assert found["criterion"] == "high above 80: [model=high] > 80; low above 80: [model=low] > 80"
    assert row(DATA, claim(PASS, OPEN))["scale"] == "reduced"


def test_the_papers_number_stays_only_with_its_unit():
    same, other = (row(DATA, claim(PASS, unit=unit, paper_value=91, paper_source="Table 1")) for unit in "%s")
    assert (same["quantity"], same["paper_value"], same["paper_source"]) == ("accuracy (%)", 91, "Table 1")
    assert (other["quantity"], other["paper_source"]) == ("accuracy (%)", "")
    assert pd.isna(other["paper_value"])


def test_a_criterion_that_stands_in_for_the_first_gives_its_label_and_no_number_of_the_paper():
    found = row(DATA, claim(ABSENT, PASS, unit="%", paper_value=91))
    assert found["quantity"] == "high above 80 (%)" and pd.isna(found["paper_value"])


@pytest.mark.parametrize(
    ("models", "scale"), [([PASS], "paper"), ([PASS, OPEN], "reduced"), ([PASS, ABSENT], "reduced")]
)
def test_the_scale_is_the_papers_where_all_was_measured_at_it(models, scale):
    assert row(DATA, claim(*models))["scale"] == scale


@pytest.mark.parametrize(
    ("models", "published", "said"), [([OPEN], 70, True), ([OPEN], 80, False), ([PASS], 70, False)]
)
def test_an_open_claim_says_that_its_interval_leaves_out_the_papers_number(models, published, said):
    detail = row(DATA, claim(*models, paper_value=published))["detail"]
    assert detail.endswith("the paper's 70 lies outside the interval of accuracy") == said


def test_what_stands_beside_a_claim_is_shown_and_has_no_say():
    control = above(PASS, label="a control", beside=True)
    found = row(DATA, claim(criteria=[above(FAIL), control]))
    assert found["verdict"] == "not reproduced" and "; beside the claim, a control: holds (90.00" in found["detail"]
    alone = row(DATA, claim(criteria=[above(ABSENT), control]), absent="not in this preset")
    assert (alone["verdict"], alone["scale"]) == ("not run", "") and pd.isna(alone["measured"])
    assert alone["detail"].startswith("not in this preset; beside the claim, a control: holds (90.00")


def test_a_claim_reads_its_own_paper_and_experiment_unless_it_names_another():
    elsewhere = frame(rows("high", 90 + Z, paper="koopman"), rows("high", 90 + Z, experiment="other"))
    assert row(elsewhere, claim(PASS))["verdict"] == "not run"
    named = above("high", a={"model": "high", "experiment": "other"})
    assert row(elsewhere, claim(criteria=[named]))["verdict"] == "reproduced"


def test_a_diverged_seed_is_in_the_sentence():
    found = row(frame(rows("high", [nan, *(90 + Z[1:])])), claim(PASS))
    assert found["verdict"] == "not reproduced"
    assert "1 of 10 seeds diverged" in found["detail"]


BARELY = frame(rows("high", 80.62 + Z))  # one-sided p = 0.04


def test_holm_counts_all_criteria_of_a_table_and_no_others():
    def verdict(*others):
        return judge(BARELY, [claim(PASS), *others]).claims.loc[0, "verdict"]

    failing = [above("high", bound=99 + k, label=str(k)) for k in range(4)]
    assert verdict() == "reproduced"
    assert verdict(claim(criteria=failing, id="C2")) == "inconclusive"
    assert verdict(claim(criteria=failing, id="C2", experiment="other")) == "reproduced"
    assert verdict(claim(criteria=failing, id="C2", paper="koopman")) == "reproduced"


def test_holm_counts_one_rule_in_two_claims_once():
    again = [above("high", bound=80, label=str(k)) for k in range(4)]
    assert judge(BARELY, [claim(PASS), claim(criteria=again, id="C2")]).claims.loc[0, "verdict"] == "reproduced"


def test_what_holm_takes_back_is_open_and_says_how_many_seeds_would_tell():
    failing = [above("high", bound=99 + k, label=str(k)) for k in range(4)]
    detail = judge(BARELY, [claim(PASS), claim(criteria=failing, id="C2")]).claims.loc[0, "detail"]
    assert "open (80.62 [79.90, 81.34] %; p = 0.041, 0.2 after Holm's correction; about 18 seeds would tell)" in detail


def test_five_seeds_are_inconclusive_however_clear():
    assert row(DATA[DATA["seed"] < 5], claim(PASS))["verdict"] == "inconclusive"


def test_an_ambiguous_selection_names_claim_and_selection():
    table = frame(rows("high", Z, x=1.0), rows("high", Z, x=2.0))
    with pytest.raises(UserError, match=r"claim C1, criterion 'high above 80': \[.*model=high\] gives 2 .* seed 0"):
        judge(table, [claim(PASS)])


def test_every_claim_of_every_paper_has_its_row():
    claims = load_claims()
    table = judge(NOTHING, claims).claims
    assert ", ".join(table.columns) == COLUMNS
    assert list(table["claim_id"]) == [c.id for c in claims]
    assert set(table["verdict"]) <= {"not run", "proof only", "no source"}
    assert (table["detail"] != "").all()


def test_no_claims_make_an_empty_table():
    assert all(table.empty for table in judge(DATA, []))


def test_the_tables_survive_their_files_and_the_bytes_are_stable(tmp_path):
    claims = [claim(PASS, FAIL, paper_value=2.4, statement='said "so", twice'), claim(id="C2"), claim(OPEN, id="C3")]
    tables, shuffled = judge(DATA, claims), judge(DATA.sample(frac=1, random_state=0), claims)
    for table, same, read in zip(tables, shuffled, (read_claims, read_criteria), strict=True):
        write_table(table, tmp_path / "one.csv")
        pd.testing.assert_frame_equal(read(tmp_path / "one.csv"), table)
        write_table(read(tmp_path / "one.csv"), tmp_path / "two.csv")
        write_table(same, tmp_path / "shuffled.csv")
        contents = {(tmp_path / f"{name}.csv").read_bytes() for name in ("one", "two", "shuffled")}
        assert len(contents) == 1
        assert b"\r" not in contents.pop()


def test_numbers_have_six_significant_digits():
    found = row(frame(rows("high", 90 + np.pi * Z)), claim(PASS))
    assert [float(f"{found[c]:.6g}") for c in ("ci_low", "ci_high")] == [found["ci_low"], found["ci_high"]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a readable"),
        ("claim_id,paper\nC1,cgnn\n", "found columns"),
        (",".join(DTYPES) + "\n" + ",".join(["word"] * len(DTYPES)) + "\n", "a number is not one"),
    ],
)
def test_a_broken_table_is_the_users_to_mend(tmp_path, text, message):
    path = tmp_path / "claims.csv"
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_claims(path)


def test_a_missing_table_names_the_command(tmp_path):
    with pytest.raises(UserError, match="ctbench judge"):
        read_claims(tmp_path / "claims.csv")


def test_verdict_of_nothing_is_not_run():
    assert verdict_of([]) == "not run"


def test_the_judge_never_imports_torch_nor_the_papers():
    code = (
        "import sys; from ctbench.judge import load_claims; load_claims(); "
        "print([m for m in sys.modules if m.split('.')[0] == 'torch' or m.startswith('ctbench.papers')])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
