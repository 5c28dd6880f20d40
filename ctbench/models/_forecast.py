"""What all models share that forecast the nodes of a graph from a few irregular observations, seeds stacked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from ctbench.spec.frozen import Frozen


@dataclass(frozen=True)
class Frame:
    """What a forecast is from and to.

    Attributes:
        adjacency: 1 where column j acts on row i, [nodes, nodes].
        window: observations that the model sees.
        steps: times of the forecast, at `step`, 2 `step`, ... after the end of the window.
        step: time between them.
    """

    adjacency: Tensor
    window: int
    steps: int
    step: float

    @property
    def nodes(self) -> int:
        return len(self.adjacency)


class Forecaster(nn.Module, ABC):
    """Draws from the predictive distribution; every parameter has a leading seed axis."""

    Options: ClassVar[type[Frozen]]

    @abstractmethod
    def __init__(self, options: Frozen, frame: Frame, init: list[Generator]) -> None:
        super().__init__()
        self.frame = frame

    @abstractmethod
    def forward(self, values: Tensor, times: Tensor, draws: int, noise: list[Generator]) -> Tensor:
        """Draws of the observations to come, [seeds, draws, batch, steps, nodes].

        Args:
            values: observed, [seeds, batch, window, nodes].
            times: when, increasing and at most 0, [seeds, batch, window].
            draws: how many.
            noise: a generator for each seed.
        """


def normal(noise: list[Generator], *shape: int) -> Tensor:
    """Standard normal numbers [seeds, *shape], each seed's from its own generator."""
    return torch.stack([torch.randn(shape, generator=g, device=g.device) for g in noise])
