"""Learning parities from statistical queries: who can ask little can find little (LRN-M15, M16).

A query is a function q(x, y) with values in [-1, 1]; the oracle answers within tau of E[q(x, chi_I(x))].
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from math import comb
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from ctbench.papers._exact import Check, ExactExperiment
from ctbench.papers.learnability._cube import LARGEST, parity, signs, walsh
from ctbench.papers.learnability.parities import majority_of_parities
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured


class Settings(Frozen):
    """Sizes of the cube for both directions."""

    low_degree: tuple[int, ...] = Field((4, 6, 8, 10, 12), min_length=1, description="n, parities of one or two bits.")
    tolerance: float = Field(0.3, gt=0, lt=0.5)
    all_parities: tuple[int, ...] = Field((12, 15, 18, 21), min_length=1, description="n, all 2^n parities.")

    @field_validator("low_degree", "all_parities")
    @classmethod
    def _enumerable(cls, n: tuple[int, ...]) -> tuple[int, ...]:
        if not 3 <= min(n) <= max(n) <= LARGEST:
            raise ValueError(
                f"expected n from 3 to {LARGEST}, for all 2^n inputs are visited; learnability/parity_training samples"
            )
        return n


def low_degree(settings: Settings) -> Iterator[Row]:
    """Theorem 14, towards learning: parities of one or two bits, against an oracle that errs as far as it may.

    The learner asks y chi_J(x) for every J of one or two bits and takes the largest answer; the kernel's features are
    these chi_J, among which the target is one of weight 1.
    """
    for n in settings.low_degree:
        sets = np.array([1 << i for i in range(n)] + [1 << i | 1 << j for i, j in combinations(range(n), 2)])
        found, hinge = 0, 0.0
        for position, target in enumerate(sets):
            truth = walsh(parity(n, int(target)))[sets] / 2**n
            against = np.where(np.arange(len(sets)) == position, -1, 1) * settings.tolerance
            found += int(np.argmax(truth + against) == position)
            weights = np.zeros(1 << n)
            weights[sets] = truth
            hinge = max(hinge, float(np.maximum(1 - parity(n, int(target)) * walsh(weights), 0).mean()))
        yield measured("low_degree_found", found / len(sets), "1", x=n)
        yield measured("low_degree_queries_over_n2", (n + comb(n, 2)) / n**2, "ratio", x=n)
        yield measured("low_degree_kernel_hinge", hinge, "1", x=n)
        yield measured("low_degree_targets", len(sets), "count", x=n)


def survivors(settings: Settings) -> Iterator[Row]:
    """Theorem 26: the share of the d = 2^n parities that fit all answers to d^(1/3)/8 queries of tolerance d^(-1/3).

    The oracle answers E[q(x, y)] for a fair coin y wherever that is within tau for the target. With
    q(x, y) = (q(x, 1) + q(x, -1))/2 + y h(x) only the parities with |E[chi_I h]| > tau can then be told apart.
    """
    for n in settings.all_parities:
        d = 2**n
        tau, queries = d ** (-1 / 3), max(1, int(d ** (1 / 3) / 8 + 1e-9))
        for learner in (random_queries, greedy_queries):
            alive = np.ones(d, dtype=bool)
            for query in range(queries):
                alive &= np.abs(walsh(learner(n, alive, query))) / d <= tau
            yield measured(f"surviving_{learner.__name__}", alive.mean(), "1", x=n)
            yield measured(f"below_half_{learner.__name__}", alive.mean() < 0.5, "count", x=n)
        yield measured("surviving_bound", 1 - queries * 2 / (tau**2 - 1 / d) / d, "1", x=n)
        yield measured("queries", queries, "count", x=n)
        yield measured("class_size", d, "count", x=n)


def random_queries(n: int, alive: np.ndarray, query: int) -> np.ndarray:
    """h: a random sign at each point."""
    return signs(generator("noise", query, n).integers(0, 2, 1 << n))


def greedy_queries(n: int, alive: np.ndarray, query: int) -> np.ndarray:
    """h: the majority of as many surviving parities as one function can correlate with, about 2/pi tau^-2 at once."""
    candidates = np.flatnonzero(alive)
    votes = min(len(candidates), int(0.6 * 2 ** (2 * n / 3)))
    return majority_of_parities(n, generator("batch order", query, n).choice(candidates, votes, replace=False))


class StatisticalQueries(ExactExperiment):
    """Simulated oracles whose answers are exact expectations, moved adversarially within the tolerance."""

    paper = "learnability"
    title = "Parities from statistical queries"
    Settings = Settings
    objects: ClassVar = {"parities": {"exact": {}}}
    sizes = ("low_degree", "all_parities")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield lambda: low_degree(settings)
        yield lambda: survivors(settings)


EXPERIMENT = StatisticalQueries()
