"""Training on the square wave f_n: gradient descent, Adam, and nets too shallow for it (LRN-M4, M6, M7, E3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import nn

from ctbench.models._dense import Activation, Dense
from ctbench.models._explicit import Affine, Network
from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.learnability._pieces import losses, polyline, square_wave
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.hinge import HingeSettings, HingeTraining, Problem
from ctbench.training.task import Row, measured

ADAM: dict[str, Any] = {"optimizer": "adam", "cosine": True, "learning_rate": 3e-3}
SHALLOW: dict[str, Any] = {**ADAM, "activation": "relu", "learning_rate": 1e-2, "n": (4, 6, 8, 10), "points": 4}
MODELS: dict[str, dict[str, Any]] = {
    "gradient_descent": {},
    "adam": ADAM,
    "relu_gradient_descent": {"activation": "relu"},
    "depth_2": {**SHALLOW, "hidden": (16,)},
    "depth_3": {**SHALLOW, "hidden": (16, 16)},
}


class Settings(HingeSettings):
    """Nets 1-hidden-1 on the midpoints of a grid."""

    n: tuple[int, ...] = Field((1, 2, 3, 4, 5, 6, 7), min_length=1, description="Intervals 2^n of f_n.")
    hidden: tuple[int, ...] = Field((24,) * 5, min_length=1)
    activation: Activation = "tanh"
    points: int = Field(4, ge=2, multiple_of=2, description="Grid points in an interval of f_n, 128 in all at least.")

    @field_validator("n")
    @classmethod
    def _within_reach(cls, n: tuple[int, ...]) -> tuple[int, ...]:
        if not 1 <= min(n) <= max(n) <= 16:
            raise ValueError("expected n from 1 to 16; the grid has to resolve all 2^n intervals")
        return n


class SquareWaveTraining(Experiment):
    """Exact gradients over the grid; initial nets are scaled to |g| < 1, where the hinge has the proof's gradient.

    Of ReLU nets the linear pieces are counted that they ended with, and the loss is told that so many pieces allow.
    """

    paper = "learnability"
    title = "Training on the square wave"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.learnability/square_wave_training, {model} on {dataset}"
        row({"square_wave": {}}, dataset, "data set", where)
        return Settings(**row(MODELS, model, "model", where)).model_dump()

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations", "n", "points")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (__name__,)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return (
            1e-8 * settings.iterations * sum(grid(n, settings.points).size for n in settings.n) * len(settings.hidden)
        )

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> HingeTraining:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        return HingeTraining(settings, [problem(settings, n) for n in settings.n], seeds, inputs.device)


def grid(n: int, points: int) -> np.ndarray:
    """Midpoints of equal cells of [0, 1], [points, 1]."""
    cells = max(points * 2**n, 128)
    return (np.arange(cells)[:, None] + 0.5) / cells


def problem(settings: Settings, n: int) -> Problem:
    """f_n as a problem."""
    inputs = grid(n, settings.points)

    def network(init: list[torch.Generator]) -> Dense:
        made = Dense((1, *settings.hidden), settings.activation, init)
        made.tame(torch.from_numpy(inputs).float())
        return made

    def after(trained: nn.Module, seed: int) -> list[Row]:
        return piecewise(trained, seed, n) if settings.activation == "relu" else []

    return Problem(n, inputs, lambda x: square_wave(n, x[..., 0]), network, after=after)


def piecewise(trained: nn.Module, seed: int, n: int) -> list[Row]:
    """Pieces K of a trained ReLU net, its exact loss, and how far that is above 1 - 2 ceil(K/2) / 2^n, the least."""
    assert isinstance(trained, Dense)
    layers = zip(trained.weights, trained.biases, strict=True)
    net = Network(tuple(Affine(*(t[seed].detach().double().numpy() for t in (w.mT, b[:, 0]))) for w, b in layers))
    x, values = polyline(net)
    hinge, _ = losses(x, values, n)
    count = len(x) - 1
    allowed = 1 - 2 * ((count + 1) // 2) / 2**n
    return [
        measured("pieces", count, "count"),
        measured("exact_hinge", hinge, "1"),
        measured("hinge_over_allowed", hinge - allowed, "1"),
        measured("below_allowed", hinge < allowed - 1e-9, "count"),
    ]


EXPERIMENT = SquareWaveTraining()
