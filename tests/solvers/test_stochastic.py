"""Heun's method against equations whose solution is known along every path of the noise."""

import numpy as np
import pytest
import torch

from ctbench.solvers.stochastic import heun

A, B = -0.5, 0.8


def brownian(paths: int, steps: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, steps**-0.5, (steps, paths))


def solved(dW: np.ndarray, coarser: int = 1) -> np.ndarray:
    """X(1) of dX = a X dt + b X o dW, X(0) = 1, with the increments of `coarser` steps added up."""
    steps = len(dW) // coarser
    sums = dW.reshape(steps, coarser, -1).sum(1)
    return heun(lambda x: A * x, lambda x: B * x, np.ones(dW.shape[1]), sums, 1 / steps)[-1]


def test_the_strong_order_is_one() -> None:
    dW = brownian(2000, 256)
    exact = np.exp(A + B * dW.sum(0))
    coarser = np.array([32, 16, 8, 4])
    errors = [np.abs(solved(dW, int(k)) - exact).mean() for k in coarser]
    assert np.polyfit(np.log(coarser), np.log(errors), 1)[0] == pytest.approx(1, abs=0.1)


def test_the_mean_is_that_of_stratonovich_and_not_of_ito() -> None:
    """E X(1) = exp(a + b^2/2); in the sense of Ito it would be exp(a)."""
    found = solved(brownian(40_000, 32, seed=1))
    error = 4 * found.std() / len(found) ** 0.5
    assert found.mean() == pytest.approx(np.exp(A + B**2 / 2), abs=error)
    assert abs(found.mean() - np.exp(A)) > 5 * error


def test_additive_noise_keeps_the_variance_of_ornstein_uhlenbeck() -> None:
    dW = brownian(40_000, 64, seed=2)
    found = heun(lambda x: -x, lambda x: np.full_like(x, B), np.zeros(dW.shape[1]), dW, 1 / 64)[-1]
    assert found.var() == pytest.approx(B**2 * (1 - np.exp(-2)) / 2, rel=0.03)


def test_without_noise_the_order_is_two() -> None:
    errors = [
        abs(heun(lambda x: A * x, None, np.ones(1), np.zeros((n, 1)), 1 / n)[-1][0] - np.exp(A)) for n in (8, 16, 32)
    ]
    assert np.polyfit(np.log([8, 16, 32]), np.log(errors), 1)[0] == pytest.approx(-2, abs=0.1)


def test_gradients_along_a_path_are_those_of_finite_differences() -> None:
    dW = torch.from_numpy(brownian(3, 20))

    def end(theta: torch.Tensor) -> torch.Tensor:
        return heun(lambda x: torch.sin(theta * x), lambda x: theta * x / 2, torch.ones(3).double(), dW, 0.05)[-1].sum()

    theta, h = torch.tensor(0.7, dtype=torch.float64, requires_grad=True), 1e-6
    (found,) = torch.autograd.grad(end(theta), theta)
    with torch.no_grad():
        expected = (end(theta + h) - end(theta - h)) / (2 * h)
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-9)
