"""GCDE: a graph network with a continuum of layers (Poli, Massaroli et al. 2019, Neural GDE, table 3)."""

from __future__ import annotations

from pydantic import Field
from torch import Generator, Tensor, relu
from torch.nn.functional import softplus

from ctbench.models._graph import FeatureLinear, GraphModel, SeedLinear, dropped, operator, uniform_by_output
from ctbench.models._sparse import Graph, propagate
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.counting import Counted
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.frozen import Frozen


class GCDE(GraphModel):
    """X_e = ReLU(C_in X), dH/ds = C_2 softplus(C_1 H) on [0, end_time], output C_out H; C H = L H W + b.

    Dropout in the field is redrawn at every evaluation, as in the authors' code.
    """

    class Options(Frozen):
        """The paper's `rk4` is one step of the 3/8 rule, `rk2` one step of the midpoint rule."""

        hidden: int = Field(64, ge=1)
        dropout: float = Field(0.6, ge=0, lt=1)
        field_dropout: float = Field(0.9, ge=0, lt=1)
        scheme: SchemeName = "rk4_38"
        steps: int = Field(1, ge=1)
        end_time: float = Field(1.0, gt=0)

    operator: Tensor

    def __init__(self, options: Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__(options, graph, init)
        self.options, self.scheme = options, SCHEMES[options.scheme]
        self.first = FeatureLinear(graph, options.hidden, init, uniform_by_output, uniform_by_output)
        widths = [(options.hidden, options.hidden)] * 2 + [(options.hidden, graph.classes)]
        layers = [SeedLinear(a, b, init, uniform_by_output, uniform_by_output) for a, b in widths]
        self.field_1, self.field_2, self.last = layers
        self.register_buffer("operator", operator(graph, self_loop=1.0), persistent=False)

    def forward(self, dropout: list[Generator] | None) -> Tensor:
        def field(stage: Stage, h: Tensor) -> Tensor:
            h = softplus(self.field_1(propagate(self.operator, dropped(h, self.options.field_dropout, dropout))))
            return self.field_2(propagate(self.operator, dropped(h, self.options.field_dropout, dropout)))

        counted = Counted(field)
        h = relu(propagate(self.operator, self.first.product(self.options.dropout, dropout)) + self.first.bias)
        h = integrate(counted, h, self.scheme, steps=self.options.steps, end=self.options.end_time)
        self.nfe = [counted.nfe] * len(h)
        return propagate(self.operator, self.last.product(h)) + self.last.bias


MODEL = GCDE
