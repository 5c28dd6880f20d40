"""The next reading at every station of a graph, from the last few of an irregular sample; seeds in one network.

Each seed trains on an undersampling of its own. All are tested on the same undersamplings of the test part, so that the
spread over trainings and the spread over test masks stand apart.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field, model_validator
from scipy import sparse
from torch import Tensor

from ctbench.models import MODELS, resolved
from ctbench.models._sparse import normalised
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training._sampling import check_series, kept, windows
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
    seed_slice,
)

BASELINES = ("historical_average", "persistence")


class Settings(Frozen):
    """How a series is undersampled, and how a model is trained on it."""

    model: str = Field(description="A recurrent model, or one of `historical_average` and `persistence`.")
    options: dict[str, Any] = Field(default_factory=dict, description="Settings of the model itself.")
    keep: float = Field(default=1.0, gt=0, le=1, description="Share of the times that is kept.")
    spread: float | None = Field(
        default=None, ge=0, description="Standard deviation of the gaps; null: each kept by itself."
    )
    gaps: Literal["real", "constant"] = Field(default="real", description="What the model is told of the gaps.")
    inputs: int = Field(default=5, ge=2, description="Readings before the one to predict.")
    spacings_per_unit: float = Field(
        default=12.0, gt=0, description="Spacings of the series in the model's unit of time."
    )
    epochs: int = Field(default=40, ge=1)
    batch: int = Field(default=64, ge=1)
    learning_rate: float = Field(default=1e-2, gt=0)
    restart: int = Field(default=10, ge=1, description="Epochs of a cycle of cosine annealing.")
    masks: int = Field(default=20, ge=1, description="Undersamplings of the test part.")

    @model_validator(mode="after")
    def _resolve(self) -> Settings:
        options = self.options if self.model in BASELINES else resolved(self.model, self.options)
        object.__setattr__(self, "options", options)
        return self


@dataclass(frozen=True)
class GraphSeries:
    """A series of readings at the nodes of a graph.

    Attributes:
        readings: [T, n], finite.
        times: of the readings, increasing, in spacings, [T].
        weights: of the edges, symmetric, [n, n].
        period: spacings in a day or a year.
        train: indices of times.
        test: indices of times.
        unit: of the readings.

    Raises:
        UserError: on readings that are not finite, times that do not increase, or a graph of another size.
    """

    readings: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    period: float
    train: np.ndarray
    test: np.ndarray
    unit: str

    def __post_init__(self) -> None:
        check_series(self.readings, self.times, self.weights)

    def operator(self) -> Tensor:
        """D^{-1/2} (W + I) D^{-1/2}, dense, [n, n]."""
        return torch.from_numpy(normalised(sparse.csr_array(self.weights), 1.0).toarray()).float()


class Forecast(Task):
    """Errors of one-step predictions on every test mask; subclasses say how a window is continued.

    Args:
        settings: what is kept, and how a model is trained.
        series: the readings.
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    epochs = 0

    def __init__(self, settings: Settings, series: GraphSeries, seeds: tuple[int, ...], device: str = "cpu") -> None:
        self.settings, self.series, self.seeds, self.device = settings, series, seeds, device
        self.readings = torch.from_numpy(series.readings).double().to(device)
        self.times = torch.from_numpy(series.times).double().to(device)
        self.masks = 1 if settings.keep == 1 else settings.masks
        self.windows = [self._windows(series.train, seed, "train") for seed in seeds]
        self.steps = self.epochs + self.masks
        self.found: list[dict[str, list[float]]] = []

    def _windows(self, rows: np.ndarray, seed: int, part: str) -> np.ndarray:
        settings = self.settings
        mask = kept(len(rows), settings.keep, settings.spread, generator("noise", seed, "kept", part))
        return windows(rows, mask, settings.inputs, f"{part} part")

    @abstractmethod
    def predict(self, index: Tensor) -> Tensor:
        """Readings [seeds, batch, n] at the last times of the windows `index` [seeds, batch, K + 1]."""

    def step(self, index: int) -> None:
        self.test(index - self.epochs)

    @torch.no_grad()
    def test(self, mask: int) -> None:
        """Errors of every seed on one undersampling of the test part, the same for all."""
        index = torch.from_numpy(self._windows(self.series.test, mask, "test").copy()).to(self.device)
        parts = index.split(self.settings.batch)
        found = torch.cat([self.predict(part.expand(len(self.seeds), -1, -1)).double() for part in parts], dim=1)
        self.found.append({name: value.tolist() for name, value in errors(found, self.readings[index[:, -1]]).items()})

    def state(self) -> dict[str, Any]:
        return {"found": self.found}

    def restore(self, state: dict[str, Any]) -> None:
        self.found = state["found"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(seed, self.rows(i)) for i, seed in enumerate(self.seeds)]

    def rows(self, i: int) -> list[Row]:
        """Of every error its mean over the test masks and, apart, its standard deviation over them."""
        rows = []
        for name in self.found[0]:
            values, unit = [found[name][i] for found in self.found], self.series.unit if name == "rmse" else "%"
            rows.append(measured(name, np.mean(values), unit))
            if self.masks > 1:
                rows.append(measured(f"{name}_sd_masks", np.std(values, ddof=1), unit))
        return rows


