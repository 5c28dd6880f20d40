"""Continuous depth and the square wave: what a flow with few parameters can be (exploratory, ours; LRN-X1 to X3).

f_n = sign(phi^n(x + 2^-n-1) - 1/2) iterates one fold phi. As n Euler steps of length 1 of dx/dt = phi(x) - x it is a
ContinuousNet of six weights. But phi is no flow: flows on a line are monotone, so finer steps destroy the fold. In the
plane the fold can be a flow, if it forgets: (x, y) -> (phi(x) - y, e x), a Lozi map, tends to phi as e -> 0; it is
made of shears, which every Runge-Kutta scheme integrates exactly, and one contraction. An oscillator of frequency
2^n pi x is f_n exactly, but a scheme must resolve its turns.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log, pi
from typing import ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ctbench.models._explicit import Affine, Network, network
from ctbench.papers._exact import Check, ExactExperiment
from ctbench.papers.learnability._pieces import losses, polyline, square_wave
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers._tableau import Tableau
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.frozen import Frozen
from ctbench.training.task import Row, measured

FOLD = ((1.0, 4.0), (0.0, -2.0), (1.0, -1.0))
"""Weights w, b, c of the field c [w x + b]+ = phi(x) - x for x >= 0."""


class Settings(Frozen):
    """How many folds, and how finely they are integrated."""

    n: int = Field(10, ge=1, le=14, description="Folds, from 1 to n.")
    oscillator_n: int = Field(7, ge=1, le=10)
    refinements: tuple[int, ...] = Field((1, 2, 4, 16), min_length=1, description="Steps in a unit of time.")
    schemes: tuple[SchemeName, ...] = Field(("euler", "midpoint", "rk4_classic"), min_length=1)
    cells: int = Field(8, ge=2, multiple_of=2, description="Points in an interval of f_n where no formula is exact.")


def fold(stage: Stage, x: Tensor) -> Tensor:
    """phi(x) - x."""
    w, b, c = torch.tensor(FOLD, dtype=x.dtype)
    return torch.relu(x[..., None] * w + b) @ c


def on_the_line(settings: Settings) -> Iterator[Row]:
    """Accuracy of the six-weight ContinuousNet by scheme and steps, and the best that a monotone function can do."""
    for n in range(1, settings.n + 1):
        cells = settings.cells * 2**n
        x = (np.arange(cells) + 0.5) / cells
        start, truth = torch.from_numpy(x + 2.0 ** (-n - 1)), square_wave(n, x)
        bound = 0.5 + 2.0**-n
        yield measured("monotone_bound", bound, "1", x=n)
        for name in settings.schemes:
            for steps in settings.refinements:
                end = integrate(fold, start, SCHEMES[name], steps=n * steps, end=float(n)).numpy()
                accuracy = (np.where(end >= 0.5, 1, -1) == truth).mean()
                yield measured("line_accuracy", accuracy, "1", x=n, solver=name, steps=steps)
                if name == "euler" and steps == 1:
                    yield measured("euler_accuracy", accuracy, "1", x=n)
                if steps == max(settings.refinements):
                    yield measured("refined_accuracy_above_bound", accuracy - bound > 1e-12, "count", x=n, solver=name)
        yield measured("line_points", cells, "count", x=n)


def lozi(n: int, keep: float) -> Network:
    """x -> first coordinate after n maps (x, y) -> (phi(x) - y, keep x) from (x + 2^-n-1, 0), as a ReLU network."""
    split = Affine.of([[1, 0], [-1, 0], [4, 0], [0, 1], [0, -1]], [0, 0, -2, 0, 0])
    joined = Affine.of([[2, 0, -1, -1, 1], [keep, -keep, 0, 0, 0]])
    once = network(split, joined)
    net = once.after(network(Affine.of([[1.0], [0.0]], [2.0 ** (-n - 1), 0.0])))
    for _ in range(n - 1):
        net = once.after(net)
    return network(Affine.of([[1.0, 0.0]], -0.5)).after(net)


def in_the_plane(settings: Settings) -> Iterator[Row]:
    """Accuracy of the flow whose period is the Lozi map, for what it keeps e = 4^-n; exact, by its linear pieces.

    A period: the shear y -= phi(x), the quarter turn as the shears x -= y, y += x, x -= y, and the contraction of y to
    e y, whose logarithm is all that depends on n. With s RK4 steps the contraction is R(log(e)/s)^s.
    """
    for n in range(1, settings.n + 1):
        _, wrong = losses(*polyline(lozi(n, 4.0**-n)), n)
        yield measured("plane_accuracy", 1 - wrong, "1", x=n)
        _, wrong = losses(*polyline(lozi(n, 0.5)), n)
        yield measured("plane_accuracy_keeping_half", 1 - wrong, "1", x=n)
        steps = n
        contracted = float(np.real(amplification(SCHEMES["rk4_classic"], log(4.0**-n) / steps))) ** steps
        _, wrong = losses(*polyline(lozi(n, contracted)), n)
        yield measured("plane_accuracy_rk4", 1 - wrong, "1", x=n)
        yield measured("plane_evaluations_rk4", 4 * n * (4 + steps), "count", x=n)


def oscillator(settings: Settings) -> Iterator[Row]:
    """u' = -w v, v' = w u with w = 2^n pi x over unit time: v(1) = sin(2^n pi x); and the RK4 steps that it needs."""
    scheme = SCHEMES["rk4_classic"]
    for n in range(1, settings.oscillator_n + 1):
        cells = settings.cells * 2**n
        x = (np.arange(cells) + 0.5) / cells
        truth, turn = square_wave(n, x), 1j * pi * 2**n * x
        yield measured("oscillator_accuracy", (np.where(np.exp(turn).imag >= 0, 1, -1) == truth).mean(), "1", x=n)
        yield measured("oscillator_points", cells, "count", x=n)
        steps = 1
        while (np.where(np.imag(amplification(scheme, turn / steps) ** steps) >= 0, 1, -1) == truth).mean() < 0.99:
            steps += max(1, steps // 20)
        yield measured("oscillator_evaluations_rk4", 4 * steps, "count", x=n)


def amplification(scheme: Tableau, z: complex | np.ndarray) -> np.ndarray:
    """R(z): what a step of an explicit scheme multiplies y by on y' = lambda y, z = h lambda."""
    slopes: list[np.ndarray] = []
    for row in scheme.a:
        slopes.append(1 + z * sum((float(a) * k for a, k in zip(row, slopes, strict=True)), np.zeros_like(z)))
    return 1 + z * sum((float(b) * k for b, k in zip(scheme.b, slopes, strict=True)), np.zeros_like(z))


class ContinuousDepth(ExactExperiment):
    """Exploratory: no claim of the paper. Nothing is trained here."""

    paper = "learnability"
    title = "Continuous depth and the square wave"
    Settings = Settings
    objects: ClassVar = {"square_wave": {"exact": {}}}
    sizes = ("n", "oscillator_n")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield lambda: on_the_line(settings)
        yield lambda: in_the_plane(settings)
        yield lambda: oscillator(settings)

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        schemes = sorted({*settings.schemes, "rk4_classic"})
        return (*super().code(settings), *(f"ctbench.solvers.tableaux.{name}" for name in schemes))


EXPERIMENT = ContinuousDepth()
