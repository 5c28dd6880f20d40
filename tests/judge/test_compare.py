from math import isnan, nan

import numpy as np
import pytest
from made_up import Z, frame, rows
from scipy import stats

from ctbench.judge import Claim, judge
from ctbench.judge.compare import DTYPES, compare
from ctbench.judge.statistics import Estimate, spread_of, t_interval, welch_interval

RATIO = {"kind": "ratio_above", "label": "y over x", "a": {"model": "y"}, "b": {"model": "x"}, "bound": 1}


def above(bound, label="x is high", model="x"):
    return {"kind": "above", "label": label, "a": {"model": model}, "bound": bound}


def verdicts(table, **criteria):
    claims = [
        Claim.model_validate({"paper": "cgnn", "id": i, "statement": "so", "experiment": "split", "criteria": c})
        for i, c in criteria.items()
    ]
    return judge(table, claims)


OLD, NEW = frame(rows("x", 82 + Z)), frame(rows("x", 79 + 2 * Z[:8]), rows("y", 90 + Z))
CLAIMS = {"C1": [above(80), above(70, "x is not low"), above(80, "y is high", "y")], "C2": [RATIO]}


def test_welchs_interval_is_that_of_scipy():
    x, y = 3 + Z, 5 + 2 * np.roll(Z, 3)[:7]
    expected = stats.ttest_ind(y, x, equal_var=False).confidence_interval()
    found = welch_interval(t_interval(x), len(x), t_interval(y), len(y))
    assert found == pytest.approx((y.mean() - x.mean(), expected.low, expected.high))


def test_the_spread_comes_back_from_the_interval():
    assert spread_of(t_interval(3 * Z).high - t_interval(3 * Z).mean, 10) == pytest.approx(3)


def test_without_an_interval_the_difference_stands_alone():
    point = Estimate(3.0, nan, nan)
    assert welch_interval(point, 1, t_interval(Z), 10).mean == pytest.approx(-3)
    assert isnan(welch_interval(point, 1, t_interval(Z), 10).low)
    same = Estimate(3.0, 3.0, 3.0)
    assert welch_interval(same, 6, Estimate(4.0, 4.0, 4.0), 6) == (1.0, 1.0, 1.0)


def test_a_changed_verdict_its_difference_and_the_criteria_that_changed():
    table = compare(verdicts(OLD, **CLAIMS), verdicts(NEW, **CLAIMS))
    assert list(table.columns) == list(DTYPES)
    first = table.iloc[0]
    assert (first["verdict_a"], first["verdict_b"], first["changed"]) == ("reproduced", "partly reproduced", True)
    assert first["statuses"] == "x is high: pass -> fail; y is high: not run -> pass"
    assert (first["criterion"], first["n_a"], first["n_b"]) == ("x is high", 10, 8)
    expected = stats.ttest_ind(79 + 2 * Z[:8], 82 + Z, equal_var=False).confidence_interval()
    assert (first["low"], first["high"]) == pytest.approx((expected.low, expected.high), rel=1e-4)


def test_a_ratio_is_compared_as_a_factor():
    def table(factor):
        return frame(rows("x", np.exp(0.1 * Z)), rows("y", factor * np.exp(0.3 * Z)))

    row = compare(verdicts(table(2.0), C2=[RATIO]), verdicts(table(3.0), C2=[RATIO])).iloc[0]
    assert (row["unit"], row["difference"]) == ("ratio", pytest.approx(1.5, rel=1e-4))
    assert row["high"] / row["difference"] == pytest.approx(row["difference"] / row["low"], rel=1e-4)
    assert not row["changed"]


def test_claims_of_one_folder_only_and_other_rules_share_no_number():
    table = compare(verdicts(OLD, C1=[above(80)], C3=[above(80)]), verdicts(OLD, C1=[above(81)], C4=[above(80)]))
    assert list(table["claim_id"]) == ["C1", "C3", "C4"]
    assert list(table["verdict_b"]) == ["reproduced", "no such claim", "reproduced"]
    assert table["difference"].isna().all()


def test_the_interval_of_a_monotone_rule_is_no_95_percent_interval_and_is_not_used():
    rule = {"kind": "monotone", "label": "rises", "a": {"model": "x"}, "direction": "increasing"}
    curve = frame(*(rows("x", k * (2 + Z), x=float(k)) for k in (1, 2, 4)))
    row = compare(verdicts(curve, C1=[rule]), verdicts(curve, C1=[rule])).iloc[0]
    assert row["difference"] == 0 and isnan(row["low"])
