"""A vector field on particles: graph convolutions on a graph that follows the particles (Neural GDE, section 4.2)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from ctbench.models._dense_graph import DenseLinear, neighbours, normalised
from ctbench.spec.frozen import Frozen


class GCNField(nn.Module):
    """dH/dt = C_L tanh(... tanh(C_1 H)), C H = L H W + b, on states [seeds, batch, nodes, width].

    The columns of H are positions (the first half) and velocities; L is the normalised graph of the particles that are
    at most `radius` apart, taken from the positions at every evaluation.

    Order 2 keeps the structure of mechanics: dq/dt = p, and the network gives dp/dt. The paper prints the widths
    8-32-32-8 and says no more; of eight outputs an equation of second order needs four, and four they are here.
    """

    class Options(Frozen):
        """`extra` columns start at zero beside the state (half of them positions, half velocities)."""

        hidden: tuple[int, ...] = Field((16, 16), min_length=1)
        order: Literal[1, 2] = 1
        extra: int = Field(0, ge=0, multiple_of=2)
        radius: float = Field(0.5, gt=0)

    def __init__(self, options: Options, dimension: int, init: list[Generator]) -> None:
        super().__init__()
        self.options, self.space = options, dimension // 2
        width = dimension + options.extra
        widths = [width, *options.hidden, width // options.order]
        self.layers = nn.ModuleList(DenseLinear(a, b, init) for a, b in pairwise(widths))

    def forward(self, h: Tensor) -> Tensor:
        near = neighbours(h[..., : self.space].detach(), self.options.radius)
        return self.derivative(h, normalised(near.to(h.dtype)))

    def derivative(self, h: Tensor, operator: Tensor) -> Tensor:
        """dH/dt on a given graph, of H's shape."""
        y = h
        for layer in self.layers[:-1]:
            y = torch.tanh(layer(operator @ y))
        y = self.layers[-1](operator @ y)
        if self.options.order == 1:
            return y
        d, a = self.space, self.options.extra // 2
        return torch.cat([h[..., d : 2 * d], y[..., :d], h[..., 2 * d + a :], y[..., d:]], dim=-1)


MODEL = GCNField
