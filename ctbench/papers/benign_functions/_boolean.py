"""Disjointness and the inner product modulo 2 on bits, by integer arithmetic that knows no network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.float64]

FUNCTIONS: dict[str, Callable[[NDArray[np.int64]], NDArray[np.int64]]] = {
    "disjointness": lambda shared: (shared == 0).astype(np.int64),
    "inner_product": lambda shared: shared % 2,
}
"""From the number of i with x_i = y_i = 1 to the value."""


def on_numbers(function: str, numbers: NDArray[np.int64], d: int) -> NDArray[np.int64]:
    """DISJ_d or IP_d of inputs 0 ... 4^d - 1, whose low d digits are x and whose high digits are y."""
    return FUNCTIONS[function](np.bitwise_count(numbers & (numbers >> d)).astype(np.int64))


def on_bits(function: str, z: Bits) -> NDArray[np.int64]:
    """The same of rows (x, y) of 2d bits."""
    x, y = np.split(z.astype(bool), 2, axis=1)
    return FUNCTIONS[function]((x & y).sum(1))


def sampled_pairs(d: int, rows: int, rng: np.random.Generator) -> Bits:
    """Rows (x, y) of 2d bits whose intersections have every size: half 0 or 1 element, half uniform in 0 ... d.

    Uniform inputs would almost all intersect, and in about d/4 places.
    """
    shared = np.where(np.arange(rows) % 2, rng.integers(0, d + 1, rows), rng.integers(0, 2, rows))
    both = np.arange(d) < shared[:, None]
    other = rng.integers(0, 3, (rows, d))
    x, y = both | (other == 1), both | (other == 2)
    order = rng.permuted(np.tile(np.arange(d), (rows, 1)), axis=1)
    return np.hstack([np.take_along_axis(v, order, axis=1) for v in (x, y)]).astype(np.float64)
