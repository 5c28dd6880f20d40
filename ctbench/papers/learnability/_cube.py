"""The cube {-1, +1}^n: its points, its parities, and the fast Walsh-Hadamard transform.

Point k has x_i = -1 where bit i of k is set; the set I is the integer with the bits of its members. So
chi_I(x) = prod_{i in I} x_i = (-1)^popcount(k & I).
"""

from __future__ import annotations

import numpy as np

from ctbench.spec.errors import UserError

LARGEST = 24
"""Coordinates up to which the whole cube is enumerated: 2^24 points are 128 MiB a function."""
RADIX = 5
"""Bits that one matrix product of the transform takes."""


def points(n: int) -> np.ndarray:
    """All points, [2^n, n]. Raises UserError if there are too many."""
    return signs(np.arange(1 << enumerable(n))[:, None] >> np.arange(n))


def parity(n: int, chosen: int) -> np.ndarray:
    """chi_I on all points, [2^n]. Raises UserError on an empty or foreign I, or if there are too many points."""
    return signs(np.bitwise_count(np.arange(1 << enumerable(n)) & index_set(n, chosen)))


def signs(bits: np.ndarray) -> np.ndarray:
    """(-1)^bits, in double precision."""
    return 1.0 - 2.0 * (bits & 1)


def size(chosen: np.ndarray | int) -> np.ndarray:
    """|I|."""
    return np.bitwise_count(chosen)


def walsh(values: np.ndarray) -> np.ndarray:
    """sum_x f(x) chi_I(x) for every I, by matrix products with Hadamard matrices of 32 rows; n 2^n steps in all.

    Args:
        values: f on all points, [..., 2^n]; exact for integers as long as sums stay below 2^53.

    Returns:
        The sums in the order of I, [..., 2^n]; applied twice, it gives 2^n f.

    Raises:
        UserError: if the last axis has no power of two.
    """
    length = values.shape[-1]
    if length < 1 or length & (length - 1):
        raise UserError(
            f"Walsh transform: found {length} values, expected a power of two, one for each point of a cube."
        )
    bits, found = length.bit_length() - 1, np.asarray(values, dtype=float).reshape(-1, length)
    while bits > 0:
        rows = 1 << min(RADIX, bits)
        parts = found.reshape(len(found), rows, -1).swapaxes(1, 2)  # the leading bits of I become the trailing ones
        found = np.matmul(parts, hadamard(rows)).reshape(-1, length)
        bits -= RADIX
    return found.reshape(values.shape)


def hadamard(rows: int) -> np.ndarray:
    """H_ij = (-1)^popcount(i & j)."""
    return signs(np.bitwise_count(np.arange(rows)[:, None] & np.arange(rows)))


def enumerable(n: int) -> int:
    """`n`. Raises UserError if the cube {-1, +1}^n has too many points to visit all."""
    if not 1 <= n <= LARGEST:
        raise UserError(
            f"n: found {n}, expected 1 to {LARGEST}: all 2^n points are visited. For more coordinates draw samples, "
            "as experiment learnability/parity_training does."
        )
    return n


def index_set(n: int, chosen: int) -> int:
    """`chosen`. Raises UserError if it is empty, whose parity is the constant 1, or not within n coordinates."""
    if not 0 < chosen < 1 << n:
        raise UserError(f"Index set: found {chosen}, expected a nonempty set of {n} coordinates, 1 to {(1 << n) - 1}.")
    return chosen
