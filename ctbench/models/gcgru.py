"""GCGRU: a GRU at every node whose inputs and states are mixed over the graph (Neural GDE, equation 9)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from pydantic import Field
from torch import Generator, Tensor

from ctbench.models._recurrent import FEATURES, Cell, Output, RecurrentModel
from ctbench.spec.frozen import Frozen


class GCGRU(RecurrentModel):
    """Graph convolutions in every gate. States are stacked as [seeds, nodes, batch, hidden]."""

    class Options(Frozen):
        """Width of the state at a node."""

        hidden: int = Field(46, ge=1)

    operator: Tensor

    def __init__(self, options: Options, operator: Tensor, init: list[Generator]) -> None:
        super().__init__(options, operator, init)
        self.hidden = options.hidden
        self.cell, self.output = Cell(FEATURES, options.hidden, init), Output(options.hidden, 1, init)
        self.register_buffer("operator", operator, persistent=False)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        jump, h = self.jump(x), self.start(x)
        for k in range(x.shape[2]):
            h = jump(k, h)
        return self.read(h)

    def start(self, x: Tensor) -> Tensor:
        """H = 0 before the first reading."""
        seeds, batch, _, nodes, _ = x.shape
        return x.new_zeros(seeds, nodes, batch, self.hidden)

    def mix(self, h: Tensor) -> Tensor:
        """L H for states [..., nodes, batch, width]."""
        return torch.matmul(self.operator, h.flatten(-2)).view_as(h)

    def jump(self, x: Tensor) -> Callable[[int, Tensor], Tensor]:
        """What the arrival of reading k does to the states."""
        mixed = self.mix(x.permute(0, 2, 3, 1, 4).contiguous())
        inputs = self.cell.inputs(mixed.flatten(2, 3))

        def arrive(k: int, h: Tensor) -> Tensor:
            def mix(rows: Tensor) -> Tensor:
                return self.mix(rows.view_as(h)).flatten(1, 2)

            return self.cell(inputs[k], h.flatten(1, 2), mix).view_as(h)

        return arrive

    def read(self, h: Tensor) -> Tensor:
        """The output of every node, [seeds, batch, nodes]."""
        seeds, nodes, batch, _ = h.shape
        return self.output(h.flatten(1, 2)).view(seeds, nodes, batch).transpose(1, 2)


MODEL = GCGRU
