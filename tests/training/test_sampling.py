import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctbench.spec.errors import UserError
from ctbench.training._sampling import chances, check_series, kept, windows


@pytest.mark.parametrize("keep, spread", [(0.3, None), (0.5, 0.5), (0.5, 2.0), (0.3, 4.0), (0.7, 1.0)])
def test_gaps_have_the_mean_and_the_spread_asked_for(keep: float, spread: float | None) -> None:
    mask = kept(400_000, keep, spread, np.random.default_rng(0))
    gaps = np.diff(np.flatnonzero(mask))
    bernoulli = np.sqrt(1 - keep) / keep
    assert mask.mean() == pytest.approx(keep, rel=0.03)
    assert gaps.mean() == pytest.approx(1 / keep, rel=0.03)
    assert gaps.std() == pytest.approx(bernoulli if spread is None else spread, rel=0.03)


def test_without_spread_every_second_time_is_kept() -> None:
    assert set(np.diff(np.flatnonzero(kept(100, 0.5, 0.0, np.random.default_rng(0))))) == {2}


@given(st.floats(0.05, 0.95))
def test_the_spread_of_independent_times_is_that_of_bernoulli(keep: float) -> None:
    assert chances(keep, np.sqrt(1 - keep) / keep) == pytest.approx((keep, keep))


def test_a_spread_that_no_chain_has_is_refused() -> None:
    with pytest.raises(UserError, match=r"spread: found 0\.5 at keep rate 0\.3, expected at least 1\.76"):
        chances(0.3, 0.5)
    assert min(chances(0.3, 1.7639)) == pytest.approx(0, abs=1e-3)


def test_windows_follow_the_kept_times() -> None:
    mask = np.array([1, 0, 1, 1, 0, 1], bool)
    np.testing.assert_array_equal(windows(np.arange(10, 16), mask, 2, "test part"), [[10, 12, 13], [12, 13, 15]])


@pytest.mark.parametrize("left", [0, 2])
def test_a_mask_that_leaves_too_little_is_refused(left: int) -> None:
    mask = np.arange(6) < left
    with pytest.raises(UserError, match=f"test part: {left} of 6 observations are kept, expected at least 3"):
        windows(np.arange(6), mask, 2, "test part")


GOOD = (np.ones((4, 2)), np.arange(4.0), np.ones((2, 2)))


@pytest.mark.parametrize(
    "place, bad, message",
    [
        (0, np.array([[1, 2], [3, np.nan], [5, 6], [7, 8]]), "found nan at time 1, station 1"),
        (0, np.ones((0, 2)), "one of each at least"),
        (1, np.array([0.0, 2, 1, 3]), "found 1 after 2, out of order"),
        (1, np.array([0.0, 1, 1, 3]), "found 1 after 1, repeated"),
        (1, np.arange(3.0), "expected 4 finite numbers"),
        (2, np.ones((3, 3)), r"adjacency of shape \(3, 3\) for 2 stations"),
    ],
)
def test_a_series_that_cannot_be_right_is_refused(place: int, bad: np.ndarray, message: str) -> None:
    given = [*GOOD]
    given[place] = bad
    check_series(*GOOD)
    with pytest.raises(UserError, match=message):
        check_series(*given)
