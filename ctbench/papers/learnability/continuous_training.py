"""Whether nets of continuous depth learn the square wave f_n that they can be (exploratory, ours; LRN-X4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from ctbench.models._dense import normal
from ctbench.models._graph import stacked, zeros
from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.learnability._pieces import square_wave
from ctbench.papers.learnability.continuous_depth import FOLD
from ctbench.papers.learnability.square_wave_training import grid
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.hinge import HingeSettings, HingeTraining, Problem

MODELS: dict[str, dict[str, Any]] = {
    "continuousnet": {},
    "continuousnet_near": {"start": "near"},
    "neural_ode": {"activation": "tanh", "scheme": "rk4_classic", "dimension": 3, "hidden": 16},
}


class Settings(HingeSettings):
    """dx/dt = F(x) over time n in n steps; F is a net with one hidden layer."""

    optimizer: Literal["sgd", "adam"] = "adam"
    learning_rate: float = Field(3e-3, gt=0)
    cosine: bool = True
    iterations: int = Field(1000, ge=1)
    n: tuple[int, ...] = Field((1, 2, 3, 4, 5, 6), min_length=1, description="Intervals 2^n of f_n, and time.")
    hidden: int = Field(8, ge=2)
    dimension: int = Field(1, ge=1, description="Of the state; the input stands in its first coordinate.")
    activation: Literal["relu", "tanh"] = "relu"
    scheme: SchemeName = "euler"
    start: Literal["random", "near"] = Field("random", description="`near`: the exact weights, with noise.")
    noise: float = Field(0.05, gt=0, description="Standard deviation of that noise.")


class FlowNet(nn.Module):
    """x -> <a, z(n)> + b for dz/dt = F(z), z(0) = (x + 2^-n-1, 0, ...); [seeds or 1, points, 1] to [seeds, points]."""

    def __init__(self, settings: Settings, n: int, init: list[Generator]) -> None:
        super().__init__()
        self.settings, self.n = settings, n
        d, m, gain = settings.dimension, settings.hidden, 2**0.5 if settings.activation == "relu" else 1.0
        self.inner, self.shift = stacked((d, m), normal(gain / d**0.5), init), stacked((1, m), normal(1.0), init)
        self.outer, self.drift = stacked((m, d), normal(0.5 / m**0.5), init), stacked((1, d), normal(0.1), init)
        self.readout, self.threshold = stacked((d, 1), normal(1.0 / d**0.5), init), stacked((1, 1), zeros, init)
        self.activation = getattr(torch, settings.activation)
        if settings.start == "near":
            self.place_near(init)

    @torch.no_grad()
    def place_near(self, init: list[Generator]) -> None:
        """The fold of the exact ContinuousNet in two hidden units, the others off; noise on all weights."""
        for p in self.parameters():
            p.zero_()
        w, b, c = torch.tensor(FOLD)
        self.inner[:, 0, :2], self.shift[:, 0, :2], self.outer[:, :2, 0] = w, b, c
        self.readout[:, 0], self.threshold[:] = 4.0, -2.0
        for p in self.parameters():
            p += stacked(tuple(p.shape[1:]), normal(self.settings.noise), init)

    def field(self, stage: Stage, x: Tensor) -> Tensor:
        """F(x) on states [seeds, points, dimension]."""
        return torch.baddbmm(self.drift, self.activation(torch.baddbmm(self.shift, x, self.inner)), self.outer)

    def forward(self, x: Tensor) -> Tensor:
        start = nn.functional.pad(x + 2.0 ** (-self.n - 1), (0, self.settings.dimension - 1))
        start = start.expand(len(self.inner), -1, -1)
        end = integrate(self.field, start, SCHEMES[self.settings.scheme], steps=self.n, end=float(self.n))
        return torch.baddbmm(self.threshold, end, self.readout)[..., 0]


class ContinuousTraining(Experiment):
    """Adam on all points of a grid. The plain net of the same task is model `adam` of square_wave_training.

    `continuousnet`: a line, n Euler steps, so that f_n is among the nets; `continuousnet_near`: started at f_n, with
    noise on the weights; `neural_ode`: three dimensions, RK4.
    """

    paper = "learnability"
    title = "Training continuous depth on the square wave"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.learnability/continuous_training, {model} on {dataset}"
        row({"square_wave": {}}, dataset, "data set", where)
        return Settings(**row(MODELS, model, "model", where)).model_dump()

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations", "n")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        return __name__, f"ctbench.solvers.tableaux.{settings.scheme}"

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        stages = SCHEMES[settings.scheme].stages
        return 1e-4 * settings.iterations * stages * sum(settings.n)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> HingeTraining:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        return HingeTraining(settings, [problem(settings, n) for n in settings.n], seeds, inputs.device)


def problem(settings: Settings, n: int) -> Problem:
    """f_n as a problem for a net of time n."""
    return Problem(n, grid(n, 4), lambda x: square_wave(n, x[..., 0]), lambda init: FlowNet(settings, n, init))


EXPERIMENT = ContinuousTraining()
