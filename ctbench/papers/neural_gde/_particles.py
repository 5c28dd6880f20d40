"""Particles in a trap that push each other off when near (Neural GDE, section 4.2 and appendix C.2).

    x_i'' = -x_i + s sum_{j in N_i} f_ij,   f_ij = -[alpha (|x_i - x_j| - r) + beta <v_i - v_j, n_ij>] n_ij,

n_ij = (x_i - x_j) / |x_i - x_j|, N_i = {j != i : 2 |x_i - x_j| <= r}, r = 1. The paper prints s = -1: with the minus in
f_ij the force then pulls near particles together and feeds their motion. Its words, a spring with drag, say s = +1.
The paper gives neither alpha and beta nor the initial state; those here are this project's.

The plane is that of complex numbers: <v, n> = Re(v conj n).
"""

from __future__ import annotations

import numpy as np

from ctbench.spec.seeds import generator

ALPHA, BETA, RANGE = 1.0, 1.0, 1.0
SIGNS = {"particles": 1.0, "particles_printed": -1.0}


def accelerations(x: np.ndarray, v: np.ndarray, sign: float, alpha: float = ALPHA, beta: float = BETA) -> np.ndarray:
    """x'' of every particle from positions and velocities, all complex [..., particles]."""
    apart, relative = (y[..., :, None] - y[..., None, :] for y in (x, v))
    distance = np.abs(apart)
    n = apart / np.maximum(distance, 1e-12)
    f = -(alpha * (distance - RANGE) + beta * (relative * n.conj()).real) * (2 * distance <= RANGE)
    return -x + sign * (f * n).sum(-1)


def start(seed: int, particles: int) -> np.ndarray:
    """Positions and velocities of a seed's own system, uniform on [-1, 1], [particles, 4]."""
    return generator("data split", seed).uniform(-1, 1, (particles, 4))


def simulate(
    begin: np.ndarray, sign: float, spacing: float, points: int, alpha: float = ALPHA, beta: float = BETA
) -> np.ndarray:
    """States [points, ..., particles, 4] at multiples of `spacing` from `begin`, one step of classical RK4 each.

    The force jumps where two particles become neighbours; there no scheme keeps its order.
    """
    y, h = begin[..., 0::2] + 1j * begin[..., 1::2], spacing

    def slope(y: np.ndarray) -> np.ndarray:
        x, v = y[..., 0], y[..., 1]
        return np.stack([v, accelerations(x, v, sign, alpha, beta)], axis=-1)

    states = [y]
    for _ in range(points - 1):
        k1 = slope(y)
        k2 = slope(y + h / 2 * k1)
        k3 = slope(y + h / 2 * k2)
        k4 = slope(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(y)
    return np.stack(states).view(np.float64)
