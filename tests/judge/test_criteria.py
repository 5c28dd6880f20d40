from math import exp, nan

import numpy as np
import pytest
from made_up import Z, frame, points, rows
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from ctbench.judge.criteria import Base, Criterion
from ctbench.judge.selection import AmbiguousError

A, B = {"model": "a"}, {"model": "b"}


def criterion(kind, **keys):
    return TypeAdapter(Criterion).validate_python({"kind": kind, "label": "it holds", **keys})


GREATER = criterion("greater", a=A, b=B, margin=1.0)
EQUIVALENT = criterion("equivalent", a=A, b=B, margin=2.0)
EQUALS = criterion("equals", a=A, value=80.0, margin=2.0)
ABOVE = criterion("above", a=A, bound=80.0)
BELOW = criterion("below", a=A, bound=80.0)
RATIO_ABOVE = criterion("ratio_above", a=A, b=B, bound=2.0)
RATIO_BELOW = criterion("ratio_below", a=A, b=B, bound=2.0)
RISING = criterion("monotone", a=A, along="x", direction="increasing", tolerance=0.5)
FALLING = criterion("monotone", a=A, along="steps", direction="decreasing")
EXACT = criterion("exact", a=A, value=3.0, tolerance=0.1)
SLOPE = criterion("slope", a=A, value=-4.0, tolerance=0.5)

BASE = 80 + 3 * np.roll(Z, 3)
XS = [1.0, 2.0, 4.0]


def one(mean, spread=1.0):
    return frame(rows("a", mean + spread * Z))


def two(gap, spread=1.0):
    return frame(rows("a", BASE + gap + spread * Z), rows("b", BASE))


def ratio(factor, spread=0.1):
    return frame(rows("a", BASE * factor * np.exp(spread * Z)), rows("b", BASE))


def line(step, spread=1.0):
    return frame(points("a", XS, [[step * k + spread * z * k for k in range(3)] for z in Z]))


def stairs(step, spread=1.0):
    parts = [rows("a", 50 + k * (step + spread * Z), steps=2**k) for k in range(3)]
    return frame(*parts)


def power(order, spread=0.1):
    return frame(points("a", XS, [[x ** (order + spread * z) for x in XS] for z in Z]))


CASES = [
    (GREATER, two(3.0), "pass"),
    (GREATER, two(-1.0), "fail"),
    (GREATER, two(1.2), "unresolved"),
    (EQUIVALENT, two(0.2), "pass"),
    (EQUIVALENT, two(4.0), "fail"),
    (EQUIVALENT, two(-4.0), "fail"),
    (EQUIVALENT, two(2.0), "unresolved"),
    (EQUALS, one(80.5), "pass"),
    (EQUALS, one(84.0), "fail"),
    (EQUALS, one(80.0, spread=20.0), "unresolved"),
    (ABOVE, one(82.0), "pass"),
    (ABOVE, one(78.0), "fail"),
    (ABOVE, one(80.1), "unresolved"),
    (BELOW, one(78.0), "pass"),
    (BELOW, one(82.0), "fail"),
    (BELOW, one(79.9), "unresolved"),
    (RATIO_ABOVE, ratio(3.0), "pass"),
    (RATIO_ABOVE, ratio(1.0), "fail"),
    (RATIO_ABOVE, ratio(2.0), "unresolved"),
    (RATIO_BELOW, ratio(1.0), "pass"),
    (RATIO_BELOW, ratio(3.0), "fail"),
    (RATIO_BELOW, ratio(2.0), "unresolved"),
    (RISING, line(2.0), "pass"),
    (RISING, line(-3.0), "fail"),
    (RISING, line(-0.4), "unresolved"),
    (FALLING, stairs(-2.0), "pass"),
    (FALLING, stairs(2.0), "fail"),
    (FALLING, stairs(-0.2), "unresolved"),
    (EXACT, frame(rows("a", [3.0, 3.05, 2.95])), "pass"),
    (EXACT, frame(rows("a", [3.0, 3.2])), "fail"),
    (SLOPE, power(-4.0), "pass"),
    (SLOPE, power(-2.0), "fail"),
    (SLOPE, power(-4.0, spread=2.0), "unresolved"),
]
ALL = [GREATER, EQUIVALENT, EQUALS, ABOVE, BELOW, RATIO_ABOVE, RATIO_BELOW, RISING, FALLING, EXACT, SLOPE]


