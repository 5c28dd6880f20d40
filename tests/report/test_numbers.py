from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ctbench.report.numbers import interval, rounded

SIZES = st.floats(min_value=1e-12, max_value=1e12, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "half", "shown"),
    [
        (81.23456, 0.6625, "81.23 ± 0.66"),
        (81.23456, 0.0996, "81.23 ± 0.10"),
        (1848.2, 1790, "1800 ± 1800"),
        (-5.56, 0.86, "−5.56 ± 0.86"),
        (0.001, 0.02, "0.001 ± 0.020"),
        (-0.0001, 0.02, "0.000 ± 0.020"),
        (3.14159e-8, 2.2e-10, "(3.142 ± 0.022) × 10⁻⁸"),
        (4.0, 0.0, "4 ± 0"),
        (1.0440440551861e-5, 2.1e-17, "(1.044044 ± 0) × 10⁻⁵"),
        (4.0, nan, "4"),
        (100551.0, 0.0, "100551 ± 0"),
        (92231.7, nan, "92232"),
        (1.9687e-16, nan, "1.969 × 10⁻¹⁶"),
        (0.0, nan, "0"),
        (nan, nan, "diverged"),
        (inf, nan, "∞"),
    ],
)
def test_examples(value: float, half: float, shown: str) -> None:
    assert rounded(value, half).write() == shown


@example(value=1.75, half=0.99609375)
@given(value=st.one_of(SIZES, SIZES.map(lambda x: -x), st.just(0.0)), half=SIZES)
def test_both_end_at_the_second_digit_of_the_half_width_or_the_seventh(value: float, half: float) -> None:
    shown = rounded(value, half)
    scale = Decimal(10) ** shown.power
    digits = Decimal(shown.half).normalize().as_tuple().digits
    assert len(digits) <= 2
    width = Decimal(shown.half) * scale
    near = max(width / 20, Decimal(max(abs(value), half)) * Decimal("5.1e-7"))
    assert abs(width - Decimal(repr(half))) <= near
    assert abs(Decimal(shown.value) * scale - Decimal(repr(value))) <= near
    if "." in shown.half:
        assert len(shown.value.split(".")[1]) == len(shown.half.split(".")[1])


@given(value=SIZES)
def test_without_a_half_width_four_digits_stand(value: float) -> None:
    shown = rounded(value)
    assert float(shown.value) * 10.0**shown.power == pytest.approx(value, rel=5.1e-4)


def test_markups() -> None:
    shown = rounded(-3.14159e-8, 2.2e-10)
    assert shown.write("tex") == r"$(-3.142 \pm 0.022) \times 10^{-8}$"
    assert shown.write("html") == "(−3.142&nbsp;±&nbsp;0.022)&nbsp;×&nbsp;10<sup>−8</sup>"


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((-5.5612, -6.42, -4.7), "−5.56 [−6.42, −4.70]"),
        ((1848.2, 783.1, 4362.0), "1800 [800, 4400]"),
        ((0.5874e-6, 0.0732e-6, 1.1e-6), "0.59 [0.07, 1.10] × 10⁻⁶"),
        ((4.0, nan, nan), "4"),
        ((0.0, 0.0, 0.0), "0"),
    ],
)
def test_intervals(numbers: tuple[float, float, float], shown: str) -> None:
    assert interval(*numbers) == shown
