"""The constants in the proof of Theorem 13: from mean-square error 1/20 to a failure rate of 1/3 (BEN-V8)."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import partial
from math import isqrt
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from ctbench.models._explicit import summed
from ctbench.papers._exact import Check, ExactExperiment, bits, pieces, up_to
from ctbench.papers.benign_functions._boolean import on_numbers
from ctbench.papers.benign_functions._nets import inner_product
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

EPSILON = Fraction(1, 20)


class Settings(Frozen):
    """Up to which d Equation 6 is checked on all 16^d quadruples."""

    exact_up_to: Annotated[int, up_to(6, "all 16^d quadruples (x, y, x', y')", "Equation 6 needs no more")] = 4
    corrupted: Annotated[int, up_to(5, "all 16^d quadruples (x, y, x', y')", "a smaller d shows the same")] = 4


def four_terms(d: int, z: NDArray[np.int64], other: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """The inputs (x+x', y+y'), (x+x', y'), (x', y+y'), (x', y') of Equation 6, each x plus 2^d y."""
    low = (1 << d) - 1
    x, y, x1, y1 = z & low, z >> d, other & low, other >> d
    return tuple(a | b << d for a, b in ((x ^ x1, y ^ y1), (x ^ x1, y1), (x1, y ^ y1), (x1, y1)))


def identity(d: int) -> Iterator[Row]:
    """IP(x, y) = IP(x+x', y+y') + IP(x+x', y') + IP(x', y+y') + IP(x', y') mod 2."""
    value = on_numbers("inner_product", np.arange(4**d), d)
    mismatches = 0
    for pair in pieces(16**d):
        z, other = pair % 4**d, pair // 4**d
        mismatches += int((np.bitwise_xor.reduce([value[t] for t in four_terms(d, z, other)]) != value[z]).sum())
    yield measured("mismatches", mismatches, "count", x=d)
    yield measured("cases", 16**d, "count", x=d)


def constants() -> Iterator[Row]:
    """36 eps^2, by fractions, and the largest eps = k / 10000 that the argument would bear."""
    yield measured("failure_bound", 36 * EPSILON**2, "1")
    largest = isqrt(10_000**2 // 108)
    assert 36 * Fraction(largest, 10_000) ** 2 <= Fraction(1, 3) < 36 * Fraction(largest + 1, 10_000) ** 2
    yield measured("largest_epsilon", Fraction(largest, 10_000), "1")


def clipped(d: int) -> Iterator[Row]:
    """N' = [3N - 1]+ - [3N - 2]+ is right wherever |N - f| <= 1/3: here N = f + error on a grid of errors."""
    clip, net = summed([(1, 3, -1), (-1, 3, -2)]), inner_product(d)
    z = np.arange(4**d)
    exact = on_numbers("inner_product", z, d)
    values = net.exactly(bits(z, 2 * d))
    errors = np.arange(-341, 342) / 1024  # |error| < 1/3
    found = clip.exactly((values + errors).reshape(-1, 1), places=10).reshape(len(z), -1)
    yield measured("clipped_mismatches", (found != exact[:, None]).sum(), "count", x=d)
    yield measured("clipped_cases", found.size, "count", x=d)
    yield measured("clipped_extra_neurons", clip.after(net).hidden - net.hidden, "neurons", x=d)


def corrupted(d: int, draws: int = 10) -> Iterator[Row]:
    """A net wrong on a share of at most 9 eps^2 of the inputs: its failure rate at the worst (x, y), over 4 shares.

    The rate is exact, over all (x', y'). The sets of wrong inputs are random ones and the first inputs.
    """
    cases = 4**d
    wrong_inputs = int(9 * EPSILON**2 * cases)
    value = on_numbers("inner_product", np.arange(cases), d)
    rng, other, worst = generator("noise", 0, d), np.arange(cases), 0.0
    for draw in range(draws):
        wrong = np.arange(wrong_inputs) if draw == 0 else rng.choice(cases, wrong_inputs, replace=False)
        net = value.copy()
        net[wrong] ^= 1
        for z in range(cases):
            found = np.bitwise_xor.reduce([net[t] for t in four_terms(d, np.full(cases, z), other)])
            worst = max(worst, float((found != value[z]).mean()))
    yield measured("worst_failure_over_bound", worst / (4 * wrong_inputs / cases), "ratio", x=d)
    yield measured("worst_failure", worst, "1", x=d)
    yield measured("cases_corrupted", draws * cases**2, "count", x=d)


class SelfReduction(ExactExperiment):
    """The random self-reduction of the inner product, Equation 6."""

    paper = "benign_functions"
    title = "Constants of the random self-reduction"
    Settings = Settings
    objects: ClassVar = {"boolean_cube": {"inner_product": {}}}
    sizes = ("exact_up_to", "corrupted")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield constants
        yield partial(clipped, settings.corrupted)
        yield partial(corrupted, settings.corrupted)
        for d in range(1, settings.exact_up_to + 1):
            yield partial(identity, d)


EXPERIMENT = SelfReduction()
