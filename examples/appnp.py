"""Somebody's own model: APPNP, personalised PageRank of what a small network says (Gasteiger et al. 2019).

Z <- (1 - alpha) L Z + alpha f(X), `hops` times from Z = f(X), with L = D^{-1/2} (A + I) D^{-1/2}. It is the
explicit Euler scheme of step 1 for dZ/dt = (1 - alpha) L Z - Z + alpha f(X), a linear graph ODE like CGNN's.
"""

from __future__ import annotations

from pydantic import Field
from torch import Generator, Tensor, relu

from ctbench.models._graph import FeatureLinear, GraphModel, SeedLinear, dropped, operator
from ctbench.models._sparse import Graph, propagate
from ctbench.spec.frozen import Frozen


class APPNP(GraphModel):
    """Two dense layers, then propagation without parameters."""

    class Options(Frozen):
        """`alpha` is the probability of a jump back to the start."""

        hops: int = Field(10, ge=1)
        alpha: float = Field(0.1, gt=0, le=1)
        hidden: int = Field(64, ge=1)
        dropout: float = Field(0.5, ge=0, lt=1)

    operator: Tensor

    def __init__(self, options: Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__(options, graph, init)
        self.options = options
        self.first = FeatureLinear(graph, options.hidden, init)
        self.second = SeedLinear(options.hidden, graph.classes, init)
        self.register_buffer("operator", operator(graph, self_loop=1.0), persistent=False)

    def forward(self, dropout: list[Generator] | None) -> Tensor:
        alpha, rate = self.options.alpha, self.options.dropout
        h = relu(self.first.product(rate, dropout) + self.first.bias)
        start = z = self.second(dropped(h, rate, dropout))
        for _ in range(self.options.hops):
            z = (1 - alpha) * propagate(self.operator, z) + alpha * start
        return z


MODEL = APPNP
