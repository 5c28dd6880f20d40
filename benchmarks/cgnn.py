"""CGNN on Cora, the paper's setting: exponential action and stacked seeds against dopri5, COO, dense, one seed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torchdiffeq import odeint

from benchmarks._line import Line
from benchmarks._twins import beside
from ctbench.models.cgnn import CGNN
from ctbench.training.node_classification import NodeClassification


class PlainCGNN(nn.Module):
    """The same network as one would write it first: dense features, COO adjacency, torchdiffeq with its defaults."""

    def __init__(self, fast: NodeClassification, seed: int) -> None:
        super().__init__()
        network = fast.network
        assert isinstance(network, CGNN)
        self.x = network.encoder.features.matrix.to_dense()
        self.matrix, self.shift = network.matrix.to_sparse_coo(), network.shift
        self.time, self.detach = network.options.end_time, network.options.source == "detached"
        self.encode, self.decode = (
            nn.Parameter(p.weight[seed].detach().clone()) for p in (network.encoder, network.decoder)
        )
        self.encode_bias, self.decode_bias = (
            nn.Parameter(p.bias[seed].detach().clone()) for p in (network.encoder, network.decoder)
        )
        self.alpha = nn.Parameter(network.alpha[seed].detach().clone())

    def forward(self) -> Tensor:
        x = nn.functional.dropout(self.x, 0.5, self.training)
        e = x @ self.encode + self.encode_bias
        source, rate = e.detach() if self.detach else e, torch.sigmoid(self.alpha)[:, None] / 2

        def field(t: Tensor, h: Tensor) -> Tensor:
            return rate * torch.sparse.mm(self.matrix, h) - self.shift * h + source

        h: Any = odeint(field, e, torch.tensor([0.0, self.time]))
        return torch.relu(h[-1]) @ self.decode + self.decode_bias


def lines(full: bool) -> Iterator[Line]:
    torch.set_num_threads(2)
    for model in ("cgnn", "cgnn_released"):
        yield beside(PlainCGNN, "cgnn/fixed_split", model, epochs=5, asked="ratio at least 100", full=full)
