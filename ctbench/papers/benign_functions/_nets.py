"""The paper's networks, written down: disjointness, the inner product modulo 2, rounding, bits (App. A.1, C.5, D)."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from math import ceil, log2

import numpy as np

from ctbench.models._explicit import Affine, Network, network, summed

TENT = summed([(1, 2, 0), (-1, 4, -2)])
"""phi(z) = [2z]+ - [4z - 2]+ (Telgarsky): one triangle of height 1 on [0, 1]."""


def scaled(factor: float, shift: float = 0.0) -> Network:
    """t -> factor t + shift, without a neuron."""
    return network(Affine.of([[factor]], shift))


def intersection(d: int) -> Network:
    """s = sum_i [x_i + y_i - 1]+ of (x, y) in [0, 1]^2d: on bits, the number of i with x_i = y_i = 1."""
    return network(Affine.of(np.hstack([np.eye(d), np.eye(d)]), -1), Affine.of(np.ones(d)))


def disjointness(d: int) -> Network:
    """DISJ_d = [1 - s]+, d + 1 neurons (Theorem 16)."""
    return summed([(1, -1, 1)]).after(intersection(d))


def triangle(d: int) -> Network:
    """s - 2 [s - 1]+ + 2 [s - 2]+ - ...: the parity of s = 0 ... d by one triangle wave, d neurons."""
    return summed([(1, 1, 0), *((2 * (-1) ** j, 1, -j) for j in range(1, d))])


def staircase(d: int, width: float = 0.5) -> Network:
    """The parity of s = 0 ... d by the steps of Lemma 21, sum over odd l of g_l - g_{l+1}: 2d neurons.

    g_l(s) = ([s - l + width]+ - [s - l]+) / width.
    """
    steps = (((-1) ** (level + 1), level) for level in range(1, d + 1))
    return summed([term for sign, level in steps for term in step(level, width, sign)])


def step(level: float, width: float, height: float = 1.0) -> list[tuple[float, float, float]]:
    """Two neurons for a ramp from 0 at `level` - `width` to `height` at `level`, as terms of `summed`."""
    return [(height / width, 1, width - level), (-height / width, 1, -level)]


def fold(d: int) -> Network:
    """The parity of s = 0 ... d by K = ceil(log2(d + 1)) tents of s / 2^K: 2K neurons in K layers."""
    K = d.bit_length()
    return wave(K).after(scaled(2.0**-K))


def wave(k: int) -> Network:
    """phi_k, the tent composed k times: 2^(k-1) triangles on [0, 1], 2k neurons."""
    return reduce(lambda net, _: TENT.after(net), range(k - 1), TENT)


PARITY: dict[str, Callable[[int], Network]] = {"triangle": triangle, "staircase": staircase, "fold": fold}
"""Three readings of the "straightforward construction" by which the paper computes the parity of s."""


def inner_product(d: int, form: str = "triangle") -> Network:
    """IP_d = parity of s (Theorem 16)."""
    return PARITY[form](d).after(intersection(d))


BOOLEAN: dict[str, Callable[[int], Network]] = {
    "disjointness": disjointness,
    "inner_product_triangle": lambda d: inner_product(d, "triangle"),
    "inner_product_staircase": lambda d: inner_product(d, "staircase"),
    "inner_product_fold": lambda d: inner_product(d, "fold"),
}

HIDDEN: dict[str, Callable[[int], int]] = {
    "disjointness": lambda d: d + 1,
    "inner_product_triangle": lambda d: 2 * d,
    "inner_product_staircase": lambda d: 3 * d,
    "inner_product_fold": lambda d: d + 2 * ceil(log2(d + 1)),
}
"""Hidden neurons as counted by hand from the constructions."""


def rounding(n: int) -> Network:
    """z_i = [2 x_i - 1/2]+ - [2 x_i - 3/2]+: 0 on [0, 1/4], 1 on [3/4, 1]; 2n neurons (Proposition 17)."""
    return network(
        Affine.of(np.kron(np.eye(n), [[2.0], [2.0]]), np.tile([-0.5, -1.5], n)),
        Affine.of(np.kron(np.eye(n), [[1.0, -1.0]])),
    )


def binary_digits(c: int, width: float) -> Network:
    """The c leading binary digits of x in [0, 1), wrong where a step is under way (Lemma 21): 2 (2^c + 1) neurons.

    Digit j is the sum of g_l - g_{l+1} over those l in 0 ... 2^c - 1 that have it.
    """
    levels = np.arange(2**c + 1)
    digits = levels[:-1] >> np.arange(c)[::-1, None] & 1  # [c, 2^c]
    jumps = np.diff(digits, axis=1, prepend=0, append=0) / width  # of each digit at each level
    hidden = Affine.of(np.full((2 * len(levels), 1), 2.0**c), np.column_stack([width - levels, -levels]).ravel())
    return network(hidden, Affine.of(np.stack([jumps, -jumps], axis=2).reshape(c, -1)))
