"""The extension of a Boolean function to the solid cube, and points and pairs on which to measure it (Proposition 17).

A_z is the cube {x: |x_i - z_i| <= 1/4} around the corner z; the distribution mu is uniform on the parts of these cubes
inside [0, 1]^n.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import comb, gammaln

Points = NDArray[np.float64]
Values = NDArray[np.float64]

GRID = 16
"""Points have this many binary places, so that networks can be exact on them."""


def extension(g: Callable[[Points], NDArray[np.int64]], height: float = 1.0, slope: float = 4.0) -> Callable:
    """f(x) = sum_z g(z) max(0, height - slope dist(x, A_z)), for x [rows, n]; the bumps do not overlap."""

    def f(x: Points) -> Values:
        z = (x >= 0.5).astype(np.float64)
        distance = np.linalg.norm(np.maximum(0.0, np.abs(x - z) - 0.25), axis=1)
        return g(z) * np.maximum(0.0, height - slope * distance)

    return f


def corners(rows: int, n: int, rng: np.random.Generator) -> Points:
    """Uniform rows of {0, 1}^n."""
    return rng.integers(0, 2, (rows, n)).astype(np.float64)


def around(z: Points, rng: np.random.Generator) -> Points:
    """For each corner a uniform point of A_z inside the cube, on the grid, faces included."""
    offsets = rng.integers(0, 2 ** (GRID - 2) + 1, z.shape) / 2**GRID
    return np.abs(z - offsets)


def leaving(z: Points, rng: np.random.Generator) -> tuple[Points, Points]:
    """Pairs on a ray that leaves A_z at a right angle, both within 1/4 of it: where an extension is steepest."""
    rows, n = z.shape
    moving = np.arange(n) < rng.integers(1, n + 1, rows)[:, None]
    moving = rng.permuted(moving, axis=1)
    direction = np.abs(rng.normal(size=z.shape)) * moving
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    inside = np.where(moving, 0.25, rng.random(z.shape) / 4)
    near, far = np.sort(rng.random((2, rows, 1)) / 4, axis=0)
    return np.abs(z - inside - near * direction), np.abs(z - inside - far * direction)


def steepest(f: Callable[[Points], Values], x: Points, y: Points) -> float:
    """The largest |f(x) - f(y)| / |x - y| over pairs of rows; those closer than 1e-6 are left out."""
    distance = np.linalg.norm(x - y, axis=1)
    apart = distance > 1e-6
    return float((np.abs(f(x) - f(y))[apart] / distance[apart]).max(initial=0.0))


def bump_share(n: int) -> float:
    """Share of [0, 1/2]^n within 1/4 of [0, 1/4]^n, by Steiner's formula: 2^-n sum_k C(n, k) V_k 2^-k."""
    k = np.arange(n + 1)
    log_ball = k / 2 * np.log(np.pi) - gammaln(k / 2 + 1)
    return float((comb(n, k) * np.exp(log_ball - (k + n) * np.log(2))).sum())
