"""GCN: graph convolutions H <- ReLU(L H W + b) (Kipf and Welling 2017)."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from pydantic import Field
from torch import Generator, Tensor, nn, relu

from ctbench.models._graph import (
    FeatureLinear,
    GraphModel,
    SeedLinear,
    dropped,
    glorot,
    operator,
    uniform_by_output,
    zeros,
)
from ctbench.models._sparse import Graph, propagate
from ctbench.spec.frozen import Frozen


class GCN(GraphModel):
    """Layers of graph convolution, ReLU between them; L = D^{-1/2} (A + I) D^{-1/2}."""

    class Options(Frozen):
        """`init` is `glorot` with zero bias (Kipf) or `uniform`, +-1/sqrt(out) (Neural GDE's layers)."""

        layers: int = Field(2, ge=2)
        hidden: int = Field(16, ge=1)
        dropout: float = Field(0.5, ge=0, lt=1)
        hidden_dropout: float = Field(0.5, ge=0, lt=1)
        init: Literal["glorot", "uniform"] = "glorot"

    operator: Tensor

    def __init__(self, options: Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__(options, graph, init)
        weight, bias = (glorot, zeros) if options.init == "glorot" else (uniform_by_output, uniform_by_output)
        self.options = options
        self.first = FeatureLinear(graph, options.hidden, init, weight, bias)
        widths = [options.hidden] * (options.layers - 1) + [graph.classes]
        self.rest = nn.ModuleList(SeedLinear(a, b, init, weight, bias) for a, b in pairwise(widths))
        self.register_buffer("operator", operator(graph, self_loop=1.0), persistent=False)

    def forward(self, dropout: list[Generator] | None) -> Tensor:
        h = propagate(self.operator, self.first.product(self.options.dropout, dropout)) + self.first.bias
        for layer in self.rest:
            assert isinstance(layer, SeedLinear)
            h = dropped(relu(h), self.options.hidden_dropout, dropout)
            h = propagate(self.operator, layer.product(h)) + layer.bias
        return h


MODEL = GCN
