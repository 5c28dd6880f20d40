"""GCN and GCDE on Cora: stacked seeds and sparse features against one seed, COO, dense features, torchdiffeq.

Also the peak memory of twenty stacked seeds on Pubmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, softplus
from torchdiffeq import odeint

from benchmarks._line import Line, peak
from benchmarks._twins import beside, training
from ctbench.training.node_classification import NodeClassification

STACKED = 20


class Plain(nn.Module):
    """Dense features, COO adjacency, one seed: GCN, or GCDE by torchdiffeq's `rk4`; weights of a stacked one."""

    def __init__(self, fast: NodeClassification, seed: int) -> None:
        super().__init__()
        network: Any = fast.network
        self.options: Any = network.options
        self.x: Tensor = network.first.features.matrix.to_dense()
        self.matrix: Tensor = network.operator.to_sparse_coo()
        names = [name.rpartition(".")[0] for name, _ in network.named_parameters() if name.endswith("weight")]
        self.first, *rest = (_linear(network.get_submodule(name), seed) for name in names)
        self.rest = nn.ModuleList(rest)
        self.continuous = fast.settings.model == "gcde"

    def forward(self) -> Tensor:
        options, training = self.options, self.training
        *field, last = self.rest
        h = torch.relu(self.convolved(self.first, dropout(self.x, options.dropout, training)))
        if self.continuous:
            of_field = options.field_dropout

            def slope(t: Tensor, h: Tensor) -> Tensor:
                h = softplus(self.convolved(field[0], dropout(h, of_field, training)))
                return self.convolved(field[1], dropout(h, of_field, training))

            path: Any = odeint(slope, h, torch.tensor([0.0, 1.0]), method="rk4")
            h = path[-1]
        else:
            h = dropout(h, options.hidden_dropout, training)
        return self.convolved(last, h)

    def convolved(self, layer: nn.Module, h: Tensor) -> Tensor:
        return torch.sparse.mm(self.matrix, h @ layer.get_parameter("weight").T) + layer.get_parameter("bias")


def _linear(layer: nn.Module, seed: int) -> nn.Linear:
    weight, bias = layer.get_parameter("weight")[seed], layer.get_parameter("bias")[seed]
    linear = nn.Linear(weight.shape[0], weight.shape[1])
    linear.weight.data, linear.bias.data = weight.detach().T.clone(), bias.detach().flatten().clone()
    return linear


def lines(full: bool) -> Iterator[Line]:
    torch.set_num_threads(2)
    for experiment, model, asked in (
        ("cgnn/fixed_split", "gcn", "under 0.7 s"),
        ("neural_gde/static_graphs", "gcde_rk4", "ratio at least 5"),
    ):
        yield beside(Plain, experiment, model, epochs=20, asked=asked, full=full)
    for experiment, model in (("neural_gde/static_graphs", "gcde_rk4"), ("cgnn/fixed_split", "cgnn")):
        what = f"{model} on Pubmed, {STACKED} stacked seeds, peak memory"
        yield Line(what, "GiB", peak(some_steps, experiment, model), asked="under 8 GiB")


def some_steps(experiment: str, model: str) -> None:
    """A few steps of training on Pubmed, all seeds together."""
    torch.set_num_threads(2)
    task = training(experiment, "pubmed", model, STACKED)
    for index in range(3):
        task.step(index)
