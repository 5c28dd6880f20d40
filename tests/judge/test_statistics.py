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
    bootstrap_interval,
    holm,
    p_above,
    p_below,
    seeds_for_power,
    seeds_for_precision,
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


SKEWED = np.exp(np.random.default_rng(4).normal(size=12))


def test_the_bootstrap_interval_is_the_bca_of_the_textbook():
    # Efron and Tibshirani (1993), section 14.3, over the same resamples
    rng, norm = np.random.default_rng(0), stats.norm
    means = np.sort(SKEWED[rng.integers(0, 12, (2000, 12))].mean(axis=1))
    z0 = norm.ppf(np.mean(means < SKEWED.mean()))
    left_out = (SKEWED.sum() - SKEWED) / 11
    away = left_out.mean() - left_out
    a = (away**3).sum() / (6 * (away**2).sum() ** 1.5)
    z = z0 + norm.ppf([0.025, 0.975])
    expected = np.quantile(means, norm.cdf(z0 + z / (1 - a * z)))
    assert bootstrap_interval(SKEWED) == pytest.approx((SKEWED.mean(), *expected), rel=1e-3)


def test_the_bootstrap_interval_follows_the_skewness_and_repeats():
    mean, low, high = bootstrap_interval(SKEWED)
    assert high - mean > 1.2 * (mean - low)
    assert bootstrap_interval(SKEWED) == (mean, low, high)


def test_the_bootstrap_of_one_value_and_of_equal_values_is_that_of_t():
    assert isnan(bootstrap_interval([3.0]).low)
    assert bootstrap_interval([0.1] * 7) == (0.1, 0.1, 0.1)


def test_one_sided_p_values_add_to_one_and_agree_with_scipy():
    assert p_above(X, 0.5) == pytest.approx(stats.ttest_1samp(X, 0.5, alternative="greater").pvalue)
    assert p_below(X, 0.5) == pytest.approx(stats.ttest_1samp(X, 0.5, alternative="less").pvalue)
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


@pytest.mark.parametrize("seed", range(3))
def test_holm_is_that_of_statsmodels_in_any_order_and_with_ties(seed):
    p = np.random.default_rng(seed).beta(0.3, 2, 25).round(2)
    assert holm(p) == pytest.approx(multipletests(p, method="holm")[1])


@pytest.mark.parametrize("alternative", ["larger", "two-sided"])
@pytest.mark.parametrize("n", [3, 6, 10, 40])
def test_the_smallest_detectable_effect_has_80_percent_power(n, alternative):
    x = np.random.default_rng(n).normal(size=n)
    effect = smallest_detectable(x, alternative) / x.std(ddof=1)
    assert TTestPower().power(effect, n, 0.05, alternative=alternative) == pytest.approx(0.8, abs=1e-5)


def test_two_values_do_not_say_what_can_be_detected():
    assert isnan(smallest_detectable([1.0, 2.0]))


@pytest.mark.parametrize("effect", [0.3, 0.7, 1.0])
def test_seeds_for_power_are_those_of_statsmodels(effect):
    n = seeds_for_power([effect])
    power = TTestPower().power
    assert power(effect, n, 0.05, alternative="larger") >= 0.8 > power(effect, n - 1, 0.05, alternative="larger")


def test_seeds_for_power_are_six_at_least_and_have_an_end():
    assert seeds_for_power([9.0]) == 6
    assert isnan(seeds_for_power([0.0]))


def test_seeds_for_two_gaps_show_equality_as_often_as_simulated():
    n = int(seeds_for_power([0.8, 0.8]))
    draws = np.random.default_rng(5).normal(size=(1000, n))
    shown = np.mean([Region(-0.8, 0.8, closed=True).p(x) < 0.05 for x in draws])
    assert within(shown, 0.8, 1000)


def test_seeds_of_a_region_settle_it_on_the_side_of_the_mean():
    assert Region(low=0.0).seeds(X) == seeds_for_power([X.mean() / X.std(ddof=1)])
    assert Region(high=0.0).seeds(X) == seeds_for_power([X.mean() / X.std(ddof=1)], alpha=0.025)
    assert isnan(Region(low=0.0).seeds([1.0] * 8)) and isnan(Region(low=0.0).seeds([1.0, 2.0]))


@pytest.mark.parametrize("half", [0.2, 1.0, 5.0])
def test_seeds_for_precision_give_that_interval_and_one_fewer_does_not(half):
    n = seeds_for_precision(2.0, half)

    def width(n):
        return stats.t.interval(0.95, n - 1, scale=2.0 / np.sqrt(n))[1]

    assert width(n) <= half and (n == 2 or width(n - 1) > half)


def test_a_precision_out_of_reach_has_no_number_of_seeds():
    assert isnan(seeds_for_precision(1.0, 1e-9))


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


def within(rate, truth, studies, errors=3.5):
    return abs(rate - truth) < errors * np.sqrt(truth * (1 - truth) / studies)


def test_the_95_percent_interval_covers_in_93_to_97_percent_of_2000_studies():
    draws = np.random.default_rng(1).normal(0.7, 2.0, (2000, 10))
    covered = np.mean([low <= 0.7 <= high for _, low, high in map(t_interval, draws)])
    assert 0.93 < covered < 0.97


def test_holm_keeps_the_family_wise_error_over_2000_studies():
    draws = np.random.default_rng(2).normal(size=(2000, 8, 10))
    p_values = stats.ttest_1samp(draws, 0.0, axis=-1, alternative="greater").pvalue
    assert within(np.mean([holm(p).min() < 0.05 for p in p_values]), 0.05, 2000)


def test_equal_models_leave_the_best_set_in_at_most_5_percent_of_studies():
    studies = 400
    draws = np.random.default_rng(6).normal(size=(studies, 10, 8))
    lost = np.mean([len(best_set(pd.DataFrame(draw))) < 8 for draw in draws])
    assert lost < 0.05 + 2 * np.sqrt(0.05 * 0.95 / studies)
