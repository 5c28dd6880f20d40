"""GCDE: a graph network with a continuum of layers (Poli, Massaroli et al. 2019, Neural GDE, table 3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn, relu
from torch.func import functional_call
from torch.nn.functional import softplus

from ctbench.models._fields import LAYERS, FieldName
from ctbench.models._graph import (
    FeatureLinear,
    GraphModel,
    SeedLinear,
    dropped,
    operator,
    solve_each,
    uniform_by_output,
)
from ctbench.models._sparse import Graph, propagate
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.counting import Counted
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.frozen import Frozen

Drop = Callable[[int, Tensor], Tensor]


class GCDE(GraphModel):
    """X_e = ReLU(C_in X), dH/ds = F_2 softplus(F_1 H) on [0, end_time], output C_out H; C H = L H W + b.

    The layers F are graph convolutions C, attention (GADE) or messages (GMDE). With one field layer it is
    dH/ds = softplus(F_1 H), which the paper solves by dopri5; as far as the sources tell, this with a convolution or
    with attention is also what CGNN's tables call GCN-GODE and GAT-GODE.
    """

    class Options(Frozen):
        """The paper's `rk4` is one step of the 3/8 rule, `rk2` one step of the midpoint rule.

        `method` is `fixed` (`steps` of `scheme`), `dopri5` (`rtol`, `atol`, a step size for each seed) or `adjoint`:
        dopri5 with gradients by the adjoint equation. Dropout in the field is drawn again at every evaluation, as in
        the authors' code, or once for each solve (`redraw: false`).
        """

        hidden: int = Field(64, ge=1)
        dropout: float = Field(0.6, ge=0, lt=1)
        field: FieldName = "convolution"
        field_layers: Literal[1, 2] = 2
        field_dropout: float = Field(0.9, ge=0, lt=1)
        redraw: bool = True
        method: Literal["fixed", "dopri5", "adjoint"] = "fixed"
        scheme: SchemeName = "rk4_38"
        steps: int = Field(1, ge=1)
        rtol: float = Field(1e-4, gt=0)
        atol: float = Field(1e-3, gt=0)
        end_time: float = Field(1.0, gt=0)

    operator: Tensor

    def __init__(self, options: Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__(options, graph, init)
        self.options, self.scheme = options, SCHEMES[options.scheme]
        self.first = FeatureLinear(graph, options.hidden, init, uniform_by_output, uniform_by_output)
        self.field = DepthField(options, graph, init)
        self.last = SeedLinear(options.hidden, graph.classes, init, uniform_by_output, uniform_by_output)
        self.register_buffer("operator", operator(graph, self_loop=1.0), persistent=False)

    def forward(self, dropout: list[Generator] | None) -> Tensor:
        h = relu(propagate(self.operator, self.first.product(self.options.dropout, dropout)) + self.first.bias)
        h = self.stepped(h, dropout) if self.options.method == "fixed" else self.adapted(h, dropout)
        return propagate(self.operator, self.last.product(h)) + self.last.bias

    def stepped(self, h: Tensor, dropout: list[Generator] | None) -> Tensor:
        """The state at the end by fixed steps, all seeds together."""
        drop = self.dropping(h, dropout)
        counted = Counted[[Stage, Tensor]](lambda stage, y: self.field(y, drop))
        h = integrate(counted, h, self.scheme, steps=self.options.steps, end=self.options.end_time)
        self.nfe = [counted.nfe] * len(h)
        return h

    def adapted(self, h: Tensor, dropout: list[Generator] | None) -> Tensor:
        """The state at the end by dopri5, each seed with its own step sizes."""
        options, names = self.options, [name for name, _ in self.field.named_parameters()]
        drops = [self.dropping(y, dropout and dropout[i : i + 1]) for i, y in enumerate(h.split(1))]

        def field(seed: int, y: Tensor, *theta: Tensor) -> Tensor:
            return functional_call(self.field, dict(zip(names, theta, strict=True)), (y, drops[seed]))

        adjoint, tolerances = options.method == "adjoint", {"rtol": options.rtol, "atol": options.atol}
        h, self.nfe = solve_each(field, h, self.field.parameters(), end=options.end_time, adjoint=adjoint, **tolerances)
        return h

    def dropping(self, h: Tensor, dropout: list[Generator] | None) -> Drop:
        """What drops the inputs of the field's layers, in this solve of states like h."""
        rate = self.options.field_dropout
        if self.options.redraw or dropout is None:
            return lambda layer, y: dropped(y, rate, dropout)
        masks = [dropped(torch.ones_like(h), rate, dropout) for _ in self.field.layers]
        return lambda layer, y: y * masks[layer]


class DepthField(nn.Module):
    """F_2 softplus(F_1 H), or softplus(F_1 H) with one layer; takes the states and what drops each layer's input."""

    def __init__(self, options: GCDE.Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__()
        kind = LAYERS[options.field]
        self.layers = nn.ModuleList(kind(graph, options.hidden, init) for _ in range(options.field_layers))

    def forward(self, h: Tensor, drop: Drop) -> Tensor:
        first, *rest = self.layers
        h = softplus(first(drop(0, h)))
        for layer in rest:
            h = layer(drop(1, h))
        return h


MODEL = GCDE
