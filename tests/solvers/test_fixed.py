from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm

from ctbench.solvers import SCHEMES
from ctbench.solvers._tableau import Tableau, row
from ctbench.solvers.fixed import Stage, integrate

RATE = torch.tensor([[-0.3, 1.0], [-2.0, -0.1]], dtype=torch.float64)


def swinging(stage: Stage, y: torch.Tensor) -> torch.Tensor:
    """dy/dt = cos(t) A y depends on time, so that stage times matter; y(t) = exp(A sin t) y(0)."""
    return RATE @ y * float(np.cos(stage.time))


def truth(end: float) -> np.ndarray:
    return expm(RATE.numpy() * np.sin(end)) @ [1.0, 0.5]


@pytest.mark.parametrize("name", SCHEMES.names)
def test_error_falls_with_the_order_of_the_scheme(name: str) -> None:
    scheme = SCHEMES[name]
    steps = np.array([16, 32, 64])
    start = torch.tensor([1.0, 0.5], dtype=torch.float64)
    errors = [
        np.abs(integrate(swinging, start, scheme, steps=int(n), end=1.0).numpy() - truth(1.0)).max() for n in steps
    ]
    slope = np.polyfit(np.log(1 / steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(scheme.order, abs=0.1)


def test_a_wrong_coefficient_is_refused() -> None:
    with pytest.raises(ValueError, match="sum b c is"):
        Tableau("bad", order=2, a=(row(), row(1)), b=row("1/3", "2/3"), c=row(0, 1), source="")
    with pytest.raises(ValueError, match="c_i must equal"):
        Tableau("bad", order=1, a=(row(), row(1)), b=row("1/2", "1/2"), c=row(0, "1/2"), source="")


def intervals_of(name: str, steps: int, intervals: int, rule: str = "interval") -> list[list[int]]:
    """The interval that each stage of each step sees."""
    return [[getattr(Stage(n, steps, c), rule)(intervals) for c in SCHEMES[name].c] for n in range(steps)]


def test_classic_rk4_sees_one_interval_per_step() -> None:
    assert intervals_of("rk4_classic", 3, 3) == [[0] * 4, [1] * 4, [2] * 4]


@pytest.mark.parametrize("intervals", [1, 2, 4, 8, 16, 32])
def test_as_released_classic_rk4_ends_a_step_in_the_interval_after_it(intervals: int) -> None:
    last = intervals - 1
    expected = [[k, k, k, min(k + 1, last)] for k in range(intervals)]
    assert intervals_of("rk4_classic", intervals, intervals, "interval_as_released") == expected


@pytest.mark.parametrize(
    "intervals, skipped",
    [(3, [2]), (6, [4]), (7, [4]), (12, [8]), (24, [13, 16]), *((2**n, []) for n in range(7))],
)
def test_as_released_euler_skips_some_intervals_and_repeats_those_before(intervals: int, skipped: list[int]) -> None:
    found = [k for [k] in intervals_of("euler", intervals, intervals, "interval_as_released")]
    assert found == [k - 1 if k in skipped else k for k in range(intervals)]


def test_as_released_euler_with_two_intervals_differs_at_few_steps() -> None:
    rules = ("interval", "interval_as_released")
    different = [n for n in range(1, 41) if len({str(intervals_of("euler", n, 2, rule)) for rule in rules}) == 2]
    assert different == [14, 26, 28, 30]


@given(steps=st.integers(1, 64), name=st.sampled_from(SCHEMES.names))
def test_with_one_interval_the_rules_agree(steps: int, name: str) -> None:
    assert intervals_of(name, steps, 1) == intervals_of(name, steps, 1, "interval_as_released")


@given(intervals=st.integers(1, 64))
def test_euler_with_one_step_per_interval_uses_each_once(intervals: int) -> None:
    assert [Stage(n, intervals, Fraction(0)).interval(intervals) for n in range(intervals)] == list(range(intervals))


@given(intervals=st.integers(1, 40), steps=st.integers(1, 40), name=st.sampled_from(SCHEMES.names))
def test_intervals_never_run_backwards(intervals: int, steps: int, name: str) -> None:
    times = [
        (Stage(n, steps, c).time, Stage(n, steps, c).interval(intervals)) for n in range(steps) for c in SCHEMES[name].c
    ]
    ordered = [k for _, k in sorted(times)]
    assert ordered == sorted(ordered) and ordered[0] >= 0 and ordered[-1] < intervals


def test_no_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        integrate(swinging, torch.ones(2), SCHEMES["euler"], steps=0)
