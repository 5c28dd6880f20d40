"""A vector field learned from one trajectory through one step of a scheme, all seeds of a group in one network."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ctbench.models import MODELS
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.fixed import Stage, integrate
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
    seed_slice,
)

CHUNK = 500  # iterations in one step of the loop
SAMPLE = 1000  # iterations between points of the loss curve


class Settings(Frozen):
    """One-step-ahead training of dx/dt = f(x) through a scheme, and the schemes and steps of the test afterwards."""

    scheme: SchemeName
    hidden: tuple[int, ...] = (50,)
    spacing: float = Field(gt=0, description="Seconds between the points of the training trajectory.")
    duration: float = Field(200.0, gt=0, description="Seconds of the training trajectory.")
    iterations: int = Field(50_000, ge=1)
    batch: int = Field(128, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    test_schemes: tuple[SchemeName, ...] = ("euler", "midpoint", "rk4_38")
    test_steps: tuple[int, ...] = Field(description="Numbers of equal steps from 0 to `horizon` in the test.")
    horizon: float = Field(2.0, gt=0, description="Seconds after which the state is compared with the truth.")


class VectorField(Task):
    """MSE between one step of the scheme and the next point of the trajectory, in double precision.

    Args:
        settings: how to train and test.
        trajectory: exact states at multiples of `spacing`, [points, dimension].
        start: state where the test begins, [dimension].
        end: exact state at `horizon`, [dimension].
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        settings: Settings,
        trajectory: np.ndarray,
        start: np.ndarray,
        end: np.ndarray,
        seeds: tuple[int, ...],
        device: str = "cpu",
    ) -> None:
        self.settings, self.seeds, self.device = settings, seeds, device
        kind = MODELS["mlp"]
        options = kind.Options(hidden=settings.hidden)
        self.network = kind(options, trajectory.shape[1], generators("init", seeds)).double().to(device)
        self.optimizer = optimizer("adam", self.network.parameters(), lr=settings.learning_rate)
        self.trajectory = torch.from_numpy(trajectory).to(device)
        self.start, self.end = (torch.from_numpy(x).to(device) for x in (start, end))
        self.scheme = SCHEMES[settings.scheme]
        self.chunks = -(-settings.iterations // CHUNK)
        self.tests = [(scheme, steps) for scheme in settings.test_schemes for steps in settings.test_steps]
        self.steps = self.chunks + len(self.tests)
        self.curve: list[list[float]] = []
        self.errors: list[list[float]] = []
        self.divergence = Divergence(len(seeds))

    def field(self, stage: Stage, x: Tensor) -> Tensor:
        return self.network(x)

    def step(self, index: int) -> None:
        if index < self.chunks:
            self.train(index)
        else:
            self.test(*self.tests[index - self.chunks])

    def train(self, chunk: int) -> None:
        """A chunk of iterations; each seed draws its batches from its own axis."""
        count = min(CHUNK, self.settings.iterations - chunk * CHUNK)
        draws = [
            generator("batch order", seed, chunk).integers(0, len(self.trajectory) - 1, (count, self.settings.batch))
            for seed in self.seeds
        ]
        chosen = torch.from_numpy(np.stack(draws, axis=1)).to(self.device)
        losses = torch.zeros(len(self.seeds))
        for iteration, index in enumerate(chosen, start=chunk * CHUNK + 1):
            losses = self.losses(index)
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            self.optimizer.step()
            if iteration % SAMPLE == 0 or iteration == self.settings.iterations:
                self.curve.append([float(iteration), *losses.tolist()])
        self.divergence.watch(chunk * CHUNK + count, losses.detach(), list(self.network.parameters()))

    def losses(self, index: Tensor) -> Tensor:
        """Mean squared one-step error of each seed over the pairs [seeds, batch], [seeds]."""
        x, y = self.trajectory[index], self.trajectory[index + 1]
        predicted = integrate(self.field, x, self.scheme, steps=1, end=self.settings.spacing)
        return (predicted - y).square().mean((1, 2))

    @torch.no_grad()
    def test(self, scheme: str, steps: int) -> None:
        """Distance of the states at `horizon` from the truth, for every seed."""
        x = self.start.expand(len(self.seeds), 1, -1)
        x = integrate(self.field, x, SCHEMES[scheme], steps=steps, end=self.settings.horizon)
        self.errors.append((x[:, 0] - self.end).norm(dim=-1).tolist())

    @torch.no_grad()
    def final_loss(self) -> Tensor:
        """Mean squared one-step error over the whole trajectory, [seeds]."""
        index = torch.arange(len(self.trajectory) - 1, device=self.device).expand(len(self.seeds), -1)
        return self.losses(index)

    def state(self) -> dict[str, Any]:
        return {
            **network_state(self.network, self.optimizer, []),
            "curve": self.curve,
            "errors": self.errors,
            "diverged": self.divergence.found,
        }

    def restore(self, state: dict[str, Any]) -> None:
        restore_network(state, self.network, self.optimizer, [])
        self.curve, self.errors, self.divergence.found = state["curve"], state["errors"], state["diverged"]

    def results(self) -> list[SeedResult]:
        losses = self.final_loss().tolist()
        return [
            SeedResult(seed, self.divergence(i, self._rows(i, losses[i])), self._curve(i), seed_slice(self.network, i))
            for i, seed in enumerate(self.seeds)
        ]

    def _rows(self, i: int, loss: float) -> list[Row]:
        horizon = self.settings.horizon
        errors = [
            measured("error_at_2", found[i], "1", x=round(horizon / steps, 12), solver=scheme, steps=steps)
            for (scheme, steps), found in zip(self.tests, self.errors, strict=True)
        ]
        return [measured("training_loss", loss, "1"), *errors]

    def _curve(self, i: int) -> list[Row]:
        return [measured("batch_loss", losses[i], "1", x=iteration) for iteration, *losses in self.curve]
