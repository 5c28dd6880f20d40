"""Training on the hinge loss of one function after another, over a whole table of inputs or on fresh samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, pi
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.optimizers import optimizer
from ctbench.training.task import (
    Divergence,
    Row,
    SeedResult,
    Task,
    generators,
    measured,
    network_state,
    restore_network,
)

CHUNK = 25
"""Iterations in one step of the loop."""

Draw = Callable[[np.random.Generator, int], np.ndarray]


class HingeSettings(Frozen):
    """How the hinge loss is trained on."""

    optimizer: Literal["sgd", "adam"] = Field("sgd", description="`sgd` is plain gradient descent, without momentum.")
    learning_rate: float = Field(0.1, gt=0)
    cosine: bool = Field(False, description="Whether the learning rate falls to zero along a cosine.")
    iterations: int = Field(1500, ge=1)
    batch: int | None = Field(None, ge=1, description="Fresh samples of an iteration; null: the gradient is exact.")


@dataclass(frozen=True, eq=False)
class Problem:
    """A function to learn.

    Attributes:
        x: where the measurements stand along the abscissa, such as n.
        inputs: the table, [points, inputs]; the test set where samples are drawn.
        target: the function, from inputs [..., inputs] to {-1, +1} [...].
        network: makes a stacked network from a generator a seed; x [seeds or 1, points, inputs] to [seeds, points].
        draw: fresh inputs [samples, inputs].
        after: more measurements of a trained network, for the seed at a place of the group.
    """

    x: float
    inputs: np.ndarray
    target: Callable[[np.ndarray], np.ndarray]
    network: Callable[[list[torch.Generator]], nn.Module]
    draw: Draw | None = None
    after: Callable[[nn.Module, int], list[Row]] | None = None


class HingeTraining(Task):
    """All seeds of a group in one network; the problems one after another, each from its own initial weights.

    Args:
        settings: how to train.
        problems: made anew when a training is resumed, so they must not change.
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self, settings: HingeSettings, problems: Sequence[Problem], seeds: tuple[int, ...], device: str = "cpu"
    ) -> None:
        self.settings, self.problems, self.seeds, self.device = settings, tuple(problems), seeds, device
        self.chunks = -(-settings.iterations // CHUNK)
        self.steps = self.chunks * len(self.problems)
        self.found: list[list[Row]] = [[] for _ in seeds]
        self.begin(0)

    def begin(self, index: int) -> None:
        """Initial weights of a problem."""
        self.problem = problem = self.problems[index]
        self.inputs = torch.from_numpy(problem.inputs).float().to(self.device)
        self.target = torch.from_numpy(problem.target(problem.inputs)).float().to(self.device)
        self.network = problem.network(generators("init", self.seeds)).to(self.device)
        self.optimizer = optimizer(self.settings.optimizer, self.network.parameters(), lr=self.settings.learning_rate)
        self.start = [p.detach().clone() for p in self.network.parameters()]
        self.divergence = Divergence(len(self.seeds))
        self.length, self.straight, self.squared = (torch.zeros(len(self.seeds), device=self.device) for _ in range(3))
        self.first, first_right = self.tested()
        self.best, self.right = self.first, first_right

    def losses(self, inputs: Tensor, target: Tensor) -> Tensor:
        """Hinge loss of each seed, [seeds]."""
        return torch.relu(1 - target * self.network(inputs)).mean(-1)

    def step(self, index: int) -> None:
        problem, chunk = divmod(index, self.chunks)
        begun = chunk * CHUNK
        count = min(CHUNK, self.settings.iterations - begun)
        losses = self.first
        for iteration, (inputs, target) in enumerate(self.batches(index, count), start=begun):
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(iteration)
            losses = self.losses(inputs, target)
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            if self.settings.optimizer == "sgd":
                self.length += self.rate(iteration) * self.gradient_norm()
            self.optimizer.step()
        self.divergence.watch(begun + count, losses.detach(), list(self.network.parameters()))
        self.watch_path()
        self.last, right = self.tested()
        self.best, self.right = torch.fmin(self.best, self.last), torch.fmax(self.right, right)
        if chunk == self.chunks - 1:
            for seed, rows in enumerate(self.found):
                rows += self.divergence(seed, self.rows(seed, float(right[seed])))
            if problem + 1 < len(self.problems):
                self.begin(problem + 1)

    def batches(self, index: int, count: int) -> list[tuple[Tensor, Tensor]]:
        """Inputs [seeds or 1, points, inputs] and target [seeds or 1, points] of a chunk's iterations."""
        problem, size = self.problem, self.settings.batch
        if size is None or problem.draw is None:
            return [(self.inputs[None], self.target[None])] * count
        drawn = [problem.draw(generator("batch order", seed, index), count * size) for seed in self.seeds]
        inputs = np.stack(drawn).reshape(len(drawn), count, size, -1)
        target = torch.from_numpy(problem.target(inputs)).float().to(self.device)
        samples = torch.from_numpy(inputs).float().to(self.device)
        return [(samples[:, i], target[:, i]) for i in range(count)]

    def rate(self, iteration: int) -> float:
        """Learning rate of an iteration, counted from 0."""
        share = iteration / self.settings.iterations
        return self.settings.learning_rate * ((1 + cos(pi * share)) / 2 if self.settings.cosine else 1.0)

    @torch.no_grad()
    def gradient_norm(self) -> Tensor:
        """Norm of each seed's gradient, [seeds]."""
        gradients = [p.grad.flatten(1) for p in self.network.parameters() if p.grad is not None]
        return torch.cat(gradients, 1).norm(dim=1)

    @torch.no_grad()
    def watch_path(self) -> None:
        """The largest distance from the start over the length of the path so far, and over its square."""
        moved = [(p - s).flatten(1) for p, s in zip(self.network.parameters(), self.start, strict=True)]
        distance = torch.cat(moved, 1).norm(dim=1)
        self.straight = torch.maximum(self.straight, distance / self.length)
        self.squared = torch.maximum(self.squared, distance / self.length**2)

    @torch.no_grad()
    def tested(self) -> tuple[Tensor, Tensor]:
        """Hinge loss and accuracy over the table, sign(0) = +1; each [seeds]."""
        values = self.network(self.inputs[None])
        right = torch.where(values >= 0, 1.0, -1.0) == self.target
        return torch.relu(1 - self.target * values).mean(-1), right.float().mean(-1)

    @torch.no_grad()
    def rows(self, seed: int, right: float) -> list[Row]:
        """The measurements of one seed on the problem that has just ended."""
        first, x = float(self.first[seed]), self.problem.x
        found = [
            measured("loss_drop", first - float(self.last[seed]), "1", x=x),
            measured("best_hinge", self.best[seed], "1", x=x),
            measured("accuracy", right, "1", x=x),
            measured("best_accuracy", self.right[seed], "1", x=x),
        ]
        if self.settings.optimizer == "sgd":
            found += [
                measured("distance_over_path", self.straight[seed], "ratio", x=x),
                measured("distance_over_squared_path", self.squared[seed], "ratio", x=x),
            ]
        more = self.problem.after(self.network, seed) if self.problem.after else []
        return found + [{**row, "x": x} for row in more]

    def state(self) -> dict[str, Any]:
        return {
            **network_state(self.network, self.optimizer, []),
            "problem": self.problems.index(self.problem),
            "found": self.found,
            "diverged": self.divergence.found,
            "tensors": [self.length, self.straight, self.squared, self.first, self.best, self.right],
            "start": self.start,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.begin(state["problem"])
        restore_network(state, self.network, self.optimizer, [])
        self.found, self.divergence.found = state["found"], state["diverged"]
        self.length, self.straight, self.squared, self.first, self.best, self.right = state["tensors"]
        self.start = state["start"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(seed, rows) for seed, rows in zip(self.seeds, self.found, strict=True)]
