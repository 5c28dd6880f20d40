"""How often the 95 % intervals hold the truth, and how often the corrections raise a false alarm: simulated studies.

Student's interval is exact for normal data, so it must cover in 93 to 97 % of 2,000 studies; the other lines say how
far it and the bootstrap are from that where values are few or skewed. The family-wise error must stay at 5 % or below.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ctbench.judge.statistics import ALPHA, Estimate, Region, best_set, bootstrap_interval, holm, p_above, t_interval

STUDIES = 2000
Draw = Callable[[np.random.Generator, int], NDArray[np.float64]]

CASES: dict[str, tuple[Draw, float]] = {
    "normal": (lambda rng, n: rng.normal(size=n), 0.0),
    "uniform": (lambda rng, n: rng.uniform(size=n), 0.5),
    "skewed (log-normal, sigma 1)": (lambda rng, n: rng.lognormal(size=n), float(np.exp(0.5))),
    "counts of 1,000 test cases at 98 %": (lambda rng, n: rng.binomial(1000, 0.98, n) / 1000, 0.98),
}


def main(full: bool) -> None:
    for case, (draw, truth) in CASES.items():
        for n in (6, 10, 30):
            rng = np.random.default_rng(n)
            samples = [draw(rng, n) for _ in range(STUDIES)]
            student, boot = (coverage(interval, samples, truth) for interval in (t_interval, bootstrap_interval))
            print(f"coverage, {case}, n = {n}: Student's t {student:.1%}, BCa bootstrap {boot:.1%} (95 % wanted)")
    print(f"false passes, TOST at the edge of its margin, n = 10: {tost_error():.1%} (5 % at most)")
    print(f"family-wise error of Holm over 8 tests, n = 10: {holm_error(8):.1%} (5 % at most)")
    for k in (3, 8):
        print(f"best set of {k} equal models loses one, n = 10: {best_set_error(k):.1%} (5 % at most)")


def coverage(interval: Callable[[NDArray[np.float64]], Estimate], samples: list[NDArray], truth: float) -> float:
    return float(np.mean([found.low <= truth <= found.high for found in map(interval, samples)]))


def tost_error() -> float:
    draws = np.random.default_rng(1).normal(1.0, 1.0, (STUDIES, 10))
    return float(np.mean([Region(-1.0, 1.0, closed=True).p(x) < ALPHA for x in draws]))


def holm_error(tests: int) -> float:
    draws = np.random.default_rng(2).normal(size=(STUDIES, tests, 10))
    return float(np.mean([holm([p_above(x, 0.0) for x in study]).min() < ALPHA for study in draws]))


def best_set_error(models: int) -> float:
    draws = np.random.default_rng(3).normal(size=(STUDIES, 10, models))
    return float(np.mean([len(best_set(pd.DataFrame(study))) < models for study in draws]))
