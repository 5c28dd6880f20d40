"""What the models of irregular series share: seeds stacked in one module, gates, and the two layers of the output."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn, relu, sigmoid, tanh

from ctbench.models._graph import SeedLinear, stacked, uniform_by_input
from ctbench.spec.frozen import Frozen

FEATURES = 3
"""Of a node at one time: its reading, the gap to the next time, and the absolute time as a sine."""


class RecurrentModel(nn.Module, ABC):
    """The next reading of every node after K readings at irregular times; every parameter has a leading seed axis.

    Args:
        options: of the model.
        operator: graph operator L, dense, [nodes, nodes].
        init: a generator for each seed.
    """

    Options: ClassVar[type[Frozen]]

    @abstractmethod
    def __init__(self, options: Frozen, operator: Tensor, init: list[Generator]) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        """Predicted readings [seeds, batch, nodes].

        Args:
            x: features at the first K times, [seeds, batch, K, nodes, 3].
            times: of the readings and of the one to predict, increasing, [seeds, batch, K + 1].
        """


class Cell(nn.Module):
    """The gates of a GRU; states are stacked as [seeds, rows, hidden].

    Z = sigmoid(X W_xz + M H W_hz), R = sigmoid(X W_xr + M H W_hr), H~ = tanh(X W_xh + M (R * H) W_hh),
    H+ = Z * H + (1 - Z) * H~, with a bias at each W_x. M is the identity of a GRU or the operator of a graph, which
    then stands before X too.
    """

    def __init__(self, width_in: int, hidden: int, init: list[Generator]) -> None:
        super().__init__()
        uniform = uniform_by_input(hidden)
        self.gates_in = SeedLinear(width_in, 2 * hidden, init, uniform, uniform)
        self.candidate_in = SeedLinear(width_in, hidden, init, uniform, uniform)
        self.gates = stacked((hidden, 2 * hidden), uniform, init)
        self.candidate = stacked((hidden, hidden), uniform, init)

    def inputs(self, x: Tensor) -> list[tuple[Tensor, Tensor]]:
        """What the readings X [seeds, K, rows, width] add to the gates and to the candidate, for each of the K."""
        seeds, steps, rows, _ = x.shape
        parts = [linear(x.flatten(1, 2)).view(seeds, steps, rows, -1) for linear in (self.gates_in, self.candidate_in)]
        return list(zip(*(part.unbind(1) for part in parts), strict=True))

    def forward(self, x: tuple[Tensor, Tensor], h: Tensor, mix: Callable[[Tensor], Tensor] = lambda h: h) -> Tensor:
        """H+ from one of the `inputs` and H."""
        z, r = sigmoid(torch.baddbmm(x[0], mix(h), self.gates)).chunk(2, dim=-1)
        new = tanh(torch.baddbmm(x[1], mix(r * h), self.candidate))
        return torch.lerp(new, h, z)


class Output(nn.Module):
    """K, two layers with ReLU between, of states [seeds, rows, hidden]."""

    def __init__(self, hidden: int, width_out: int, init: list[Generator]) -> None:
        super().__init__()
        uniform = uniform_by_input(hidden)
        self.first = SeedLinear(hidden, hidden, init, uniform, uniform)
        self.last = SeedLinear(hidden, width_out, init, uniform, uniform)

    def forward(self, h: Tensor) -> Tensor:
        return self.last(relu(self.first(h)))