@pytest.mark.parametrize(("rule", "table", "status"), CASES, ids=lambda v: getattr(v, "kind", None))
def test_each_kind_reaches_each_status(rule, table, status):
    found = rule.judge(table)
    assert found.status == status
    assert found.runs == set(table["run"])
    assert found.scales == {"paper"}
    if status == "unresolved":
        assert "seeds would tell" in found.hint or "smallest detectable" in found.hint


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.kind)
def test_without_measurements_a_criterion_is_not_run_and_says_what_is_missing(rule):
    found = rule.judge(frame(rows("c", [1.0])))
    assert found.status == "not run"
    assert "model=a" in found.detail
    assert np.isnan(found.estimate)
    assert found.runs == frozenset()


@pytest.mark.parametrize("rule", ALL, ids=lambda r: r.kind)
def test_every_kind_says_its_rule(rule):
    assert "model=a" in rule.rule
    assert isinstance(rule, Base)


@pytest.mark.parametrize(
    ("rule", "table"), [(r, t) for r, t, s in CASES if s == "pass"], ids=lambda v: getattr(v, "kind", None)
)
def test_a_diverged_seed_of_a_fails_what_the_others_would_pass(rule, table):
    table = table.copy()
    table.loc[(table["model"] == "a") & (table["seed"] == 2), "value"] = nan
    found = rule.judge(table)
    assert found.status == "fail"
    assert "diverged" in found.detail
    assert np.isfinite(found.estimate)


@pytest.mark.parametrize(
    ("rule", "table"), [(r, t) for r, t, s in CASES if s == "pass"], ids=lambda v: getattr(v, "kind", None)
)
def test_if_all_seeds_diverge_the_criterion_fails(rule, table):
    found = rule.judge(table.assign(value=nan))
    assert found.status == "fail"
    assert "diverged" in found.detail
    assert np.isnan(found.estimate)


@pytest.mark.parametrize(
    ("rule", "status"), [(GREATER, "unresolved"), (RATIO_ABOVE, "unresolved"), (EQUIVALENT, "fail")]
)
def test_a_diverged_seed_of_b_alone_never_passes(rule, status):
    table = frame(rows("a", BASE * 9), rows("b", [nan, *BASE[1:]]))
    found = rule.judge(table)
    assert found.status == status
    assert "1 of 10 seeds of b diverged" in found.detail
    assert found.p == 1


def test_infinity_is_divergence():
    assert "1 of 10 seeds of a diverged" in GREATER.judge(frame(rows("a", [np.inf, *BASE[1:]]), rows("b", BASE))).detail


@pytest.mark.parametrize("rule", [r for r in ALL if r is not EXACT], ids=lambda r: r.kind)
@pytest.mark.parametrize("n", [1, 2, 5])
def test_below_six_seeds_there_is_no_verdict_but_an_interval(rule, n):
    for other, table, status in CASES:
        if other is rule and status != "unresolved":
            found = rule.judge(table[table["seed"] < n])
            assert found.status == "unresolved"
            assert f"n = {n} < 6: no verdict" in found.detail
            assert found.p is None
            assert np.isfinite(found.estimate)
            assert np.isfinite([found.ci_low, found.ci_high]).all() == (n > 1)


def test_six_seeds_can_pass():
    assert GREATER.judge(two(6.0).query("seed < 6")).status == "pass"


def test_five_equal_values_with_seeds_are_no_verdict_either():
    table = frame(rows("a", [9.0] * 5), rows("b", [1.0] * 5))
    assert GREATER.judge(table).status == "unresolved"


def test_six_equal_values_are_compared_directly():
    found = GREATER.judge(frame(rows("a", [9.0] * 6), rows("b", [1.0] * 6)))
    assert (found.status, found.p) == ("pass", None)
    assert (found.ci_low, found.ci_high) == (8.0, 8.0)
    assert found.notes == ("the same for every seed",)


