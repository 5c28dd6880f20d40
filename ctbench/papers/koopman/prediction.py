"""Weights predicted by Koopman operators of single nodes instead of trained (KOOP-K6; Dogra and Redman 2020).

The weights and the bias that enter a node are one state v. From its snapshots v_1..v_t a linear operator U with
v_{k+1} = U v_k is fitted by least squares, and applied T times.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from pydantic import Field

from ctbench.models._classifier import Dense
from ctbench.papers._experiment import Inputs
from ctbench.papers.continuousnet._pendulum import GRAVITY, exact
from ctbench.papers.koopman._analysed import Analysed, KoopmanExperiment
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.modes import checked
from ctbench.training.task import (
    Divergence,
    Row,
    SeedResult,
    Task,
    generators,
    measured,
    network_state,
    restore_network,
    seed_slice,
)
from ctbench.training.trajectory import Layout, Recording, Trajectory

CHUNK = 500  # iterations in one step of the loop

MODELS: dict[str, dict[str, Any]] = {"node": {}}


class Settings(Frozen):
    """Adadelta on a small regression; iterations that are left out, fitted and predicted."""

    hidden: tuple[int, ...] = (10, 10)
    points: int = Field(200, ge=2, description="States of the pendulum, all in every iteration.")
    learning_rate: float = Field(1.0, gt=0)
    before: int = Field(35_000, ge=0)
    fit: int = Field(10_000, ge=2)
    ahead: int = Field(2500, ge=1)


class Regression(Task):
    """A pendulum's rate of change from its state by full-batch Adadelta; all seeds of the group in one network."""

    def __init__(self, settings: Settings, seeds: tuple[int, ...], device: str = "cpu") -> None:
        self.settings, self.seeds = settings, seeds
        self.iterations = settings.before + settings.fit + settings.ahead
        self.steps = -(-self.iterations // CHUNK)
        states = exact(np.linspace(0, 10, settings.points))
        rates = np.stack([states[:, 1], -GRAVITY * np.sin(states[:, 0])], 1)
        scaled = [(x - x.mean(0)) / x.std(0) for x in (states, rates)]
        self.x, self.y = (torch.tensor(x, dtype=torch.float64, device=device) for x in scaled)
        self.network = Dense((2, *settings.hidden, 2), generators("init", seeds)).double().to(device)
        self.optimizer = torch.optim.Adadelta(self.network.parameters(), lr=settings.learning_rate)
        self.curve: list[list[float]] = []
        self.divergence = Divergence(len(seeds))

    def descend(self) -> torch.Tensor:
        """One iteration; returns the losses, [seeds]."""
        losses = (self.network(self.x) - self.y).square().mean((1, 2))
        self.optimizer.zero_grad(set_to_none=True)
        losses.sum().backward()
        self.optimizer.step()
        return losses.detach()

    def step(self, index: int) -> None:
        count = min(CHUNK, self.iterations - index * CHUNK)
        losses = [self.descend() for _ in range(count)][-1]
        self.curve.append([float(index * CHUNK + count), *losses.tolist()])
        self.divergence.watch(index * CHUNK + count, losses, list(self.network.parameters()))

    def state(self) -> dict[str, Any]:
        return {
            **network_state(self.network, self.optimizer, []),
            "curve": self.curve,
            "diverged": self.divergence.found,
        }

    def restore(self, state: dict[str, Any]) -> None:
        restore_network(state, self.network, self.optimizer, [])
        self.curve, self.divergence.found = state["curve"], state["diverged"]

    def results(self) -> list[SeedResult]:
        return [
            SeedResult(
                seed,
                self.divergence(i, [measured("training_loss", self.curve[-1][1 + i], "1")]),
                curves=[measured("training_loss", losses[i], "1", x=iteration) for iteration, *losses in self.curve],
                weights=seed_slice(self.network, i),
            )
            for i, seed in enumerate(self.seeds)
        ]


def nodes(layout: Layout) -> Iterator[np.ndarray]:
    """Places in a snapshot of the weights and the bias that enter each node."""
    places, start = {}, 0
    for name, shape in layout.items():
        places[name] = start + np.arange(int(np.prod(shape))).reshape(shape)
        start += int(np.prod(shape))
    for name, weight in places.items():
        if name.startswith("weights."):
            bias = places[name.replace("weights.", "biases.")]
            yield from np.concatenate([weight, bias]).T


def predict(weights: np.ndarray, layout: Layout, steps: int) -> np.ndarray:
    """The weights `steps` after the last of the snapshots [snapshots, weights], by one operator for each node."""
    found = weights[-1].copy()
    for node in nodes(layout):
        F = checked(weights[:, node], 1)
        operator = np.linalg.lstsq(F[:-1], F[1:])[0]
        found[node] = F[-1] @ np.linalg.matrix_power(operator, steps)
    return found


class Prediction(Analysed):
    """Keeps the stretch that is fitted and predicted, and times both ways of getting there for one net by itself."""

    def __init__(self, settings: Settings, task: Regression) -> None:
        window = settings.fit + settings.ahead
        super().__init__(task, Recording(unit="iteration", window=window, precision="float64"))
        self.settings, self.regression = settings, task
        self.timings: list[list[Row]] = []

    def analysis(self, seed: int, trajectory: Trajectory) -> Iterator[Row]:
        known, true = trajectory.weights[: self.settings.fit], trajectory.weights[-1]
        if not np.isfinite(trajectory.weights).all():
            yield measured("prediction_error", np.nan, "relative")
            return
        begin = time.perf_counter()
        predicted = predict(known, trajectory.layout, self.settings.ahead)
        analysed = time.perf_counter() - begin
        trained = self.training_seconds(seed)
        self.timings.append(
            [
                measured("training_seconds", trained, "s"),
                measured("prediction_seconds", analysed, "s"),
                measured("speed_up", trained / analysed, "ratio"),
            ]
        )
        error = np.median(np.abs(predicted - true)) / np.median(np.abs(true - known[-1]))
        yield measured("prediction_error", error, "relative")

    def training_seconds(self, seed: int) -> float:
        """Seconds that one net alone takes for as many iterations as are predicted."""
        alone = Regression(self.settings, (self.regression.seeds[seed],), str(self.regression.x.device))
        alone.descend()
        begin = time.perf_counter()
        for _ in range(self.settings.ahead):
            alone.descend()
        return time.perf_counter() - begin

    def results(self) -> list[SeedResult]:
        self.timings = []
        return [
            SeedResult(r.seed, r.rows, r.curves, r.weights, timings)
            for r, timings in zip(super().results(), self.timings, strict=True)
        ]


class PredictionByNodes(KoopmanExperiment):
    """A small net, its weights fitted over a stretch of the training and predicted over the next.

    The authors' nets are Hamiltonian ones; here it is a pendulum's vector field, of equal size (two layers of ten).
    """

    title = "Weights predicted by Koopman operators of nodes"
    Settings = Settings
    models = MODELS
    sizes = ("before", "fit", "ahead")
    datasets = ("pendulum",)

    def needs(self, dataset: str) -> None:
        return None

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.0003 * (settings.before + settings.fit + settings.ahead)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Prediction:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        return Prediction(settings, Regression(settings, seeds, inputs.device))


EXPERIMENT = PredictionByNodes()
