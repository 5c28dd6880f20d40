from math import inf, isnan, nan

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import DescrStatsW

from ctbench.judge.statistics import (
    Region,
    best_set,
    holm,
    p_above,
    p_below,
    smallest_detectable,
    t_interval,
)

X = np.random.default_rng(0).normal(1.0, 2.0, 10)


def test_the_t_interval_is_that_of_statsmodels():
    low, high = DescrStatsW(X).tconfint_mean()
    assert t_interval(X) == pytest.approx((X.mean(), low, high))


def test_the_t_interval_by_hand():
    # 1..6: mean 3.5, s = sqrt(3.5), t(5; 0.975) = 2.5706
    assert t_interval([1, 2, 3, 4, 5, 6]) == pytest.approx((3.5, 1.53668, 5.46332), rel=1e-5)


def test_one_value_has_no_interval_and_equal_values_a_point():
    assert t_interval([3.0]).mean == 3.0
    assert isnan(t_interval([3.0]).low)
    assert t_interval([0.1] * 7) == (0.1, 0.1, 0.1)


@pytest.mark.parametrize("values", [[], [1.0, nan], [inf], [[1.0]]])
def test_what_is_not_a_row_of_finite_numbers_is_refused(values):
    with pytest.raises(ValueError, match="finite"):
        t_interval(values)


def test_one_sided_p_values_add_to_one_and_agree_with_scipy():
    assert p_above(X, 0.5) == pytest.approx(stats.ttest_1samp(X, 0.5, alternative="greater").pvalue)
    assert p_above(X, 0.5) + p_below(X, 0.5) == pytest.approx(1)


def test_a_region_with_two_ends_is_the_tost_of_statsmodels():
    expected, *_ = DescrStatsW(X).ttost_mean(-1.0, 3.0)
    assert Region(-1.0, 3.0, closed=True).p(X) == pytest.approx(expected)


def test_a_region_with_one_end_is_a_one_sided_test():
    assert Region(low=0.5).p(X) == p_above(X, 0.5)
    assert Region(high=0.5).p(X) == p_below(X, 0.5)


def test_only_a_closed_region_holds_its_ends():
    assert Region(0.0, 84.2 - 81.8, closed=True).holds(2.4)
    assert not Region(low=2.4).holds(84.2 - 81.8)
    assert not Region(low=0.0).holds(0.0)
    assert Region(low=0.0).holds(1e-300)


def test_equal_values_are_taken_as_exact():
    assert Region(low=0.3).p([0.4] * 8) == 0
    assert Region(low=0.3).p([0.3] * 8) == 1


def test_holm_is_that_of_statsmodels_and_by_hand():
    p = [0.01, 0.04, 0.03, 0.2]
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])
    assert holm(p) == pytest.approx([0.04, 0.09, 0.09, 0.2])
    assert len(holm([])) == 0


@pytest.mark.parametrize("alternative", ["larger", "two-sided"])
@pytest.mark.parametrize("n", [3, 6, 10, 40])
def test_the_smallest_detectable_effect_has_80_percent_power(n, alternative):
    x = np.random.default_rng(n).normal(size=n)
    effect = smallest_detectable(x, alternative) / x.std(ddof=1)
    assert TTestPower().power(effect, n, 0.05, alternative=alternative) == pytest.approx(0.8, abs=1e-5)


def test_two_values_do_not_say_what_can_be_detected():
    assert isnan(smallest_detectable([1.0, 2.0]))


def table(**columns):
    return pd.DataFrame(columns)


def test_the_best_set_keeps_what_cannot_be_told_from_the_best():
    noise = np.random.default_rng(3).normal(size=(2, 10))
    frame = table(good=80 + noise[0], same=80 + noise[1], bad=70 + noise[0] + 0.1 * noise[1])
    assert best_set(frame) == ("good", "same")
    assert best_set(frame, larger=False) == ("bad",)


def test_below_six_seeds_no_model_leaves_the_best_set():
    assert best_set(table(a=[1.0, 1.1, 1.2, 1.3, 1.4], b=[9.0, 9.1, 9.3, 9.2, 9.5])) == ("a", "b")


def test_a_diverged_model_is_not_among_the_best():
    assert best_set(table(a=[1.0] * 6, b=[9.0, nan, 9.0, 9.0, 9.0, 9.0])) == ("a",)
    assert best_set(table(a=[nan] * 6, b=[nan] * 6)) == ("a", "b")


def test_a_constant_lead_is_a_lead_and_a_tie_is_a_tie():
    assert best_set(table(a=[0.5] * 6, b=[1.0] * 6, c=[1.0] * 6)) == ("b", "c")


def test_an_empty_best_set_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        best_set(pd.DataFrame())


def coverage(studies, n=10):
    draws = np.random.default_rng(1).normal(0.7, 2.0, (studies, n))
    inside = [low <= 0.7 <= high for _, low, high in map(t_interval, draws)]
    return np.mean(inside)


def family_wise_error(studies, m=8, n=10):
    draws = np.random.default_rng(2).normal(size=(studies, m, n))
    p_values = stats.ttest_1samp(draws, 0.0, axis=-1, alternative="greater").pvalue
    return np.mean([holm(p).min() < 0.05 for p in p_values])


def within(rate, truth, studies, errors=3.5):
    return abs(rate - truth) < errors * np.sqrt(truth * (1 - truth) / studies)


def test_coverage_of_the_interval():
    assert within(coverage(400), 0.95, 400)


@pytest.fixture
def no_garbage_collection(monkeypatch):
    """statsmodels collects garbage at each correction, which takes longer than the correction."""
    monkeypatch.setattr("gc.collect", lambda: 0)


@pytest.mark.usefixtures("no_garbage_collection")
def test_holm_keeps_the_family_wise_error():
    assert within(family_wise_error(300), 0.05, 300)


@pytest.mark.slow
def test_coverage_of_the_interval_over_2000_studies():
    assert within(coverage(2000), 0.95, 2000)


@pytest.mark.slow
@pytest.mark.usefixtures("no_garbage_collection")
def test_holm_keeps_the_family_wise_error_over_2000_studies():
    assert within(family_wise_error(2000), 0.05, 2000)
