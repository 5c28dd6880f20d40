"""Errata of the printed proofs, literal and repaired, and where a printed bound says anything (LRN-M19, M20).

None breaks a theorem: each repair leaves its statement with another constant or exponent.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import log2, sqrt
from typing import ClassVar

import numpy as np
from pydantic import Field
from scipy.optimize import minimize_scalar

from ctbench.papers._exact import Check, ExactExperiment
from ctbench.papers.learnability.parities import first_below, printed_bound
from ctbench.spec.frozen import Frozen
from ctbench.training.task import Row, measured

FIRST = 10**6
"""n up to which a bound is followed."""


class Settings(Frozen):
    """Cells of the piecewise constant fits and where sums are taken in each."""

    cells: tuple[int, ...] = Field((2, 4, 8, 16), min_length=2, description="Cells n along each axis.")
    dimensions: tuple[int, ...] = Field((1, 2, 3), min_length=1, description="Dimensions d.")
    inside: int = Field(8, ge=2, multiple_of=2, description="Points along each axis of a cell.")
    widths: tuple[int, ...] = Field((2, 4, 8, 16, 32, 64, 128), min_length=1, description="Widths p of Theorem 18.")


def piecewise_constant(settings: Settings) -> Iterator[Row]:
    """Lemma 24: n^d cells of diameter sqrt(d)/n, printed as sqrt(d)/n^d; on the 1-Lipschitz h(x) = sum(x)/sqrt(d).

    The fit takes the value at the centre of each cell; its L1 error over the unit cube is a sum over a fine grid.
    """
    for d, n in product(settings.dimensions, settings.cells):
        axis = (np.arange(n * settings.inside) + 0.5) / (n * settings.inside)
        gap = (np.floor(axis * n) + 0.5) / n - axis
        total = np.zeros(())
        for _ in range(d):
            total = np.add.outer(total, gap)
        error = np.abs(total).mean() / sqrt(d)
        printed = (2 * sqrt(d) + sqrt(d)) / n**d  # (2 C + L sqrt d) / n^d with C = max |h| = sqrt(d), L = 1
        yield measured(f"fit_error_d{d}", error, "1", x=n)
        yield measured(f"fit_error_d{d}_over_printed", error / printed, "ratio", x=n)
        yield measured(f"fit_error_d{d}_over_repaired", error / (3 * sqrt(d) / n), "ratio", x=n)


def constant_of_lemma_37(settings: Settings) -> Iterator[Row]:
    """min over D of a D + b D^(-1/2) with a b^2 = 90: the whole sum, and the second term alone, as printed.

    The step D of the rounding costs a D, the features that it leaves cost b D^(-1/2); only a b^2 enters the minimum.
    """
    for a in (0.1, 1.0, 10.0):
        b = sqrt(90 / a)
        found = minimize_scalar(lambda log: a * np.exp(log) + b * np.exp(-log / 2), (-5, 5), tol=1e-12)  # noqa: B023
        yield measured("constant_whole_sum", found.fun, "1", x=a)
        yield measured("constant_printed_sum", b * np.exp(-found.x / 2), "1", x=a)  # pyright: ignore


def silent_bounds(settings: Settings) -> Iterator[Row]:
    """The first n at which each printed bound says more than that a loss is not negative."""
    for p in settings.widths:
        values = (n for n in range(1, FIRST) if n + 1e-9 > sqrt(n) * (1 + log2(2 * p)) + 1e-6)
        yield measured("theorem_18_says_something_from", next(values), "1", x=p)
        strong = (n for n in range(1, FIRST) if 2 ** (sqrt(n) * (1 + log2(2 * p)) - n) <= 0.01)
        yield measured("theorem_18_excludes_hinge_0.99_from", next(strong), "1", x=p)
    yield measured("lemma_32_says_something_from", first_below(100, 1.0, printed_bound), "1")
    for constant, name in ((6.0, "printed"), (8.47, "repaired")):
        # 6 sqrt(k) R^2 n^(5/6) / d^(1/18) with d = 2^(n/12), k = 10, R = 1
        bound = (n for n in range(1, FIRST) if constant * sqrt(10) * n ** (5 / 6) < 2 ** (n / 18))
        yield measured(f"lemma_37_{name}_says_something_from", next(bound), "1")


class Errata(ExactExperiment):
    """Arithmetic on the printed proofs."""

    paper = "learnability"
    title = "Errata and bounds that say nothing"
    Settings = Settings
    objects: ClassVar = {"printed_proofs": {"exact": {}}}
    sizes = ("cells", "dimensions")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield lambda: piecewise_constant(settings)
        yield lambda: constant_of_lemma_37(settings)
        yield lambda: silent_bounds(settings)


EXPERIMENT = Errata()
