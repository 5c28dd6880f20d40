"""Full-batch node classification, all seeds of a group in one network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from scipy import sparse
from torch import Tensor
from torch.nn.functional import cross_entropy

from ctbench.models import MODELS, resolved
from ctbench.models._graph import GraphModel
from ctbench.models._sparse import Graph
from ctbench.spec.frozen import Frozen
from ctbench.training._graph_checks import check, check_memory, free_memory
from ctbench.training.optimizers import OptimizerName, optimizer
from ctbench.training.saved import kept
from ctbench.training.task import (
    Divergence,
    Row,
    SeedResult,
    Task,
    generators,
    measured,
    network_state,
    restore_network,
    seed_slice,
)

FeatureName = Literal["row_normalised", "binary_row_normalised", "raw"]


class Settings(Frozen):
    """How a graph network is trained and which epoch is reported."""

    model: str
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of the model itself.")
    split: Literal["planetoid", "old_dgl", "random"] = "planetoid"
    component: Literal["all", "largest"] = "all"
    features: FeatureName = "row_normalised"
    optimizer: OptimizerName = "adam"
    learning_rate: float = Field(0.01, gt=0)
    weight_decay: float = Field(5e-4, ge=0)
    decayed: Literal["all", "first_layer"] = "all"
    epochs: int = Field(200, ge=1)
    select_by: Literal["accuracy", "loss"] = "accuracy"
    select_from: int = Field(0, ge=0, description="First epoch that may be reported.")
    evaluate_every: int = Field(1, ge=1)

    @model_validator(mode="after")
    def _resolve(self) -> Settings:
        object.__setattr__(self, "options", resolved(self.model, self.options))
        return self


@dataclass
class Selection:
    """The reported epoch of every seed so far: the first with the best validation score. Tensors are [seeds]."""

    score: Tensor
    epoch: Tensor
    validation: Tensor
    test: Tensor
    history: list[list[float]] = field(default_factory=list)


class NodeClassification(Task):
    """Cross-entropy on the training nodes of one graph; validation chooses the reported epoch, test never does.

    Args:
        settings: how to train.
        graph: features, adjacency and number of classes.
        labels: [nodes], -1 where there is none.
        split: indices `train`, `validation`, `test`, each [seeds, n].
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        settings: Settings,
        graph: Graph,
        labels: np.ndarray,
        split: dict[str, np.ndarray],
        seeds: tuple[int, ...],
        device: str = "cpu",
    ) -> None:
        check(graph, labels, split)
        self.settings, self.seeds, self.steps = settings, seeds, settings.epochs
        check_memory(len(seeds), bytes_per_seed(settings, graph, seeds[0]), free_memory(device))
        self.network = network(settings, graph, seeds).to(device)
        self.dropout = generators("dropout", seeds, device)
        self.optimizer = optimizer(settings.optimizer, decay_groups(self.network, settings), lr=settings.learning_rate)
        self.labels = torch.tensor(labels, device=device)
        self.split = {name: torch.from_numpy(index).to(device) for name, index in split.items()}
        self.divergence = Divergence(len(seeds))
        self.last: dict[str, Tensor] = {}
        self.nfe: dict[str, list[int]] = {}
        worst = torch.full((len(seeds),), -torch.inf, device=device)
        epoch, validation, test = (torch.full_like(worst, torch.nan) for _ in range(3))
        self.best = Selection(worst, epoch, validation, test)

    def step(self, index: int) -> None:
        self.network.train()
        self.optimizer.zero_grad(set_to_none=True)
        logits = self.network(self.dropout)
        losses = self.loss(logits, "train")
        self.nfe["nfe_training"] = self.network.nfe
        self.divergence.watch(index, losses, list(self.network.parameters()))
        losses.sum().backward()
        self.optimizer.step()
        self.network.after_step()
        last = index + 1 == self.steps
        if (index + 1) % self.settings.evaluate_every == 0 or last:
            self.evaluate(index)

    @torch.no_grad()
    def evaluate(self, epoch: int) -> None:
        """Validation and test accuracy of every seed, and the selection."""
        self.network.eval()
        logits = self.network(None)
        self.nfe["nfe"] = self.network.nfe
        validation, test = self.accuracy(logits, "validation"), self.accuracy(logits, "test")
        loss = self.loss(logits, "validation")
        score = validation if self.settings.select_by == "accuracy" else -loss
        self.last = {"validation": validation, "test": test}
        if epoch >= self.settings.select_from:
            better = score > self.best.score
            self.best.score = torch.where(better, score, self.best.score)
            self.best.epoch = torch.where(better, float(epoch), self.best.epoch)
            self.best.validation = torch.where(better, validation, self.best.validation)
            self.best.test = torch.where(better, test, self.best.test)
        self.best.history.append([float(epoch), *loss.tolist(), *validation.tolist(), *test.tolist()])

    def at(self, logits: Tensor, part: str) -> tuple[Tensor, Tensor]:
        """Logits [seeds, n, classes] and labels [seeds, n] of a part of the nodes."""
        index = self.split[part]
        rows = torch.gather(logits, 1, index.unsqueeze(-1).expand(-1, -1, logits.shape[-1]))
        return rows, self.labels[index]

    def loss(self, logits: Tensor, part: str) -> Tensor:
        """Mean cross-entropy of each seed, [seeds]."""
        rows, labels = self.at(logits, part)
        return cross_entropy(rows.flatten(0, 1), labels.flatten(), reduction="none").view(labels.shape).mean(1)

    def accuracy(self, logits: Tensor, part: str) -> Tensor:
        """Percentage of right labels of each seed, [seeds]."""
        rows, labels = self.at(logits, part)
        return 100 * (rows.argmax(-1) == labels).float().mean(1)

    def state(self) -> dict[str, Any]:
        return {
            **network_state(self.network, self.optimizer, self.dropout),
            "best": {**vars(self.best)},
            "last": self.last,
            "nfe": self.nfe,
            "diverged": self.divergence.found,
        }

    def restore(self, state: dict[str, Any]) -> None:
        restore_network(state, self.network, self.optimizer, self.dropout)
        self.best = Selection(**state["best"])
        self.last, self.nfe, self.divergence.found = state["last"], state["nfe"], state["diverged"]

    def results(self) -> list[SeedResult]:
        return [
            SeedResult(seed, self.divergence(i, self._rows(i)), self._curves(i), seed_slice(self.network, i))
            for i, seed in enumerate(self.seeds)
        ]

    def _rows(self, i: int) -> list[Row]:
        rows = [
            measured("test_accuracy", self.best.test[i], "%"),
            measured("validation_accuracy", self.best.validation[i], "%"),
            measured("selected_epoch", self.best.epoch[i], "epoch"),
            measured("test_accuracy_last", self.last["test"][i], "%"),
            measured("parameters", sum(p[i].numel() for p in self.network.parameters()), "count"),
        ]
        rows += [measured(name, nfe[i], "count") for name, nfe in self.nfe.items() if nfe]
        return rows

    def _curves(self, i: int) -> list[Row]:
        n, curves = len(self.seeds), []
        for epoch, *values in self.best.history:
            for k, (metric, unit) in enumerate(
                [("validation_loss", "nat"), ("validation_accuracy", "%"), ("test_accuracy", "%")]
            ):
                curves.append(measured(metric, values[k * n + i], unit, x=epoch))
        return curves


