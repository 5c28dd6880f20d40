from math import exp, inf, isnan, nan

import numpy as np
import pandas as pd
import pytest
from made_up import Z, frame, points, rows

from ctbench.judge import Claim, judge, load_claims, read_criteria
from ctbench.judge.listing import DTYPES, with_seeds_for
from ctbench.judge.numbers import interval
from ctbench.judge.statistics import seeds_for_precision, smallest_detectable
from ctbench.judge.verdicts import verdict_of
from ctbench.spec.errors import UserError

A, B = {"model": "a", "metric": "accuracy"}, {"model": "b", "metric": "accuracy"}
CURVE, GONE = {"model": "a", "metric": "error"}, {"model": "gone"}
DATA = frame(
    rows("a", 80 + Z),
    rows("b", 79.6 + 1.3 * Z[::-1]),
    points("a", [1.0, 10.0, 100.0], np.outer(np.exp(0.1 * Z), [1, 2, 5]), metric="error", unit="1"),
    rows("exact", [1.0], metric="residual", seeds=[None], unit="relative"),
)
KINDS = [
    {"kind": "greater", "a": A, "b": B},
    {"kind": "equivalent", "a": A, "b": B, "margin": 1},
    {"kind": "equals", "a": A, "value": 84.2, "margin": 1},
    {"kind": "above", "a": A, "bound": 79},
    {"kind": "below", "a": A, "bound": 79},
    {"kind": "ratio_above", "a": A, "b": B, "bound": 1.5},
    {"kind": "ratio_below", "a": A, "b": B, "bound": 1.5},
    {"kind": "monotone", "a": CURVE, "direction": "increasing", "tolerance": 0.5},
    {"kind": "exact", "a": {"model": "exact"}, "value": 1, "tolerance": 0.25},
    {"kind": "slope", "a": CURVE, "value": 0.35, "tolerance": 0.1},
    {"kind": "greater", "a": A, "b": GONE},
]
REGIONS = [
    (0, inf),
    (-1, 1),
    (83.2, 85.2),
    (79, inf),
    (-inf, 79),
    (1.5, inf),
    (-inf, 1.5),
    (-0.5, inf),
    (0.75, 1.25),
    (0.25, 0.45),
    (0, inf),
]
UNITS = ["%", "%", "%", "%", "%", "ratio", "ratio", "1", "relative", "", ""]


def claim(*kinds, **keys):
    criteria = [{"label": f"{i}: {kind['kind']}; so", **kind} for i, kind in enumerate(kinds)]
    base = {"paper": "cgnn", "id": "C1", "statement": "it is so", "experiment": "split", "criteria": criteria}
    return Claim.model_validate(base | keys)


CLAIMS = [claim(*KINDS), claim(KINDS[0], id="C2"), claim(KINDS[-1], id="C3"), claim(id="C4", status="proof only")]
VERDICTS = judge(DATA, CLAIMS)
FIRST = VERDICTS.criteria[VERDICTS.criteria["claim_id"] == "C1"]


def test_every_criterion_has_its_row_in_the_order_of_the_claims():
    table = VERDICTS.criteria
    assert list(table.columns) == list(DTYPES)
    expected = [(c.id, criterion.label, criterion.kind) for c in CLAIMS for criterion in c.criteria]
    assert list(table[["claim_id", "label", "kind"]].itertuples(index=False, name=None)) == expected


@pytest.mark.parametrize(("place", "region"), list(enumerate(REGIONS)))
def test_the_claimed_region_of_every_kind(place, region):
    lower, upper = FIRST[["lower", "upper"]].iloc[place]
    assert (-inf if isnan(lower) else lower, inf if isnan(upper) else upper) == pytest.approx(region)


def test_units_are_those_of_the_estimate():
    assert list(FIRST["unit"]) == UNITS


@pytest.mark.parametrize("row", VERDICTS.claims.to_dict("records"), ids=lambda row: row["claim_id"])
def test_it_agrees_with_the_claims_table(row):
    found = VERDICTS.criteria[VERDICTS.criteria["claim_id"] == row["claim_id"]]
    if row["verdict"] != "proof only":
        assert verdict_of(list(found["status"])) == row["verdict"]
    run = found[found["status"] != "not run"]
    assert all(interval(part.estimate, part.low, part.high) in row["detail"] for part in run.itertuples())
    assert found.empty or all(f"{part.label}: {part.rule}" in row["criterion"] for part in found.itertuples())
    if len(run):
        primary = run.iloc[0]
        ours = primary[["estimate", "low", "high", "n"]].tolist()
        assert ours == pytest.approx([row[name] for name in ("measured", "ci_low", "ci_high", "n")])


