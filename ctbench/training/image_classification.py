"""Image classification by SGD, one seed at a time; and the accuracy of a trained net under other schemes and steps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn.functional import cross_entropy

from ctbench.models import MODELS
from ctbench.models._image import ImageModel
from ctbench.models.continuousnet import ContinuousNet
from ctbench.solvers import SchemeName
from ctbench.spec.frozen import Frozen, validated
from ctbench.spec.seeds import generator
from ctbench.training.optimizers import optimizer
from ctbench.training.task import (
    Divergence,
    Row,
    SeedResult,
    Task,
    generators,
    measured,
    network_state,
    restore_network,
)

Images = Mapping[str, np.ndarray]


class Settings(Frozen):
    """SGD with momentum, a step schedule and weight decay on all parameters (ContinuousNet's recipe)."""

    model: str
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of the model itself.")
    epochs: int = Field(120, ge=1)
    milestones: tuple[int, ...] = Field((30, 60, 90), description="Epochs after which the learning rate drops tenfold.")
    batch: int = Field(128, ge=1)
    learning_rate: float = Field(0.1, gt=0)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(5e-4, ge=0)
    augment: Literal["none", "crop_flip"] = "crop_flip"

    @model_validator(mode="after")
    def _resolve(self) -> Settings:
        options = validated(MODELS[self.model].Options, self.options, f"options of {self.model}")
        object.__setattr__(self, "options", options.model_dump(mode="json"))
        return self


class ImageClassification(Task):
    """One step is one epoch; test accuracy is that of the last epoch and chooses nothing.

    Args:
        settings: how to train.
        images: `train_images`, `test_images` uint8 [n, height, width, channels] and `train_labels`, `test_labels` [n].
        seed: the seed.
        device: `cpu` or `cuda`.
    """

    def __init__(self, settings: Settings, images: Images, seed: int, device: str = "cpu") -> None:
        self.settings, self.seed, self.device, self.steps = settings, seed, device, settings.epochs
        self.train, self.test = prepared(images, device)
        self.network = build(settings, images)
        self.network.initialise(generators("init", (seed,))[0])
        self.network.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        self.optimizer = optimizer(
            "sgd",
            self.network.parameters(),
            lr=settings.learning_rate,
            momentum=settings.momentum,
            weight_decay=settings.weight_decay,
        )
        self.seconds = 0.0
        self.history: list[list[float]] = []
        self.divergence = Divergence(1)

    def step(self, index: int) -> None:
        begin = time.perf_counter()
        drops = sum(milestone <= index for milestone in self.settings.milestones)
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.learning_rate * 0.1**drops
        loss = self.epoch(index)
        self.seconds += time.perf_counter() - begin
        parameters = [p.unsqueeze(0) for p in self.network.parameters()]
        self.divergence.watch(index, torch.tensor([loss]), parameters)
        self.history.append([float(index), loss, accuracy(self.network, *self.test)])

    def epoch(self, index: int) -> float:
        """One pass over the training images in the order of (seed, epoch); returns the mean loss."""
        self.network.train()
        images, labels = self.train
        order = torch.from_numpy(generator("batch order", self.seed, index).permutation(len(labels))).to(self.device)
        noise = generator("noise", self.seed, index)
        total = torch.zeros((), device=self.device)
        for chosen in order.split(self.settings.batch):
            if len(chosen) < 2:
                continue
            batch = images[chosen]
            if self.settings.augment == "crop_flip":
                batch = crop_flip(batch, noise)
            self.optimizer.zero_grad(set_to_none=True)
            loss = cross_entropy(self.network(batch), labels[chosen])
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(chosen)
        return float(total) / len(labels)

    def state(self) -> dict[str, Any]:
        return {
            **network_state(self.network, self.optimizer, []),
            "history": self.history,
            "seconds": self.seconds,
            "diverged": self.divergence.found,
        }

    def restore(self, state: dict[str, Any]) -> None:
        restore_network(state, self.network, self.optimizer, [])
        self.history, self.seconds = state["history"], state["seconds"]
        self.divergence.found = state["diverged"]

    def results(self) -> list[SeedResult]:
        rows = [
            measured("test_accuracy", self.history[-1][2], "%"),
            measured("parameters", sum(p.numel() for p in self.network.parameters()), "count"),
        ]
        curves = [
            measured(metric, value, unit, x=epoch)
            for epoch, loss, test in self.history
            for metric, value, unit in [("training_loss", loss, "nat"), ("test_accuracy", test, "%")]
        ]
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in self.network.state_dict().items()}
        timing = measured("train_seconds", self.seconds, "s", x=float(self.steps))
        return [SeedResult(self.seed, self.divergence(0, rows), [*curves, timing], weights)]