def network(settings: Settings, graph: Graph, seeds: tuple[int, ...]) -> GraphModel:
    """The untrained network of a group of seeds."""
    kind = MODELS[settings.model]
    return kind(kind.Options.model_validate(settings.options), graph, generators("init", seeds))


def bytes_per_seed(settings: Settings, graph: Graph, seed: int) -> int:
    """An estimate of what a training step needs for one more seed: what is kept for the gradient, once more for what
    comes and goes, and four copies of the parameters (weights, gradients, two of the optimiser)."""
    one = network(settings, graph, (seed,)).train()
    _, size = kept(lambda: one(generators("dropout", (seed,))), one.parameters())
    return 2 * size + 4 * sum(p.numel() * p.element_size() for p in one.parameters())


def graph_of(arrays: Mapping[str, np.ndarray], features: FeatureName) -> Graph:
    """The graph of a prepared citation data set.

    Features are as in the files (`raw`) or normalised to row sums of one, binarised first where asked for; rows of
    zeros stay so. Edges count once and in both directions, whichever the files give; self loops are left out, since the
    models add their own. A node without neighbours has a zero row.
    """
    shape = tuple(int(n) for n in arrays["feature_shape"])
    parts = (arrays["feature_values"], arrays["feature_indices"], arrays["feature_indptr"])
    x = sparse.csr_array(parts, shape=shape, dtype=np.float64)
    if features == "binary_row_normalised":
        x.data = np.ones_like(x.data)
    if features != "raw":
        total = np.asarray(x.sum(axis=1)).ravel()
        x = sparse.csr_array(np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)[:, None] * x)
    u, v = arrays["edges"][arrays["edges"][:, 0] != arrays["edges"][:, 1]].T
    ones = np.ones(2 * len(u))
    adjacency = sparse.csr_array((ones, (np.r_[u, v], np.r_[v, u])), shape=(shape[0], shape[0]))
    adjacency.sum_duplicates()
    adjacency.data = np.ones_like(adjacency.data)
    return Graph(x, adjacency, classes=int(arrays["labels"].max()) + 1)


def decay_groups(network: torch.nn.Module, settings: Settings) -> list[dict[str, Any]]:
    """Parameter groups with L2 on all parameters, or on the first layer alone (Kipf and Welling 2017)."""
    named = list(network.named_parameters())
    first = [p for name, p in named if name.startswith("first.")]
    if settings.decayed == "all":
        return [{"params": [p for _, p in named], "weight_decay": settings.weight_decay}]
    rest = [p for name, p in named if not name.startswith("first.")]
    return [{"params": first, "weight_decay": settings.weight_decay}, {"params": rest, "weight_decay": 0.0}]
