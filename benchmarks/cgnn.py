"""CGNN on Cora, the paper's setting: exponential action and stacked seeds against dopri5, COO, dense, one seed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torchdiffeq import odeint

from ctbench.data import load, split
from ctbench.models.cgnn import CGNN
from ctbench.papers import experiments
from ctbench.training.node_classification import NodeClassification, Settings, graph_of

SEEDS = tuple(range(10))


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


def main(full: bool) -> None:
    torch.set_num_threads(2)
    cora, experiment = load("cora", Path("data")), experiments()["cgnn/fixed_split"]
    for model in ("cgnn", "cgnn_released"):
        settings = Settings.model_validate(experiment.published("cora", model))
        graph = graph_of(cora.arrays, settings.features)
        part = {name: np.tile(index, (len(SEEDS), 1)) for name, index in split(cora, "planetoid").items()}
        fast = NodeClassification(settings, graph, cora.arrays["labels"], part, SEEDS)
        plain = PlainCGNN(fast, 0)
        ours = settings.epochs / len(SEEDS) * median(timed(fast.step, epoch) for epoch in range(settings.epochs))
        difference = compare(fast, PlainCGNN(fast, 0))
        seconds, accuracy = train(plain, fast, settings, settings.epochs if full else 5)
        twin = settings.epochs * median(seconds)
        said = f"test accuracy of the twin {accuracy:.1f} %" if full else f"twin timed over {len(seconds)} epochs"
        mean = float(torch.tensor([r.rows[0]["value"] for r in fast.results()]).mean())
        print(
            f"{model} on Cora, {settings.epochs} epochs: {ours:.2f} s a seed; plain twin {twin:.0f} s; "
            f"ratio {twin / ours:.0f}; logits differ by {difference:.1e}; ours {mean:.1f} %, {said}"
        )


@torch.no_grad()
def compare(fast: NodeClassification, plain: nn.Module) -> float:
    """Relative difference of the logits at the same weights."""
    fast.network.eval()
    plain.eval()
    ours, theirs = fast.network(None)[0], plain()
    return float((ours - theirs).norm() / theirs.norm())


def timed(work: Callable[[int], object], argument: int) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    work(argument)
    return time.perf_counter() - begin


def train(plain: nn.Module, fast: NodeClassification, settings: Settings, epochs: int) -> tuple[list[float], float]:
    """Train the twin, evaluating every epoch: seconds of each, and test accuracy at the best validation epoch."""
    optimizer = torch.optim.RMSprop(plain.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    index = {name: rows[0] for name, rows in fast.split.items()}
    best, reported, seconds = -1.0, 0.0, []
    for _ in range(epochs):
        begin = time.perf_counter()
        plain.train()
        optimizer.zero_grad()
        nn.functional.cross_entropy(plain()[index["train"]], fast.labels[index["train"]]).backward()
        optimizer.step()
        plain.eval()
        with torch.no_grad():
            right = (plain().argmax(-1) == fast.labels).float()
        if (score := float(right[index["validation"]].mean())) > best:
            best, reported = score, 100 * float(right[index["test"]].mean())
        seconds.append(time.perf_counter() - begin)
    return seconds, reported
