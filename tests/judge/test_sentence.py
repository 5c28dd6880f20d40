"""The sentence follows from the numbers, and is one that a reviewer would write."""

import pytest
from made_up import Z, frame, rows

from ctbench.judge import Claim, judge

X = {"model": "x", "metric": "accuracy"}
Y = {"model": "y", "metric": "accuracy"}
EASY = 82 + Z


def over(where, **keys):
    dataset = {"dataset": where.partition(",")[0].casefold().replace("-", "")}
    return {"kind": "greater", "label": f"{where}: X over Y", "a": X | dataset, "b": Y | dataset} | keys


def equals(where, number):
    label = f"{where}: X against the paper's {number}"
    return {"kind": "equals", "label": label, "a": X | {"dataset": where.casefold()}, "value": number, "margin": 1}


def above(label, bound, **keys):
    return {"kind": "above", "label": label, "a": {"model": "x", "dataset": "cora"}, "bound": bound} | keys


def measured(dataset, gap, x=EASY):
    return [*rows("x", x, dataset=dataset), *rows("y", x - gap + 0.5 * Z[::-1], dataset=dataset)]


def said(table, *criteria):
    content = {"paper": "cgnn", "id": "C1", "statement": "X is better", "experiment": "split", "criteria": criteria}
    return judge(table, [Claim.model_validate(content)]).claims.loc[0, "detail"]


def test_where_it_holds_and_where_not_and_the_papers_number():
    table = frame(measured("cora", 1.2), measured("citeseer", 1.5), measured("pubmed", -2))
    assert said(table, over("Cora"), over("Citeseer"), over("Pubmed"), equals("Cora", 84.2)) == (
        "X over Y: holds on Cora (+1.20 [0.84, 1.56] %) and Citeseer (+1.50 [1.14, 1.86] %), "
        "not on Pubmed (−2.00 [−2.36, −1.64] %); "
        "X: the paper's 84.2 was not reached on Cora (82.00 [81.28, 82.72] %)"
    )


@pytest.mark.parametrize(
    ("mean", "words"),
    [
        (84.2, "the paper's 84.2 was met to within 1 on Cora (84.20"),
        (87.0, "the paper's 84.2 was exceeded on Cora (87.00"),
        (83.0, "whether the paper's 84.2 is met to within 1 on Cora is open (83.00 [82.28, 83.72] %; about "),
    ],
)
def test_the_papers_number_is_met_exceeded_or_open(mean, words):
    assert f"X: {words}" in said(frame(measured("cora", 1.0, mean + Z)), equals("Cora", 84.2))


def test_what_is_open_says_how_many_seeds_would_tell():
    text = said(frame(measured("cora", 0.2)), over("Cora"))
    assert text == "X over Y: open on Cora (+0.20 [−0.16, 0.56] %; about 41 seeds would tell)"


def test_what_did_not_run_stands_last_with_its_places():
    table = frame(measured("cora", 2))
    text = said(table, over("Pubmed"), over("Cora"), over("Citeseer, random"), equals("Pubmed", 80))
    assert text.startswith("X over Y: holds on Cora")
    assert text.endswith("not run: X over Y (Pubmed; Citeseer, random), X against the paper's number (Pubmed)")


def test_places_that_are_no_data_sets_are_joined_only_if_several_ask_the_same():
    table = frame(measured("cora", 2))
    two = said(table, above("Rule 1: it is high", 80), above("Rule 2: it is high", 90))
    assert two.startswith("it is high: holds for Rule 1 (82.00") and ", not for Rule 2 (82.00" in two
    assert said(table, above("control: it is high", 80)).startswith("control, it is high: holds (82.00")
    assert said(table, above("it is high", 90)).startswith("it is high: does not hold (82.00")


def test_divergence_and_few_seeds_are_in_the_sentence():
    lost = frame(measured("cora", 2)).assign(value=lambda table: table["value"].mask(table.index == 3))
    assert "does not hold on Cora (+2.0" in said(lost, over("Cora"))
    assert "1 of 10 seeds of a diverged; numbers over the finite seeds)" in said(lost, over("Cora"))
    few = frame(measured("cora", 2)).query("seed < 4")
    assert "n = 4 < 6: no verdict" in said(few, over("Cora"))


def test_a_bound_that_the_bootstrap_crosses_and_the_t_interval_does_not_is_told():
    skewed = [1.0, 1.1, 1.2, 1.0, 1.1, 1.2, 1.1, 1.0, 1.2, -1.5]  # t: [0.25, 1.43], BCa: [0.03, 1.12]
    table = frame(rows("x", skewed, dataset="cora"))
    assert "holds (0.84 [0.25, 1.43] %; the bootstrap's interval crosses the bound)" in said(table, above("so", 0.1))
    assert "bootstrap" not in said(table, above("so", 0.0))
    assert "bootstrap" not in said(table, above("so", 0.5))