@pytest.mark.parametrize(
    ("rule", "value", "status"),
    [
        (GREATER, 3.5, "pass"),
        (GREATER, 3.0, "fail"),
        (EQUIVALENT, 4.0, "pass"),
        (EQUIVALENT, 4.5, "fail"),
        (EQUALS, 82.0, "pass"),
        (ABOVE, 80.0, "fail"),
        (BELOW, 79.0, "pass"),
        (RATIO_ABOVE, 4.1, "pass"),
        (RATIO_BELOW, 4.0, "fail"),
        (EXACT, 3.05, "pass"),
    ],
    ids=lambda v: getattr(v, "kind", None),
)
def test_deterministic_results_are_compared_directly(rule, value, status):
    found = rule.judge(frame(rows("a", [value], seeds=[None]), rows("b", [2.0], seeds=[None])))
    assert (found.status, found.n, found.p) == (status, 1, None)
    assert np.isnan(found.ci_low)
    assert rule is EXACT or "deterministic, no interval" in found.notes


@pytest.mark.parametrize(("rule", "ys", "status"), [(RISING, [1, 0.6, 2], "pass"), (RISING, [1, 0.4, 2], "fail")])
def test_deterministic_curves_are_compared_directly(rule, ys, status):
    table = frame(*(rows("a", [y], seeds=[None], x=x) for x, y in zip(XS, ys, strict=True)))
    assert rule.judge(table).status == status


def test_a_deterministic_order_of_convergence():
    table = frame(*(rows("a", [x**-4.2], seeds=[None], x=x) for x in XS))
    found = SLOPE.judge(table)
    assert found.status == "pass"
    assert found.estimate == pytest.approx(-4.2)


def test_a_deterministic_reference_stands_against_every_seed():
    found = GREATER.judge(frame(rows("a", 85 + Z), rows("b", [80.0], seeds=[None])))
    assert (found.status, found.n) == ("pass", 10)


def test_the_difference_its_interval_and_p_are_those_of_scipys_paired_test():
    table = two(1.5)
    a, b = (table.loc[table["model"] == m, "value"].to_numpy() for m in "ab")
    found = GREATER.judge(table)
    expected = stats.ttest_rel(a, b + 1.0, alternative="greater")
    interval = stats.ttest_rel(a, b).confidence_interval()
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.ci_low, found.ci_high) == pytest.approx((interval.low, interval.high))
    assert found.shown == "+1.50 [0.78, 2.22] %"


def test_the_ratio_is_a_geometric_mean():
    found = RATIO_ABOVE.judge(ratio(3.0))
    assert found.estimate == pytest.approx(3.0)
    assert found.ci_high / 3.0 == pytest.approx(3.0 / found.ci_low)
    assert found.ci_high == pytest.approx(3 * exp(0.1 / np.sqrt(10) * stats.t.ppf(0.975, 9)))


@pytest.mark.parametrize("rule", [RATIO_ABOVE, SLOPE], ids=lambda r: r.kind)
def test_what_has_no_logarithm_is_unresolved(rule):
    table = power(-4.0) if rule is SLOPE else ratio(9.0)
    table.loc[0, "value"] = 0.0
    found = rule.judge(table)
    assert found.status == "unresolved"
    assert "positive" in found.detail


def test_seeds_of_one_side_only_are_counted_aloud():
    found = GREATER.judge(frame(rows("a", BASE + 3 + Z), rows("b", BASE[:8])))
    assert found.n == 8
    assert "2 seeds on one side only" in found.detail


def test_sides_without_a_common_seed_are_not_run():
    found = GREATER.judge(frame(rows("a", [1.0], seeds=[0]), rows("b", [1.0], seeds=[1])))
    assert (found.status, found.notes) == ("not run", ("the two sides have no seed in common",))


def test_seeds_with_gaps_in_their_curve_are_counted_aloud():
    table = line(2.0)
    found = RISING.judge(table[~((table["seed"] == 4) & (table["x"] == 2.0))])
    assert found.n == 9
    assert "1 seeds lack some points" in found.detail


