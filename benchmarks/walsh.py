"""Walsh-Hadamard transform of 2^20 values: ours, a plain loop over butterflies in numpy, and scipy's matrix on 2^12."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from statistics import median

import numpy as np
from scipy.linalg import hadamard
from threadpoolctl import threadpool_limits

from benchmarks._line import Line
from ctbench.papers.learnability._cube import walsh

BITS, SMALL, REPEATS = 20, 12, 7


def butterflies(values: np.ndarray) -> np.ndarray:
    """The textbook's loop: n passes of sums and differences."""
    found, half = values.copy(), 1
    while half < len(found):
        pairs = found.reshape(-1, 2, half)
        a, b = pairs[:, 0].copy(), pairs[:, 1].copy()
        pairs[:, 0], pairs[:, 1] = a + b, a - b
        half *= 2
    return found


def seconds(work: Callable[[np.ndarray], np.ndarray], values: np.ndarray) -> float:
    """Median over repeated calls."""
    found = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        work(values)
        found.append(time.perf_counter() - begin)
    return median(found)


def lines(full: bool) -> Iterator[Line]:
    rng = np.random.default_rng(0)
    for bits, name, twin in (
        (BITS, "loop over butterflies", butterflies),
        (SMALL, "scipy's Hadamard matrix", lambda f: hadamard(len(f)) @ f),
    ):
        values = rng.integers(-1000, 1000, 1 << bits).astype(float)
        with threadpool_limits(1):
            ours, theirs = seconds(walsh, values), seconds(twin, values)
        same = "equal" if np.array_equal(walsh(values), twin(values)) else "DIFFERENT"
        what, said = f"Walsh-Hadamard transform of 2^{bits} values", f"twin: {name}; integers {same}"
        yield Line(what, "ms", 1e3 * ours, 1e3 * theirs, said=said, threads=1)
