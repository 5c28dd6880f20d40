"""Training one step ahead along a trajectory by Adam, all seeds of a group in one network."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Generic, TypeVar

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
    measured,
    network_state,
    restore_network,
    seed_slice,
)


class OneStepSettings(Frozen):
    """What every training one step ahead is given."""

    spacing: float = Field(gt=0, description="Seconds between the points of the training trajectory.")
    iterations: int = Field(ge=1)
    batch: int = Field(ge=1, description="Pairs of neighbouring points in a batch, drawn with replacement.")
    learning_rate: float = Field(gt=0)


S = TypeVar("S", bound=OneStepSettings)


class OneStepAhead(Task, Generic[S]):
    """Adam on pairs of neighbouring points of one trajectory, in double precision.

    Args:
        settings: how to train.
        network: stacked over the seeds.
        trajectory: states at multiples of the spacing, [points, dimension].
        seeds: the group; each draws its batches from its own axis.
        device: `cpu` or `cuda`.
        chunk: iterations in one step of the loop.
        sample: iterations between points of the loss curve.
    """

    def __init__(
        self,
        settings: S,
        network: nn.Module,
        trajectory: np.ndarray,
        seeds: tuple[int, ...],
        device: str,
        *,
        chunk: int,
        sample: int,
    ) -> None:
        self.settings, self.seeds, self.device, self.chunk, self.sample = settings, seeds, device, chunk, sample
        self.network = network.double().to(device)
        self.optimizer = optimizer("adam", self.network.parameters(), lr=settings.learning_rate)
        self.trajectory = torch.from_numpy(trajectory).to(device)
        self.steps = self.chunks = -(-settings.iterations // chunk)
        self.curve: list[list[float]] = []
        self.divergence = Divergence(len(seeds))

    @abstractmethod
    def losses(self, index: Tensor) -> Tensor:
        """Loss of each seed over the pairs that begin at `index` [seeds, batch]; [seeds]."""

    @abstractmethod
    def rows(self) -> list[list[Row]]:
        """The measurements of each seed, after the last step."""

    def rate(self, iteration: int) -> float:
        """Learning rate of an iteration, counted from 1."""
        return self.settings.learning_rate

    def step(self, index: int) -> None:
        begun = index * self.chunk
        chosen = self.batches(index, min(self.chunk, self.settings.iterations - begun))
        losses = torch.zeros(len(self.seeds))
        for iteration, pairs in enumerate(chosen, start=begun + 1):
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(iteration)
            losses = self.losses(pairs)
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            self.optimizer.step()
            if iteration % self.sample == 0 or iteration == self.settings.iterations:
                self.curve.append([float(iteration), *losses.tolist()])
        self.divergence.watch(begun + len(chosen), losses.detach(), list(self.network.parameters()))

    def batches(self, chunk: int, count: int) -> Tensor:
        """Where the pairs of the chunk's `count` batches begin, [count, seeds, batch]."""
        size = (count, self.settings.batch)
        draws = [
            generator("batch order", seed, chunk).integers(0, len(self.trajectory) - 1, size) for seed in self.seeds
        ]
        return torch.from_numpy(np.stack(draws, axis=1)).to(self.device)

    @torch.no_grad()
    def final_loss(self) -> Tensor:
        """Loss of each seed over the whole trajectory, [seeds]."""
        index = torch.arange(len(self.trajectory) - 1, device=self.device).expand(len(self.seeds), -1)
        return self.losses(index)

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
                self.divergence(i, rows),
                curves=[measured("batch_loss", losses[i], "1", x=iteration) for iteration, *losses in self.curve],
                weights=seed_slice(self.network, i),
            )
            for i, (seed, rows) in enumerate(zip(self.seeds, self.rows(), strict=True))
        ]