class ManifestationSettings(Frozen):
    """Schemes and numbers of steps under which a trained net is measured."""

    schemes: tuple[SchemeName, ...] = ("euler", "midpoint", "rk4_38", "rk4_classic")
    steps: tuple[int, ...] = tuple(range(1, 21))


class Manifestation(Task):
    """Test accuracy of one trained ContinuousNet under every scheme and number of steps; weights and statistics fixed.

    Args:
        settings: the points of the sweep.
        trained: settings of the training.
        weights: what the training left, for this seed.
        images: as in `ImageClassification`.
        seed: the seed of the training.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        settings: ManifestationSettings,
        trained: Settings,
        weights: Mapping[str, Tensor],
        images: Images,
        seed: int,
        device: str = "cpu",
    ) -> None:
        network = build(trained, images)
        network.load_state_dict(dict(weights))
        assert isinstance(network, ContinuousNet)
        self.network, self.seed = network.to(device), seed
        _, self.test = prepared(images, device)
        self.points = [(scheme, steps) for scheme in settings.schemes for steps in settings.steps]
        self.steps = len(self.points)
        self.native = accuracy(network, *self.test)
        self.rows: list[Row] = []
        self.curves: list[Row] = []

    def step(self, index: int) -> None:
        scheme, steps = self.points[index]
        self.network.manifest(scheme, steps)
        begin = time.perf_counter()
        found = accuracy(self.network, *self.test)
        seconds = time.perf_counter() - begin
        where = {"solver": scheme, "steps": steps}
        self.rows += [
            measured("test_accuracy", found, "%", **where),
            measured("accuracy_drop", self.native - found, "%", **where),
        ]
        self.curves.append(measured("eval_seconds", seconds, "s", **where))

    def state(self) -> dict[str, Any]:
        return {"rows": self.rows, "curves": self.curves}

    def restore(self, state: dict[str, Any]) -> None:
        self.rows, self.curves = state["rows"], state["curves"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(self.seed, self.rows, self.curves)]


def build(settings: Settings, images: Images) -> ImageModel:
    """The untrained network for images of this kind."""
    kind = MODELS[settings.model]
    channels, classes = images["train_images"].shape[-1], int(images["train_labels"].max()) + 1
    return kind(kind.Options.model_validate(settings.options), channels, classes)


def prepared(images: Images, device: str) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """Training and test (images float [n, c, h, w], labels), standardised by the training images' channel moments."""
    train = images["train_images"].astype(np.float32) / 255
    mean, deviation = train.mean((0, 1, 2)), train.std((0, 1, 2))

    def part(name: str) -> tuple[Tensor, Tensor]:
        pixels = (images[f"{name}_images"].astype(np.float32) / 255 - mean) / deviation
        tensor = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).contiguous(memory_format=torch.channels_last)
        return tensor.to(device), torch.tensor(images[f"{name}_labels"], device=device)

    return part("train"), part("test")


def crop_flip(batch: Tensor, noise: np.random.Generator) -> Tensor:
    """Random crop after padding by an eighth of the size, and random horizontal flip, for every image its own."""
    n, _, height, width = batch.shape
    pad = height // 8
    padded = torch.nn.functional.pad(batch, (pad, pad, pad, pad))
    down, right = noise.integers(0, 2 * pad + 1, n), noise.integers(0, 2 * pad + 1, n)
    flip = noise.random(n) < 0.5
    columns = np.arange(width)[None] + right[:, None]
    columns[flip] = columns[flip, ::-1]
    rows = np.arange(height)[None] + down[:, None]
    index = [torch.from_numpy(x).to(batch.device) for x in (np.arange(n), rows, np.ascontiguousarray(columns))]
    picked = padded.permute(0, 2, 3, 1)[index[0][:, None, None], index[1][:, :, None], index[2][:, None, :]]
    return picked.permute(0, 3, 1, 2)


@torch.no_grad()
def accuracy(network: ImageModel, images: Tensor, labels: Tensor) -> float:
    """Percentage of right labels with the statistics as trained; NaN if a logit is not finite."""
    network.eval()
    logits = torch.cat([network(x) for x in images.split(512)])
    if not bool(torch.isfinite(logits).all()):
        return float("nan")
    return 100 * float((logits.argmax(-1) == labels).float().mean())
