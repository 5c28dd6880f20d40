"""The small drawings beside criteria."""

from math import nan

import pytest
from made_criteria import criteria_frame, criterion

from ctbench.report.strip import MARGIN, WIDTH, strips


def difference(label="d", **numbers):
    return criterion(label, **{"estimate": 1.0, "low": 0.5, "high": 1.5, "lower": 0.0} | numbers)


def test_the_interval_lies_around_its_estimate_and_an_open_region_ends_at_the_edge():
    (strip,) = strips(criteria_frame(difference()))
    assert strip.low < strip.estimate < strip.high and strip.end == WIDTH and strip.start == MARGIN


def test_one_unit_has_one_axis():
    small, large = strips(criteria_frame(difference(), difference(estimate=2.0, low=1.5, high=3.0)))
    assert small.start == large.start and large.estimate == pytest.approx(2 * small.estimate - MARGIN)


def test_other_kinds_do_not_move_the_axis():
    alone = strips(criteria_frame(difference()))[0]
    level = criterion("level", "equals", estimate=80.0, low=79.0, high=81.0, lower=83.0, upper=85.0)
    assert strips(criteria_frame(difference(), level))[0] == alone


def test_ratios_are_logarithmic():
    rows = [difference(kind="ratio_above", unit="ratio", estimate=x, low=nan, high=nan, lower=1.0) for x in (10, 100)]
    first, second = strips(criteria_frame(*rows))
    assert first.estimate - first.start == pytest.approx(second.estimate - first.estimate)
    assert first.low is None


def test_few_seeds_do_not_set_the_axis_and_are_cut():
    wide = difference(low=-90.0, high=92.0, n=2)
    kept, cut = strips(criteria_frame(difference(), wide))
    assert kept == strips(criteria_frame(difference()))[0]
    assert (cut.low, cut.high) == (0, WIDTH)


def test_what_was_not_measured_has_none():
    rows = [difference(), difference(status="not run", estimate=nan)]
    assert strips(criteria_frame(*rows))[1] is None
    assert strips(criteria_frame(difference(estimate=0.0, low=0.0, high=0.0)))[0].estimate == WIDTH / 2
