"""ReLU networks on the line, piece by piece, and the square wave f_n that they are held against."""

from __future__ import annotations

import numpy as np

from ctbench.models._explicit import Affine, Network, network

APART = 1e-13
"""Breakpoints nearer than this are one."""
SLOPES = 1e-9
"""Slopes that differ by less, relative to the steepest, are one."""


def square_wave(n: int, x: np.ndarray) -> np.ndarray:
    """f_n(x) = +1 on [2t/2^n, (2t+1)/2^n), -1 between (section 5.1)."""
    return 1.0 - 2.0 * (np.floor(x * 2**n) % 2)


def triangle(times: int, shift: float = 0.0) -> Network:
    """x -> phi^times(x + shift), phi(z) = [2z]+ - [4z - 2]+: hidden layers of width 2, a linear output."""
    phi = network(Affine.of([[2.0], [4.0]], [0.0, -2.0]), Affine.of([[1.0, -1.0]]))
    net = phi.after(network(Affine.of([[1.0]], [shift])))
    for _ in range(times - 1):
        net = phi.after(net)
    return net


def plus(net: Network, constant: float) -> Network:
    """The network with a constant added to its output."""
    *hidden, last = net.layers
    return network(*hidden, Affine(last.weight, last.bias + constant))


def polyline(net: Network, low: float = 0.0, high: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """The graph of a network of one input and one output over [low, high].

    Returns:
        Where it bends, both ends among them, [knots], and its values there, [knots].
    """
    *hidden, last = net.layers
    x = np.array([low, high])
    state = x[:, None]
    for layer in hidden:
        x, before = _split(x, layer(state))
        state = np.maximum(before, 0.0)
    return _bends(x, last(state)[:, 0])


def pieces(net: Network, low: float = 0.0, high: float = 1.0) -> int:
    """Number of linear pieces over [low, high]."""
    return len(polyline(net, low, high)[0]) - 1


def _split(x: np.ndarray, before: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The knots `x` with every zero of a column of `before` added; and the columns there."""
    left, right = before[:-1], before[1:]
    gap, unit = np.nonzero(left * right < 0)
    a, b = left[gap, unit], right[gap, unit]
    zeros = x[gap] + (x[gap + 1] - x[gap]) * a / (a - b)
    merged = np.unique(np.concatenate([x, zeros]))
    merged = merged[np.concatenate([[True], np.diff(merged) > APART])]
    return merged, np.column_stack([np.interp(merged, x, column) for column in before.T])


def _bends(x: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    slopes = np.diff(values) / np.diff(x)
    bends = np.abs(np.diff(slopes)) > SLOPES * np.abs(slopes).max(initial=1e-300)
    keep = np.concatenate([[True], bends, [True]])
    return x[keep], values[keep]


def losses(x: np.ndarray, values: np.ndarray, n: int) -> tuple[float, float]:
    """Hinge loss E max(1 - f_n h, 0) over U[0, 1], and the share of errors of sign(h), of a polyline h; exact."""
    grid = np.unique(np.concatenate([x, np.arange(2**n + 1) / 2**n]))
    for level in (-1.0, 0.0, 1.0):
        grid, _ = _split(grid, np.interp(grid, x, values)[:, None] - level)
    h, f = np.interp(grid, x, values), square_wave(n, (grid[1:] + grid[:-1]) / 2)
    ends = np.maximum(1 - f * h[:-1], 0) + np.maximum(1 - f * h[1:], 0)
    wrong = f * np.where(h[:-1] + h[1:] >= 0, 1.0, -1.0) < 0
    width = np.diff(grid)
    return float((ends * width).sum() / 2), float(width[wrong].sum())
