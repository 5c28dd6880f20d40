"""GRU on the readings of all nodes as one vector: it knows no graph (Neural GDE, section 4.3)."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor

from ctbench.models._recurrent import FEATURES, Cell, Output, RecurrentModel
from ctbench.spec.frozen import Frozen


class GRU(RecurrentModel):
    """One layer; the input is the n readings and, once, gap and time."""

    class Options(Frozen):
        """Width of the state."""

        hidden: int = Field(50, ge=1)

    def __init__(self, options: Options, operator: Tensor, init: list[Generator]) -> None:
        super().__init__(options, operator, init)
        nodes, self.hidden = len(operator), options.hidden
        self.cell = Cell(nodes + FEATURES - 1, options.hidden, init)
        self.output = Output(options.hidden, nodes, init)

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        whole = torch.cat([x[..., 0], x[..., 0, 1:]], dim=-1).transpose(1, 2)
        h = x.new_zeros(*x.shape[:2], self.hidden)
        for arrived in self.cell.inputs(whole):
            h = self.cell(arrived, h)
        return self.output(h)


MODEL = GRU
