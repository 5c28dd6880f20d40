"""GCN and GCDE on Cora: stacked seeds and sparse features against one seed, COO, dense features, torchdiffeq."""

from __future__ import annotations

import resource
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import dropout, softplus
from torchdiffeq import odeint

from benchmarks.cgnn import compare, timed, train
from ctbench.data import load, split
from ctbench.papers import experiments
from ctbench.training.node_classification import NodeClassification, Settings, graph_of

SEEDS = tuple(range(10))
EPOCHS = 60
"""Of which the median is taken."""


class Plain(nn.Module):
    """Dense features, COO adjacency, one seed: GCN, or GCDE by torchdiffeq's `rk4`; weights of a stacked one."""

    def __init__(self, fast: NodeClassification, seed: int) -> None:
        super().__init__()
        network: Any = fast.network
        self.options: Any = network.options
        self.x: Tensor = network.first.features.matrix.to_dense()
        self.matrix: Tensor = network.operator.to_sparse_coo()
        names = [name.rpartition(".")[0] for name, _ in network.named_parameters() if name.endswith("weight")]
        self.layers = nn.ModuleList(_linear(network.get_submodule(name), seed) for name in names)
        self.continuous = fast.settings.model == "gcde"

    def forward(self) -> Tensor:
        options, training = self.options, self.training
        first, *field, last = self.layers
        h = torch.relu(self.convolved(first, dropout(self.x, options.dropout, training)))
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


def main(full: bool) -> None:
    torch.set_num_threads(2)
    cora = load("cora", Path("data"))
    for experiment, model in (("cgnn/fixed_split", "gcn"), ("neural_gde/static_graphs", "gcde_rk4")):
        settings = Settings.model_validate(experiments()[experiment].published("cora", model))
        graph = graph_of(cora.arrays, settings.features)
        part = {name: np.tile(index, (len(SEEDS), 1)) for name, index in split(cora, "planetoid").items()}
        fast = NodeClassification(settings, graph, cora.arrays["labels"], part, SEEDS)
        difference = compare(fast, Plain(fast, 0))
        ours = settings.epochs / len(SEEDS) * median(timed(fast.step, epoch) for epoch in range(EPOCHS))
        seconds, _ = train(Plain(fast, 0), fast, settings, EPOCHS if full else 20)
        twin = settings.epochs * median(seconds)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(
            f"{model} on Cora, {settings.epochs} epochs: {ours:.2f} s a seed; plain twin {twin:.1f} s; ratio "
            f"{twin / ours:.1f}; logits differ by {difference:.1e}; peak memory so far {peak:.1f} GiB"
        )