class Baseline(Forecast):
    """What needs no training: the last reading, or the mean of the time of day over the kept training times."""

    def __init__(self, settings: Settings, series: GraphSeries, seeds: tuple[int, ...], device: str = "cpu") -> None:
        super().__init__(settings, series, seeds, device)
        profiles = [profile(series, np.unique(found)) for found in self.windows]
        self.profiles = torch.from_numpy(np.stack(profiles)).to(device)

    def predict(self, index: Tensor) -> Tensor:
        if self.settings.model == "persistence":
            return self.readings[index[..., -2]]
        phase = (self.times[index[..., -1]] % self.series.period).long()
        return torch.stack([table[places] for table, places in zip(self.profiles, phase, strict=True)])


class Training(Forecast):
    """A recurrent model, trained by Adam on the mean square error of standardised readings; the last epoch counts."""

    def __init__(self, settings: Settings, series: GraphSeries, seeds: tuple[int, ...], device: str = "cpu") -> None:
        self.epochs = settings.epochs
        super().__init__(settings, series, seeds, device)
        kind = MODELS[settings.model]
        options = kind.Options.model_validate(settings.options)
        self.network = kind(options, series.operator(), generators("init", seeds)).to(device)
        self.optimizer = optimizer("adam", self.network.parameters(), lr=settings.learning_rate)
        known = self.readings[torch.from_numpy(series.train).to(device)]
        self.mean, self.scale = known.mean(), known.std()
        self.standard = ((self.readings - self.mean) / self.scale).float()
        self.batches = -(-max(int(settings.keep * len(series.train)) - settings.inputs, 1) // settings.batch)
        self.divergence, self.curve = Divergence(len(seeds)), []

    def step(self, index: int) -> None:
        if index < self.epochs:
            self.epoch(index)
        else:
            super().step(index)

    def epoch(self, epoch: int) -> None:
        """One pass over as many windows as the keep rate lets expect; a seed with fewer begins again."""
        self.network.train()
        for group in self.optimizer.param_groups:
            group["lr"] = annealed(self.settings.learning_rate, epoch, self.settings.restart)
        total = torch.zeros(len(self.seeds), device=self.device)
        for i, index in enumerate(self.order(epoch).split(self.settings.batch, dim=1)):
            losses = (self.forward(index) - self.standard[index[..., -1]]).square().mean((1, 2))
            self.divergence.watch(epoch * self.batches + i, losses, list(self.network.parameters()))
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            self.optimizer.step()
            total += losses.detach()
        self.curve.append([float(epoch), *(total / self.batches).tolist()])

    def order(self, epoch: int) -> Tensor:
        """The windows of every seed in the order of an epoch, [seeds, batches * batch, K + 1]."""
        size = (self.batches * self.settings.batch,)
        chosen = [
            np.resize(generator("batch order", seed, epoch).permutation(len(own)), size)
            for seed, own in zip(self.seeds, self.windows, strict=True)
        ]
        return torch.from_numpy(np.stack([own[places] for own, places in zip(self.windows, chosen, strict=True)])).to(
            self.device
        )

    def forward(self, index: Tensor) -> Tensor:
        """Standardised predictions [seeds, batch, n]."""
        told = self.told(index)
        here, gaps = self.standard[index[..., :-1]], told.diff(dim=-1)
        phase = torch.sin(2 * math.pi / self.series.period * told[..., :-1])
        extra = torch.stack([gaps / self.settings.spacings_per_unit, phase], dim=-1).float()
        x = torch.cat([here.unsqueeze(-1), extra.unsqueeze(-2).expand(*here.shape, 2)], dim=-1)
        return self.network(x, ((told - told[..., :1]) / self.settings.spacings_per_unit).float())

    def told(self, index: Tensor) -> Tensor:
        """The times of a window as the model is told them: the real ones, or the first and then the mean gap."""
        real = self.times[index]
        if self.settings.gaps == "real":
            return real
        mean = float(self.times[-1] - self.times[0]) / (len(self.times) - 1) / self.settings.keep
        return real[..., :1] + mean * torch.arange(index.shape[-1], device=self.device)

    def predict(self, index: Tensor) -> Tensor:
        self.network.eval()
        return self.forward(index) * self.scale + self.mean

    def state(self) -> dict[str, Any]:
        return {
            **super().state(),
            **network_state(self.network, self.optimizer, []),
            "diverged": self.divergence.found,
            "curve": self.curve,
        }

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        restore_network(state, self.network, self.optimizer, [])
        self.divergence.found, self.curve = state["diverged"], state["curve"]

    def results(self) -> list[SeedResult]:
        return [
            SeedResult(
                seed,
                self.divergence(i, self.rows(i)),
                curves=[measured("training_loss", losses[i], "1", x=epoch) for epoch, *losses in self.curve],
                weights=seed_slice(self.network, i),
            )
            for i, seed in enumerate(self.seeds)
        ]

    def rows(self, i: int) -> list[Row]:
        reached = float(self.scale) * math.sqrt(self.curve[-1][1 + i])
        parameters = sum(p[i].numel() for p in self.network.parameters())
        return [
            *super().rows(i),
            measured("rmse_training", reached, self.series.unit),
            measured("parameters", parameters, "count"),
        ]


def forecast(settings: Settings, series: GraphSeries, seeds: tuple[int, ...], device: str = "cpu") -> Forecast:
    """The task of a model or of a baseline."""
    kind: Callable[..., Forecast] = Baseline if settings.model in BASELINES else Training
    return kind(settings, series, seeds, device)


def errors(found: Tensor, truth: Tensor) -> Mapping[str, Tensor]:
    """Errors of every seed, [seeds] (Neural GDE, equations 10 and 11).

    `rmse` is over time for each station, then the mean over stations. `mape` is the mean of |y - y'| / |y| in percent;
    `mape_printed` as the paper prints it: signed relative errors are averaged over time, their sizes over stations.
    Relative errors are left out where a true reading is not positive.

    Args:
        found: predictions [seeds, W, n].
        truth: readings [W, n].
    """
    rmse = {"rmse": (found - truth).square().mean(1).sqrt().mean(1)}
    if bool((truth <= 0).any()):
        return rmse
    relative = (truth - found) / truth
    return {**rmse, "mape": 100 * relative.abs().mean((1, 2)), "mape_printed": 100 * relative.mean(1).abs().mean(1)}


def annealed(rate: float, epoch: int, restart: int) -> float:
    """Cosine annealing with warm restarts every `restart` epochs (Loshchilov and Hutter 2017), by whole epochs."""
    return rate * (1 + math.cos(math.pi * (epoch % restart) / restart)) / 2


def profile(series: GraphSeries, rows: np.ndarray) -> np.ndarray:
    """Mean reading by time of day over the given times, [period, n]; times of day without any are interpolated."""
    period = round(series.period)
    phase = (series.times[rows] % period).astype(int)
    count = np.bincount(phase, minlength=period)
    total = np.zeros((period, series.readings.shape[1]))
    np.add.at(total, phase, series.readings[rows].astype(np.float64))
    there = np.flatnonzero(count)
    means = total[there] / count[there, None]
    every = np.arange(period)
    return np.stack([np.interp(every, there, column, period=period) for column in means.T], axis=1)