def test_one_point_is_no_curve():
    assert RISING.judge(frame(rows("a", Z, x=1.0))).status == "not run"


def test_one_falling_step_among_rising_ones_fails():
    ys = np.array([0.0, 5.0, 3.0, 9.0])
    table = frame(points("a", [1.0, 2.0, 3.0, 4.0], ys + 0.1 * np.outer(Z, [0, 1, 0.3, 0.7])))
    found = RISING.judge(table)
    assert found.status == "fail"
    assert found.estimate == pytest.approx(-2.0)


def test_a_saturated_curve_still_rises_within_its_tolerance():
    table = frame(points("a", XS, [[90 + z, 100.0, 100.0] for z in Z]))
    assert RISING.judge(table).status == "pass"


def test_a_flat_truth_rarely_fails_a_long_curve():
    rule = criterion("monotone", a=A, direction="increasing")
    rng = np.random.default_rng(5)
    tables = [frame(points("a", np.arange(9.0), rng.normal(size=(10, 9)))) for _ in range(60)]
    assert sum(rule.judge(t).status == "fail" for t in tables) <= 9


def test_exact_counts_cases_and_shows_the_worst():
    table = frame(rows("a", [3.0, 3.0], x=1.0), rows("a", [3.0, 2.0], x=2.0))
    found = EXACT.judge(table)
    assert (found.status, found.n, found.estimate) == ("fail", 4, 2.0)
    assert found.detail == "1 of 4 cases differ, x from 1 to 2, farthest 2 %"


def test_exact_says_how_many_cases_stand_behind_its_values():
    rule = criterion("exact", a=A, value=0.0, cases={"model": "a", "metric": "checked"})
    rule = rule.model_copy(update={"a": rule.a.model_copy(update={"metric": "error"})})
    table = frame(
        *(rows("a", [0.0], metric="error", seeds=[None], x=x) for x in (1.0, 2.0, 3.0)),
        *(rows("a", [4**x], metric="checked", seeds=[None], x=x, unit="count") for x in (1.0, 2.0, 3.0)),
    )
    found = rule.judge(table)
    assert (found.status, found.n, found.unit) == ("pass", 84, "%")
    assert found.detail == "all 3 values agree, x from 1 to 3, 84 cases checked, farthest 0 %"
    assert rule.judge(table.loc[table["metric"] == "error"]).status == "not run"


def test_exact_is_exact_by_default():
    rule = criterion("exact", a=A, value=0.3)
    assert rule.judge(frame(rows("a", [0.3]))).status == "pass"
    assert rule.judge(frame(rows("a", [0.1 + 0.2]))).status == "fail"


def test_rounding_in_the_last_digits_is_no_difference():
    found = criterion("greater", a=A, b=B).judge(
        frame(rows("a", BASE * (1 + 1e-15 * np.arange(1, 11))), rows("b", BASE))
    )
    assert (found.status, found.estimate) == ("fail", 0.0)


def test_different_units_are_not_compared():
    with pytest.raises(AmbiguousError, match="units: %, s"):
        GREATER.judge(frame(rows("a", BASE), rows("b", BASE, unit="s")))


@pytest.mark.parametrize(
    ("kind", "keys", "message"),
    [
        ("greater", {"a": A}, "b"),
        ("greater", {"a": A, "b": B, "margn": 1}, "margn"),
        ("equals", {"a": A, "value": 1, "margin": -1}, "margin"),
        ("ratio_above", {"a": A, "b": B, "bound": 0}, "bound"),
        ("above", {"a": A, "bound": nan}, "bound"),
        ("monotone", {"a": A, "direction": "up"}, "direction"),
        ("monotone", {"a": A, "direction": "increasing", "along": "seed"}, "along"),
        ("bigger", {"a": A}, "bigger"),
    ],
)
def test_malformed_criteria_are_refused(kind, keys, message):
    with pytest.raises(ValidationError, match=message):
        criterion(kind, **keys)


def test_criteria_are_frozen():
    with pytest.raises(ValidationError, match="frozen"):
        GREATER.margin = 0.0
