"""What a training is to the loop: steps in order, a state to save, results by seed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, SupportsFloat

import torch
from torch import Generator, Tensor, nn

from ctbench.spec.seeds import Axis, entropy

Row = dict[str, Any]


@dataclass(frozen=True)
class SeedResult:
    """What one seed brought.

    Attributes:
        seed: None for results without randomness.
        rows: measurements: `metric`, `value`, `unit` and where they apply `x`, `solver`, `steps`.
        curves: the same over training, `x` the epoch or iteration.
        weights: the trained parameters and buffers.
        timings: what the clock said, in seconds; the only rows that may differ when a run is repeated.
    """

    seed: int | None
    rows: list[Row]
    curves: list[Row] = field(default_factory=list)
    weights: Mapping[str, Tensor] = field(default_factory=dict)
    timings: list[Row] = field(default_factory=list)


class Task(ABC):
    """A piece of work in steps, a pure function of its arguments: `state` and `restore` are all that resuming needs."""

    steps: int

    @abstractmethod
    def step(self, index: int) -> None:
        """Do step `index`; steps come in order. Divergence is no error: it shows in the results."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """Everything that the remaining steps depend on: weights, optimiser, generators, what was measured so far."""

    @abstractmethod
    def restore(self, state: dict[str, Any]) -> None:
        """Continue from a `state`."""

    @abstractmethod
    def results(self) -> list[SeedResult]:
        """One result for each seed, after the last step."""


def measured(metric: str, value: SupportsFloat, unit: str, **where: Any) -> Row:
    """One measurement row; `where` may give `x`, `solver` and `steps`."""
    return {"metric": metric, "value": float(value), "unit": unit, **where}


def generators(axis: Axis, seeds: tuple[int, ...], device: str = "cpu") -> list[Generator]:
    """A torch generator for each seed of a group, on one axis."""
    return [Generator(device=device).manual_seed(entropy(axis, seed)) for seed in seeds]


def network_state(network: nn.Module, optimizer: torch.optim.Optimizer, dropout: list[Generator]) -> dict[str, Any]:
    """Weights, optimiser and generators of a training."""
    return {
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "dropout": [g.get_state() for g in dropout],
    }


def restore_network(
    state: dict[str, Any], network: nn.Module, optimizer: torch.optim.Optimizer, dropout: list[Generator]
) -> None:
    """The inverse of `network_state`."""
    network.load_state_dict(state["network"])
    optimizer.load_state_dict(state["optimizer"])
    for generator, saved in zip(dropout, state["dropout"], strict=True):
        generator.set_state(saved.cpu())


def seed_slice(network: nn.Module, index: int) -> dict[str, Tensor]:
    """The weights of one seed of a stacked network."""
    return {name: tensor[index].detach().cpu().clone() for name, tensor in network.named_parameters()}


class Divergence:
    """The first step at which each seed's loss was no longer finite, and the norm of its weights there."""

    def __init__(self, seeds: int) -> None:
        self.found: list[list[float] | None] = [None] * seeds

    def watch(self, step: int, losses: Tensor, weights: list[Tensor]) -> None:
        """Args: the step, the losses [seeds], the parameters, each [seeds, ...]."""
        if bool(torch.isfinite(losses).all()):
            return
        for seed in torch.nonzero(~torch.isfinite(losses)).flatten().tolist():
            if self.found[seed] is None:
                squares = [w[seed].detach().double().square().sum() for w in weights]
                self.found[seed] = [float(step), float(torch.stack(squares).sum().sqrt())]

    def __call__(self, seed: int, rows: list[Row]) -> list[Row]:
        """`rows`; of a diverged seed the performance becomes NaN and a row `diverged` tells step and norm."""
        found = self.found[seed]
        if found is None:
            return rows
        kept = [row if row["unit"] == "count" else {**row, "value": float("nan")} for row in rows]
        return [*kept, measured("diverged", found[1], "norm", x=found[0])]
