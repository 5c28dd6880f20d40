"""GAT: graph attention network (Velickovic et al. 2018)."""

from __future__ import annotations

from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn.functional import elu

from ctbench.models._attention import Heads, Neighbourhoods
from ctbench.models._graph import FeatureLinear, GraphModel, SeedLinear, dropped
from ctbench.models._sparse import Graph
from ctbench.spec.frozen import Frozen


class GAT(GraphModel):
    """Layers of attention, heads side by side and ELU between them; the heads of the last one are averaged.

    Dropout acts on the input of every layer and on the attention coefficients.
    """

    class Options(Frozen):
        """As for Cora and Citeseer; on Pubmed the paper has 8 `output_heads`."""

        layers: int = Field(2, ge=2)
        heads: int = Field(8, ge=1)
        hidden: int = Field(8, ge=1, description="Width of one head.")
        output_heads: int = Field(1, ge=1)
        dropout: float = Field(0.6, ge=0, lt=1)
        attention_dropout: float = Field(0.6, ge=0, lt=1)

    def __init__(self, options: Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__(options, graph, init)
        self.options = options
        width, out = options.heads * options.hidden, options.output_heads * graph.classes
        self.first = FeatureLinear(graph, width, init)
        self.rest = nn.ModuleList(SeedLinear(width, b, init) for b in [width] * (options.layers - 2) + [out])
        shapes = [(options.heads, options.hidden)] * (options.layers - 1) + [(options.output_heads, graph.classes)]
        edges = Neighbourhoods(graph)
        self.attention = nn.ModuleList(Heads(edges, *shape, init) for shape in shapes)

    def forward(self, dropout: list[Generator] | None) -> Tensor:
        rate, of_edges = self.options.dropout, self.options.attention_dropout
        attend, *rest = self.attention
        h = attend(self.first.product(rate, dropout), of_edges, dropout) + self.first.bias
        for linear, attend in zip(self.rest, rest, strict=True):
            assert isinstance(linear, SeedLinear)
            h = attend(linear.product(dropped(elu(h), rate, dropout)), of_edges, dropout) + linear.bias
        return h.unflatten(-1, (self.options.output_heads, -1)).mean(-2)


MODEL = GAT
