"""Image classification by SGD, one seed at a time, at fixed depth or with depth that grows during training."""

from __future__ import annotations

import copy
import time
from typing import Annotated, Any, Literal

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn.functional import cross_entropy

from ctbench.models import MODELS, resolved
from ctbench.models._image import ImageModel
from ctbench.models.continuousnet import ContinuousNet
from ctbench.spec.errors import UserError
from ctbench.spec.seeds import generator
from ctbench.training._capture import Captured
from ctbench.training.images import Arrays, Moves, Pictures, accuracy, crop_flip, prepared
from ctbench.training.optimizers import optimizer
from ctbench.training.task import (
    Divergence,
    SeedResult,
    Task,
    generators,
    measured,
    network_state,
    restore_network,
)

Shares = tuple[Annotated[float, Field(gt=0, lt=1)], ...]


class Settings(Pictures):
    """SGD with momentum, a step schedule and weight decay on all parameters (ContinuousNet's recipe).

    `milestones` and `refine` are shares of the epochs: 0.25 of 120 epochs is after epoch 30.
    """

    model: str
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of the model itself.")
    epochs: int = Field(120, ge=1)
    milestones: Shares = Field((0.25, 0.5, 0.75), description="When the learning rate drops tenfold.")
    batch: int = Field(128, ge=2)
    learning_rate: float = Field(0.1, gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(5e-4, ge=0)
    refine: Shares = Field((), description="When the number of bases doubles.")
    final_bases: int | None = Field(None, ge=1, description="Bases after the last refinement, as a check.")
    refine_noise: float = Field(0.0, ge=0, description="Relative noise on convolutions at a refinement.")
    refine_momentum: Literal["drop", "keep"] = "drop"
    precision: Literal["float32", "bfloat16"] = "float32"

    @model_validator(mode="after")
    def _resolve(self) -> Settings:
        object.__setattr__(self, "options", resolved(self.model, self.options))
        if self.refine and self.model != "continuousnet":
            raise UserError(f"refine: only a continuousnet can be refined, found model {self.model!r}.")
        if len(set(self.moments)) < len(self.refine) or self.epochs in self.moments:
            raise UserError(
                f"refine: found {list(self.refine)} of {self.epochs} epochs, which doubles the bases before the epochs "
                f"{self.moments}; expected different ones, the last below {self.epochs}."
            )
        bases = self.options.get("bases", 1)
        if self.final_bases is not None and (reached := bases * 2 ** len(self.refine)) != self.final_bases:
            raise UserError(
                f"final_bases: found {self.final_bases}, but {len(self.refine)} doublings of {bases} make {reached}."
            )
        return self

    @property
    def moments(self) -> list[int]:
        """Epochs before which the number of bases doubles."""
        return [self.after(share) for share in self.refine]

    def after(self, share: float) -> int:
        """The epoch that begins when this share of the training is over; never the first."""
        return max(1, round(share * self.epochs))

    def trained_options(self) -> dict[str, Any]:
        """Options of the model at the end of training."""
        if not self.refine:
            return self.options
        return {**self.options, "bases": self.options["bases"] * 2 ** len(self.refine), "steps": None}


class ImageClassification(Task):
    """One step is one epoch; test accuracy is that of the last epoch and chooses nothing.

    Args:
        settings: how to train.
        arrays: as for `prepared`.
        seed: the seed.
        device: `cpu` or `cuda`.
    """

    def __init__(self, settings: Settings, arrays: Arrays, seed: int, device: str = "cpu") -> None:
        self.settings, self.seed, self.device, self.steps = settings, seed, device, settings.epochs
        self.train, self.test = prepared(settings, arrays, device)
        self.network = build(settings.model, settings.options, arrays)
        self.network.initialise(generators("init", (seed,))[0])
        self._place()
        self.seconds = 0.0
        self.history: list[list[float]] = []
        self.divergence = Divergence(1)

    def _place(self) -> None:
        """The network on the device, and a new optimizer for its parameters."""
        self.network.to(self.device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizer = optimizer(
            "sgd",
            self.network.parameters(),
            lr=self.settings.learning_rate,
            momentum=self.settings.momentum,
            weight_decay=self.settings.weight_decay,
        )
        self.captured: Captured | None = None

    def step(self, index: int) -> None:
        begin = time.perf_counter()
        if index in self.settings.moments:
            self.refine(index)
        self._set_learning_rate(0.1 ** sum(self.settings.after(share) <= index for share in self.settings.milestones))
        loss = self.epoch(index)
        self.seconds += time.perf_counter() - begin
        parameters = [p.unsqueeze(0) for p in self.network.parameters()]
        self.divergence.watch(index, torch.tensor([loss]), parameters)
        self.history.append([float(index), loss, accuracy(self.network, self.test), self.seconds])

    def _set_learning_rate(self, factor: float) -> None:
        for group in self.optimizer.param_groups:
            if group["lr"] != (rate := self.settings.learning_rate * factor):
                group["lr"], self.captured = rate, None

    def epoch(self, index: int) -> float:
        """One pass over the training images in the order of (seed, epoch); returns the mean loss."""
        self.network.train()
        n = len(self.train)
        order = torch.from_numpy(generator("batch order", self.seed, index).permutation(n)).to(self.device)
        moves = Moves.drawn(self.train, generator("noise", self.seed, index))
        total = torch.zeros((), device=self.device)
        batches = [chosen for chosen in order.split(self.settings.batch) if len(chosen) > 1]
        for chosen in batches:
            pixels = self.train.pixels[chosen]
            if self.settings.augment == "crop_flip":
                pixels = crop_flip(pixels, moves.of(chosen))
            total += len(chosen) * self.descend(self.train.standardised(pixels), self.train.labels[chosen])
        return float(total) / sum(len(chosen) for chosen in batches)

    def descend(self, images: Tensor, labels: Tensor) -> Tensor:
        """One step of SGD, on a GPU replayed where the batch is whole; returns the loss."""
        if self.device != "cuda" or len(labels) < self.settings.batch:
            return self._descend(images, labels)
        if self.captured is None:
            self.captured = Captured(self._descend, (images, labels), self.network, self.optimizer)
        return self.captured(images, labels)

    def _descend(self, images: Tensor, labels: Tensor) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        half = self.settings.precision == "bfloat16"
        with torch.autocast(self.device, torch.bfloat16, enabled=half, cache_enabled=False):
            loss = cross_entropy(self.network(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def refine(self, index: int) -> None:
        """Double the bases; the optimizer starts afresh, as the authors' does, or keeps its momentum."""
        assert isinstance(self.network, ContinuousNet)
        velocity = self._velocity() if self.settings.refine_momentum == "keep" else None
        self.network.refine(generator("init", self.seed, "refine", index), self.settings.refine_noise)
        self._place()
        if velocity is not None:
            velocity.project(self.network.bases)
            for p, v in zip(self.network.parameters(), velocity.parameters(), strict=True):
                self.optimizer.state[p]["momentum_buffer"] = v.detach().clone()

    def _velocity(self) -> ContinuousNet:
        """The momentum of every parameter, in the place of the parameter."""
        assert isinstance(self.network, ContinuousNet)
        velocity = copy.deepcopy(self.network)
        for p, v in zip(self.network.parameters(), velocity.parameters(), strict=True):
            v.data.copy_(self.optimizer.state[p]["momentum_buffer"])
        return velocity

    def state(self) -> dict[str, Any]:
        return {
            **network_state(self.network, self.optimizer, []),
            "history": self.history,
            "seconds": self.seconds,
            "diverged": self.divergence.found,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.history, self.seconds = state["history"], state["seconds"]
        self.divergence.found = state["diverged"]
        if doublings := sum(moment < len(self.history) for moment in self.settings.moments):
            assert isinstance(self.network, ContinuousNet)
            self.network.project(self.network.bases * 2**doublings)
            self._place()
        restore_network(state, self.network, self.optimizer, [])

    def results(self) -> list[SeedResult]:
        rows = [
            measured("test_accuracy", self.history[-1][2], "%"),
            measured("parameters", sum(p.numel() for p in self.network.parameters()), "count"),
        ]
        curves = [
            measured(metric, value, unit, x=epoch)
            for epoch, loss, test, _ in self.history
            for metric, value, unit in [("training_loss", loss, "nat"), ("test_accuracy", test, "%")]
        ]
        timings = [measured("train_seconds", seconds, "s", x=epoch) for epoch, _, _, seconds in self.history]
        timings.append(measured("training_time", self.seconds, "s"))
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in self.network.state_dict().items()}
        return [SeedResult(self.seed, self.divergence(0, rows), curves, weights, timings)]


def build(model: str, options: dict[str, Any], arrays: Arrays) -> ImageModel:
    """The untrained network for images of this kind."""
    kind = MODELS[model]
    channels, classes = arrays["train_images"].shape[-1], int(arrays["train_labels"].max()) + 1
    return kind(kind.Options.model_validate(options), channels, classes)
