"""Stochastic differential equations in the sense of Stratonovich, by Heun's method."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np
from torch import Tensor

A = TypeVar("A", np.ndarray, Tensor)


def heun(
    drift: Callable[[A], A], diffusion: Callable[[A], A] | None, y: A, increments: Iterable[A], step: float
) -> list[A]:
    """States after 0, 1, ... steps of dY = f(Y) dt + g(Y) o dW, each component with a noise of its own.

    The strong order is 1 where component i of g depends on component i of Y alone, and otherwise 1/2 in general, 1 for
    noise that commutes (Kloeden and Platen 1992, section 11; Rümelin 1982). Without noise it is 2.

    Args:
        drift: f, of y's shape.
        diffusion: g, of y's shape; None for an ordinary differential equation.
        y: state at the beginning.
        increments: of W over each step, normal with variance `step`, each of y's shape; ignored without diffusion.
        step: length of a step.
    """
    states = [y]
    for dW in increments:
        f = drift(y)
        if diffusion is None:
            y = y + step / 2 * (f + drift(y + step * f))
        else:
            g = diffusion(y)
            guess = y + step * f + g * dW
            y = y + step / 2 * (f + drift(guess)) + (g + diffusion(guess)) / 2 * dW
        states.append(y)
    return states
