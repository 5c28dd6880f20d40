"""What the CGNN family shares: encoder, trained diffusion rates, operator and decoder (Xhonneux, Qu, Tang 2020)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn, relu, sigmoid
from torch.nn.functional import pad

from ctbench.models._graph import FeatureLinear, GraphModel, SeedLinear, operator, uniform_by_input
from ctbench.models._sparse import Graph, propagate
from ctbench.spec.frozen import Frozen


class Diffusion(GraphModel, ABC):
    """Encoder X W + b = E, a flow from H(0) = E in which A - I acts on the nodes, ReLU, decoder.

    paper: A - I = diag(alpha)/2 (I + N) - I with N = D^{-1/2} Adj D^{-1/2} (equation of Prop. 2).
    released: A - I = diag(alpha)/2 (N_c - I), where N_c normalises Adj + c I (the authors' code).
    alpha = sigmoid(a) for every node, a trained from the value `alpha_logit`.
    """

    class Options(Frozen):
        """`source` is E in the equation: with gradient, without (as the released code has it), or no source at all.

        `augment` zero dimensions stand beside the hidden ones during the flow and are dropped after it. Any
        `alpha_logit` gives an alpha in (0, 1).
        """

        equation: Literal["paper", "released"] = "paper"
        source: Literal["attached", "detached", "none"] = "attached"
        hidden: int = Field(16, ge=1)
        augment: int = Field(0, ge=0)
        dropout: float = Field(0.5, ge=0, lt=1)
        alpha_logit: float = Field(0.918, ge=-10, le=10)
        self_loop: float = Field(0.0, ge=0)
        end_time: float = Field(12.1, gt=0)

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
        h = self.flow(pad(e, (0, self.options.augment)))
        return self.decoder(relu(h[..., : self.options.hidden]))

    @abstractmethod
    def flow(self, e: Tensor) -> Tensor:
        """The state at the end from H(0) = E, [seeds, nodes, hidden + augment]."""

    def source(self, e: Tensor) -> Tensor:
        """The source term of the equation."""
        match self.options.source:
            case "attached":
                return e
            case "detached":
                return e.detach()
            case "none":
                return torch.zeros_like(e)

    @property
    def rate(self) -> Tensor:
        """alpha/2 of every node, [seeds, nodes, 1]."""
        return sigmoid(self.alpha).unsqueeze(-1) / 2

    def diffuse(self, rate: Tensor, h: Tensor) -> Tensor:
        """(A - I) H, [seeds, nodes, width]."""
        return rate * propagate(self.matrix, h) - self.shift * h


def shifted(matrix: Tensor, multiple: float) -> Tensor:
    """M + multiple * I for a sparse CSR M."""
    n = matrix.shape[0]
    every = torch.arange(n)
    identity = torch.sparse_coo_tensor(torch.stack([every, every]), torch.full((n,), multiple), (n, n))
    return (matrix.to_sparse_coo() + identity).coalesce().to_sparse_csr()
