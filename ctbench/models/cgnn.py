"""CGNN: a graph network as a linear ODE (Xhonneux, Qu, Tang 2020)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn, relu, sigmoid

from ctbench.models._graph import FeatureLinear, GraphModel, SeedLinear, operator, uniform_by_input
from ctbench.models._sparse import Graph, propagate
from ctbench.solvers.adaptive import solve
from ctbench.solvers.exponential import diffusion_flow
from ctbench.spec.frozen import Frozen


class CGNN(GraphModel):
    """Encoder X W + b = E, linear flow from H(0) = E, ReLU, decoder.

    paper: dH/dt = (A - I) H + E with A = diag(alpha)/2 (I + N), N = D^{-1/2} Adj D^{-1/2} (equation of Prop. 2).
    released: dH/dt = diag(alpha)/2 (N_c - I) H + E, where N_c normalises Adj + c I (the authors' code).
    alpha = sigmoid(a) for every node, a trained from the value `alpha_logit`.
    """

    class Options(Frozen):
        """`method` solves the flow: `exponential` (Chebyshev, relative error `tolerance`) or `dopri5`.

        `detach_source` stops the gradient through the source term E, as the released code does.
        """

        equation: Literal["paper", "released"] = "paper"
        hidden: int = Field(16, ge=1)
        dropout: float = Field(0.5, ge=0, lt=1)
        alpha_logit: float = 0.918
        self_loop: float = Field(0.0, ge=0)
        end_time: float = Field(12.1, gt=0)
        detach_source: bool = False
        method: Literal["exponential", "dopri5"] = "exponential"
        tolerance: float = Field(1e-6, gt=0, lt=1)

    matrix: Tensor

    def __init__(self, options: Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__(options, graph, init)
        self.options = options
        by_features = uniform_by_input(graph.width)
        self.encoder = FeatureLinear(graph, options.hidden, init, by_features, by_features)
        by_hidden = uniform_by_input(options.hidden)
        self.decoder = SeedLinear(options.hidden, graph.classes, init, by_hidden, by_hidden)
        self.alpha = nn.Parameter(torch.full((len(init), graph.nodes), options.alpha_logit))
        sign = 1.0 if options.equation == "paper" else -1.0
        self.shift = 1.0 if options.equation == "paper" else 0.0
        self.register_buffer("matrix", shifted(operator(graph, options.self_loop), sign), persistent=False)

    def forward(self, dropout: list[Generator] | None) -> Tensor:
        e = self.encoder.product(self.options.dropout, dropout) + self.encoder.bias
        return self.decoder(relu(self.flow(e)))

    def flow(self, e: Tensor) -> Tensor:
        """H(end_time) from H(0) = E, [seeds, nodes, hidden]."""
        source = e.detach() if self.options.detach_source else e
        rate = sigmoid(self.alpha).unsqueeze(-1) / 2
        if self.options.method == "dopri5":

            def field(t: Tensor, h: Tensor) -> Tensor:
                return rate * propagate(self.matrix, h) - self.shift * h + source

            return solve(field, e, end=self.options.end_time)[0]
        by_node = [x.transpose(0, 1).contiguous() for x in (rate, e, source)]
        tolerance, time = self.options.tolerance, self.options.end_time
        return diffusion_flow(self.matrix, *by_node, shift=self.shift, time=time, tolerance=tolerance).transpose(0, 1)


def shifted(matrix: Tensor, multiple: float) -> Tensor:
    """M + multiple * I for a sparse CSR M."""
    n = matrix.shape[0]
    every = torch.arange(n)
    identity = torch.sparse_coo_tensor(torch.stack([every, every]), torch.full((n,), multiple), (n, n))
    return (matrix.to_sparse_coo() + identity).coalesce().to_sparse_csr()


MODEL = CGNN
