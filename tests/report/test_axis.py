from math import nan

import pytest
from made_criteria import criteria_frame, criterion

from ctbench.judge.listing import BESIDE
from ctbench.report.axis import REACH, axis


def difference(estimate=1.0, half=0.5, label="pair", **numbers):
    return criterion(label, **{"estimate": estimate, "low": estimate - half, "high": estimate + half} | numbers)


def ratio(estimate=2.0, factor=1.2, **numbers):
    ends = {"low": estimate / factor, "high": estimate * factor}
    return criterion("pair", "ratio_above", **{"estimate": estimate, "lower": 1.0} | ends | numbers)


def linear(*rows):
    return axis(criteria_frame(*rows), 0.0, logarithmic=False)


def logarithmic(*rows):
    return axis(criteria_frame(*rows), 1.0, logarithmic=True)


BULK = [difference(0.1 * i) for i in range(-5, 6)]
RATIOS = [ratio(1 + i / 5) for i in range(5)]


@pytest.mark.parametrize("outlier", [difference(45, 4), difference(-400, 30), difference(45, nan)])
def test_an_outlier_does_not_change_the_axis(outlier):
    bulk, found = linear(*BULK), linear(*BULK, outlier)
    assert found.ends == bulk.ends and not bulk.off.any()
    assert found.off.tolist() == [False] * len(BULK) + [True]
    assert found.above[-1] == (outlier["estimate"] > 0)


def test_the_same_on_a_logarithmic_axis():
    bulk, found = logarithmic(*RATIOS), logarithmic(*RATIOS, ratio(2e12, 2))
    assert found.above.tolist() == [False] * len(RATIOS) + [True]
    assert found.ends == pytest.approx(bulk.ends, rel=0.5) and found.ends[0] > 0


@pytest.mark.parametrize("estimate", [REACH - 0.5, REACH + 0.5])
def test_the_reach_is_counted_in_median_bars_from_the_own_bound(estimate):
    for bound in (0.0, 7.0):
        found = linear(*BULK, difference(bound + estimate, lower=bound))
        assert found.above[-1] == (estimate > REACH)


def test_wide_intervals_have_a_long_axis():
    assert not linear(*(difference(e, 7) for e in (-0.1, 29, 29, 52))).off.any()


@pytest.mark.parametrize("estimate", [2.0, -7.0, 53.0])
def test_what_stands_beside_the_claim_has_no_say(estimate):
    beside = difference(estimate, 10, label=f"control{BESIDE}", lower=-90, upper=90)
    assert linear(*BULK, beside).ends == linear(*BULK).ends
    assert linear(*BULK, beside).off[-1] and not linear(beside).off.any()


def test_a_bound_is_shown_and_beyond_it_is_room_for_the_number():
    low, high = linear(*BULK, difference(45, 4, lower=5)).ends
    assert (high - 5) / (high - low) > 0.3
    low, high = linear(*BULK, difference(-45, 4, lower=-5)).ends
    assert (-5 - low) / (high - low) > 0.3
    low, high = logarithmic(ratio(2.0, 1.25, lower=100.0)).ends
    assert 0 < low < 1 and high > 100


def test_a_bar_of_two_seeds_does_not_set_the_axis():
    wide = difference(1.0, 91.0)
    low, high = linear(difference(), wide | {"n": 2}).ends
    assert -1 < low < 0 and 1.5 < high < 2
    low, high = linear(difference(), wide | {"n": 6}).ends
    assert low < -90 and high > 92


def test_an_axis_of_one_number_has_a_length():
    low, high = linear(difference(0.0, 0.0)).ends
    assert low < 0 < high
