"""How often the 95 % intervals hold the truth, and how often the corrections raise a false alarm: simulated studies.

Student's interval is exact for normal data, so it must cover in 93 to 97 % of 2,000 studies; the other lines say how
far it and the bootstrap are from that where values are few or skewed. The family-wise error must stay at 5 % or below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

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


SIZES = (6, 10, 30)


def main(full: bool) -> None:
    print("\n".join(page()))


def page() -> Iterator[str]:
    """`docs/coverage.md`."""
    yield "# How often the intervals hold the truth"
    yield ""
    yield f"From {STUDIES:,} simulated studies a line, so that a share is known to about one percentage point; made by"
    yield "`python -m benchmarks coverage > docs/coverage.md`."
    yield ""
    yield "| values of a study | n | t interval | BCa bootstrap | wanted |"
    yield "|---|---|---|---|---|"
    for (case, (draw, truth)), n in product(CASES.items(), SIZES):
        rng = np.random.default_rng(n)
        samples = [draw(rng, n) for _ in range(STUDIES)]
        student, boot = (coverage(interval, samples, truth) for interval in (t_interval, bootstrap_interval))
        yield f"| {case} | {n} | {student:.1%} | {boot:.1%} | 95 % |"
    yield ""
    yield "| false alarm, n = 10 | found | at most |"
    yield "|---|---|---|"
    yield f"| TOST passes at the edge of its margin | {tost_error():.1%} | 5 % |"
    yield f"| one of 8 true nulls falls, after Holm | {holm_error(8):.1%} | 5 % |"
    yield from (f"| the best set of {k} equal models loses one | {best_set_error(k):.1%} | 5 % |" for k in (3, 8))


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
