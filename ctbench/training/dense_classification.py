"""Dense classifiers of images by gradient descent, all seeds of a group in one network."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ctbench.models._classifier import Dense
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.images import Arrays
from ctbench.training.optimizers import optimizer
from ctbench.training.task import (
    Divergence,
    SeedResult,
    Task,
    generators,
    measured,
    network_state,
    restore_network,
    seed_slice,
)

Width = Annotated[int, Field(ge=1)]


class DenseSettings(Frozen):
    """A dense net and plain gradient descent on its mean cross-entropy, in double precision."""

    hidden: tuple[Width, ...] = (32,)
    bias: bool = True
    init_scale: float = Field(default=1.0, gt=0, description="Weights start as N(0, scale^2 / inputs).")
    epochs: int = Field(default=400, ge=1)
    learning_rate: float = Field(default=0.5, gt=0)
    batch: int | None = Field(default=None, ge=1, description="Images in a batch; null takes all of them.")


class DenseClassification(Task):
    """One step is one epoch.

    Args:
        settings: how to train.
        arrays: `train_images`, `test_images` uint8 [n, height, width, channels], `train_labels`, `test_labels` [n].
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    def __init__(self, settings: DenseSettings, arrays: Arrays, seeds: tuple[int, ...], device: str = "cpu") -> None:
        self.settings, self.seeds, self.device, self.steps = settings, seeds, device, settings.epochs
        white = float(arrays["train_images"].max())
        self.images, self.labels = {}, {}
        for part in ("train", "test"):
            pixels = arrays[f"{part}_images"].reshape(len(arrays[f"{part}_labels"]), -1) / white
            self.images[part] = torch.tensor(pixels, dtype=torch.float64, device=device)
            self.labels[part] = torch.tensor(arrays[f"{part}_labels"].astype(np.int64), device=device)
        classes = int(self.labels["train"].max()) + 1
        widths = (self.images["train"].shape[1], *settings.hidden, classes)
        self.network = Dense(widths, generators("init", seeds), settings.init_scale, settings.bias).double().to(device)
        self.optimizer = optimizer("sgd", self.network.parameters(), lr=settings.learning_rate)
        self.history: list[list[float]] = []
        self.divergence = Divergence(len(seeds))

    def step(self, index: int) -> None:
        n, seeds = len(self.labels["train"]), range(len(self.seeds))
        size = self.settings.batch or n
        total = torch.zeros(len(self.seeds), dtype=torch.float64, device=self.device)
        order = None if size >= n else self.order(index)
        for begin in range(0, n, size):
            if order is None:
                x, labels = self.images["train"], self.labels["train"].expand(len(seeds), -1)
            else:
                chosen = order[:, begin : begin + size]
                x, labels = self.images["train"][chosen], self.labels["train"][chosen]
            losses = mean_losses(self.network(x), labels)
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            self.optimizer.step()
            total += losses.detach() * labels.shape[1]
        self.history.append((total / n).tolist())
        self.divergence.watch(index, total, list(self.network.parameters()))

    def order(self, epoch: int) -> Tensor:
        """The order of the training images in an epoch, [seeds, images]."""
        n = len(self.labels["train"])
        draws = [generator("batch order", seed, epoch).permutation(n) for seed in self.seeds]
        return torch.from_numpy(np.stack(draws)).to(self.device)

    @torch.no_grad()
    def losses(self, network: Dense | None = None) -> Tensor:
        """Mean loss over the training images, [seeds], of this network or another."""
        logits = (network or self.network)(self.images["train"])
        return mean_losses(logits, self.labels["train"].expand(len(logits), -1))

    @torch.no_grad()
    def accuracy(self, network: Dense | None = None) -> Tensor:
        """Test accuracy in per cent, [seeds], of this network or another."""
        logits = (network or self.network)(self.images["test"])
        return 100 * (logits.argmax(-1) == self.labels["test"]).double().mean(-1)

    def state(self) -> dict[str, Any]:
        return {
            **network_state(self.network, self.optimizer, []),
            "history": self.history,
            "diverged": self.divergence.found,
        }

    def restore(self, state: dict[str, Any]) -> None:
        restore_network(state, self.network, self.optimizer, [])
        self.history, self.divergence.found = state["history"], state["diverged"]

    def results(self) -> list[SeedResult]:
        ends = zip(self.losses().tolist(), self.accuracy().tolist(), strict=True)
        return [
            SeedResult(
                seed,
                self.divergence(i, [measured("training_loss", loss, "nat"), measured("test_accuracy", right, "%")]),
                curves=[
                    measured("training_loss", losses[i], "nat", x=epoch) for epoch, losses in enumerate(self.history)
                ],
                weights=seed_slice(self.network, i),
            )
            for i, (seed, (loss, right)) in enumerate(zip(self.seeds, ends, strict=True))
        ]


def mean_losses(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each seed, [seeds], from logits [seeds, batch, classes] and labels [seeds, batch]."""
    chosen = torch.log_softmax(logits, -1).gather(-1, labels[..., None])
    return -chosen[..., 0].mean(-1)