def test_the_effect_is_in_the_unit_of_the_criterion_and_a_factor_for_a_ratio():
    a, b = 80 + Z, 79.6 + 1.3 * Z[::-1]
    effects = FIRST["smallest_detectable"].to_numpy()
    assert effects[0] == pytest.approx(smallest_detectable(a - b), rel=1e-5)
    assert effects[1] == pytest.approx(smallest_detectable(a - b, "two-sided"), rel=1e-5)
    assert effects[5] == pytest.approx(exp(smallest_detectable(np.log(a / b))), rel=1e-5)


def test_what_an_estimate_is_stands_in_the_notes():
    assert FIRST["notes"].iloc[7].startswith("smallest of 2 steps; simultaneous interval")
    assert FIRST["notes"].iloc[10].startswith("no measurements of [")


def test_a_criterion_without_measurements_has_a_rule_and_no_numbers():
    absent = FIRST.iloc[10]
    assert absent["status"] == "not run" and absent["rule"]
    assert absent[["estimate", "low", "high", "n", "p", "p_holm", "smallest_detectable"]].isna().all()


@pytest.mark.parametrize(
    "values", [[81.0], 80 + Z[:5], [81.0] * 10, [nan, *(81 + Z[1:])]], ids=["one", "few", "constant", "diverged"]
)
def test_no_effect_can_be_detected_without_a_spread_and_seeds_enough(values):
    seeds = [None] if len(values) == 1 else None
    found = judge(frame(rows("a", values, seeds=seeds)), [claim(KINDS[3])]).criteria.iloc[0]
    assert isnan(found["smallest_detectable"]) and np.isfinite(found["estimate"])


def test_holm_makes_p_larger_and_never_smaller():
    tested = VERDICTS.criteria.dropna(subset=["p"])
    assert len(tested) > 5 and (tested["p_holm"] >= tested["p"]).all()
    twice = VERDICTS.criteria[VERDICTS.criteria["rule"] == FIRST["rule"].iloc[0]]
    assert len(twice) == 2 and twice["p_holm"].nunique() == 1


def test_the_criteria_of_every_paper_have_a_row_and_a_region():
    claims = load_claims()
    table = judge(frame(), claims).criteria
    assert len(table) == sum(len(c.criteria) for c in claims if c.status is None)
    assert set(table["status"]) == {"not run"}
    assert table[["lower", "upper"]].notna().any(axis=1).all()


def test_a_missing_table_names_the_command(tmp_path):
    with pytest.raises(UserError, match=r"no such criteria table. Run `ctbench judge`"):
        read_criteria(tmp_path / "criteria.csv")


def test_a_table_with_other_columns_is_refused(tmp_path):
    pd.DataFrame({"claim_id": ["C1"]}).to_csv(tmp_path / "criteria.csv", index=False)
    with pytest.raises(UserError, match="found columns"):
        read_criteria(tmp_path / "criteria.csv")


def test_the_seeds_for_a_precision_give_it():
    table = with_seeds_for(FIRST, 0.3)
    needed, spread = table["seeds_for"].iloc[3], (80 + Z).std(ddof=1)
    assert needed == seeds_for_precision(spread, 0.3) > 10
    logs = np.log((80 + Z) / (79.6 + 1.3 * Z[::-1])).std(ddof=1)
    assert table["seeds_for"].iloc[5] == seeds_for_precision(logs, np.log(1.3))
    assert table["seeds_for"].iloc[[7, 8, 10]].isna().all()


def test_what_is_open_needs_more_seeds_than_it_had():
    still = FIRST.loc[FIRST["status"] == "unresolved"]
    assert len(still) and (still["needed"].dropna() > still["n"]).all()
    assert FIRST.loc[FIRST["status"] != "unresolved", "needed"].isna().all()


def test_the_bootstrap_stands_beside_students_interval():
    tested = FIRST.loc[FIRST["p"].notna()]
    assert tested[["boot_low", "boot_high"]].notna().all(axis=None)
    inside = (tested["low"] < tested["boot_high"]) & (tested["boot_low"] < tested["high"])
    assert inside.all()
