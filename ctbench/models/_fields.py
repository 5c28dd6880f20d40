"""Layers of a field on a graph, for stacked seeds: width in is width out (Poli, Massaroli et al. 2019)."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from scipy import sparse
from torch import Generator, Tensor, nn, relu

from ctbench.models._attention import Heads, Neighbourhoods
from ctbench.models._graph import SeedLinear, glorot, operator, stacked, uniform_by_output
from ctbench.models._sparse import Graph, propagate

FieldName = Literal["convolution", "attention", "message"]


class Convolution(nn.Module):
    """L H W + b (GCDE)."""

    operator: Tensor

    def __init__(self, graph: Graph, width: int, generators: list[Generator]) -> None:
        super().__init__()
        self.linear = SeedLinear(width, width, generators, uniform_by_output, uniform_by_output)
        self.register_buffer("operator", operator(graph, self_loop=1.0), persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        return self.linear(propagate(self.operator, h))


class Attention(nn.Module):
    """sum_u alpha_vu Theta h_u + b, one head of attention over neighbours and the node itself (GADE)."""

    def __init__(self, graph: Graph, width: int, generators: list[Generator]) -> None:
        super().__init__()
        self.linear = SeedLinear(width, width, generators)
        self.head = Heads(Neighbourhoods(graph), 1, width, generators)

    def forward(self, h: Tensor) -> Tensor:
        return self.head(self.linear.product(h), 0.0, None) + self.linear.bias


class Messages(nn.Module):
    """sum_u ReLU(h_v P + h_u Q + b) over the neighbours u of v (GMDE)."""

    targets: Tensor
    sources: Tensor

    def __init__(self, graph: Graph, width: int, generators: list[Generator]) -> None:
        super().__init__()
        self.to_target = SeedLinear(width, width, generators)
        self.to_source = stacked((width, width), glorot, generators)
        pairs = sparse.coo_array(graph.adjacency).coords
        for name, ends in zip(("targets", "sources"), pairs, strict=True):
            self.register_buffer(name, torch.from_numpy(ends.astype(np.int64)), persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        to_target, to_source = self.to_target(h), torch.bmm(h, self.to_source)
        by_edge = relu(to_target.index_select(1, self.targets) + to_source.index_select(1, self.sources))
        return torch.zeros_like(h).index_add(1, self.targets, by_edge)


LAYERS: dict[FieldName, type[nn.Module]] = {"convolution": Convolution, "attention": Attention, "message": Messages}
