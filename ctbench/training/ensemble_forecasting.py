"""Probabilistic forecasts of series on a graph from irregular noisy observations, trained and judged by their draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Generator, Tensor

from ctbench.models import MODELS, resolved
from ctbench.models._forecast import Forecaster, Frame, normal
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import entropy, generator
from ctbench.training._series_checks import check
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

CHUNK = 10  # iterations in one step of the loop
DRAWS = 39  # of the test: the k-th smallest and largest then enclose exactly 1 - k/20 of what comes, if draws are right
DRAWN = 0  # the seed whose first test series is kept for drawing


class Settings(Frozen):
    """How a forecasting model is trained; `model` None is persistence.

    Raises UserError on a model that does not exist or does not forecast, and on an option that it does not have.
    """

    model: str | None
    options: dict[str, Any] = Field(default_factory=dict)
    iterations: int = Field(1000, ge=1)
    batch: int = Field(8, ge=1, description="Series in a batch, drawn with replacement.")
    draws: int = Field(3, ge=2, description="Draws from the prediction in training.")
    learning_rate: float = Field(5e-3, gt=0)

    @model_validator(mode="after")
    def _resolve(self) -> Settings:
        if self.model is not None:
            if not issubclass(MODELS[self.model], Forecaster):
                raise UserError(f"model: found {self.model!r}, expected one that forecasts by draws, such as 'gru_d'.")
            object.__setattr__(self, "options", resolved(self.model, self.options))
        return self


@dataclass(frozen=True)
class Series:
    """Series on a graph, for each seed its own: the first `train` of them for training, the others for the test.

    Attributes:
        times: when the window was observed, increasing and at most 0, [seeds, series, window].
        values: what was observed then, [seeds, series, window, nodes].
        future: what is observed later, at multiples of `step`, [seeds, series, steps, nodes].
        kept: which of these times the training may see, [seeds, series, steps].
        truth: the same without the noise of the observation, as `future`.
        adjacency: 1 where column j acts on row i, [nodes, nodes].
        step: time between two points of the future.
        train: how many series are for training.
    """

    times: np.ndarray
    values: np.ndarray
    future: np.ndarray
    kept: np.ndarray
    truth: np.ndarray
    adjacency: np.ndarray
    step: float
    train: int

    @property
    def frame(self) -> Frame:
        window, steps = self.times.shape[-1], self.future.shape[2]
        return Frame(torch.from_numpy(self.adjacency).float(), window, steps, self.step)


def crps(draws: Tensor, observed: Tensor) -> Tensor:
    """The fair estimate of the continuous ranked probability score, of `observed`'s shape (Gneiting and Raftery 2007).

    E|X - y| - E|X - X'| / 2 over `draws` [seeds, draws, ...]: least in the mean if and only if they have the law of y.
    """
    m = draws.shape[1]
    ordered = draws.sort(dim=1).values
    weights = (2 * torch.arange(1, m + 1, device=draws.device) - m - 1).view(1, m, *[1] * (draws.dim() - 2))
    return (draws - observed.unsqueeze(1)).abs().mean(1) - (weights * ordered).sum(1) / (m * (m - 1))


class Forecasting(Task):
    """A model's training by the score of its draws at the times that were kept, for all seeds together.

    Raises:
        UserError: if the series are unfit (see `check`).
    """

    def __init__(self, settings: Settings, series: Series, seeds: tuple[int, ...], device: str = "cpu") -> None:
        check(series, len(seeds))
        assert settings.model is not None
        self.settings, self.series, self.seeds, self.device = settings, series, seeds, device
        kind = MODELS[settings.model]
        network = kind(kind.Options(**settings.options), series.frame, generators("init", seeds))
        self.network = network.to(device)
        self.optimizer = optimizer("adam", self.network.parameters(), lr=settings.learning_rate)
        names = ("times", "values", "future", "kept")
        self.data = {name: torch.from_numpy(getattr(series, name)).float().to(device) for name in names}
        self.steps = -(-settings.iterations // CHUNK)
        self.curve: list[list[float]] = []
        self.divergence = Divergence(len(seeds))

    def step(self, index: int) -> None:
        count = min(CHUNK, self.settings.iterations - index * CHUNK)
        chosen = torch.from_numpy(self.batches(index, count)).to(self.device)
        noise = self.noise("training", index)
        losses = torch.zeros(len(self.seeds))
        for batch in chosen:
            losses = self.losses(batch, noise)
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            self.optimizer.step()
        done = index * CHUNK + count
        self.curve.append([float(done), *losses.tolist()])
        self.divergence.watch(done, losses.detach(), list(self.network.parameters()))

    def losses(self, batch: Tensor, noise: list[Generator]) -> Tensor:
        """The mean score over what was kept of the series `batch` [seeds, batch]; [seeds]."""
        of = torch.arange(len(self.seeds), device=batch.device).unsqueeze(1)
        times, values, future, kept = (x[of, batch] for x in self.data.values())
        score = crps(self.network(values, times, self.settings.draws, noise), future).mean(-1)
        return (score * kept).sum((1, 2)) / kept.sum((1, 2))

    def batches(self, chunk: int, count: int) -> np.ndarray:
        """Series of the chunk's `count` batches, [count, seeds, batch]."""
        size = (count, self.settings.batch)
        return np.stack(
            [generator("batch order", seed, chunk).integers(0, self.series.train, size) for seed in self.seeds], axis=1
        )

    def noise(self, *path: int | str) -> list[Generator]:
        """A generator for each seed, at one place of the axis of noise."""
        return [Generator(self.device).manual_seed(entropy("noise", seed, *path)) for seed in self.seeds]

    def state(self) -> dict[str, Any]:
        kept = {"curve": self.curve, "diverged": self.divergence.found}
        return {**network_state(self.network, self.optimizer, []), **kept}

    def restore(self, state: dict[str, Any]) -> None:
        restore_network(state, self.network, self.optimizer, [])
        self.curve, self.divergence.found = state["curve"], state["diverged"]

    @torch.no_grad()
    def results(self) -> list[SeedResult]:
        test = (self.data[name][:, self.series.train :] for name in ("values", "times"))
        rows = tested(self.network(*test, DRAWS, self.noise("test")), self.series, self.seeds)
        return [
            SeedResult(
                seed,
                self.divergence(i, rows[i]),
                curves=[measured("batch_loss", losses[i], "1", x=x) for x, *losses in self.curve],
                weights=seed_slice(self.network, i),
            )
            for i, seed in enumerate(self.seeds)
        ]


class Persistence(Task):
    """The last observation, with the spread that it had in the training series so long before; no training."""

    steps = 1

    def __init__(self, settings: Settings, series: Series, seeds: tuple[int, ...], device: str = "cpu") -> None:
        check(series, len(seeds))
        self.series, self.seeds, self.found = series, seeds, []

    def step(self, index: int) -> None:
        series, train = self.series, self.series.train
        last, future = series.values[:, :, -1:], series.future
        spread = np.sqrt(np.square(future[:, :train] - last[:, :train]).mean(1, keepdims=True))
        noise = [Generator().manual_seed(entropy("noise", seed, "test")) for seed in self.seeds]
        mean, sd = (torch.from_numpy(x).float() for x in (last[:, train:], spread))
        shape = (DRAWS, *future[0, train:].shape)
        self.found = tested(mean.unsqueeze(1) + sd.unsqueeze(1) * normal(noise, *shape), series, self.seeds)

    def state(self) -> dict[str, Any]:
        return {"found": self.found}

    def restore(self, state: dict[str, Any]) -> None:
        self.found = state["found"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(seed, rows) for seed, rows in zip(self.seeds, self.found, strict=True)]


def tested(draws: Tensor, series: Series, seeds: tuple[int, ...]) -> list[list[Row]]:
    """What `DRAWS` draws [seeds, draws, series, steps, nodes] of the test series are worth, for every seed.

    RMSE of their mean against the truth, over all times and at each; the score against what is observed, and the share
    of it between the k-th smallest and the k-th largest draw, beside the share that a right forecast has there.
    """
    truth, future = (torch.from_numpy(x[:, series.train :]).float() for x in (series.truth, series.future))
    draws = draws.cpu().sort(dim=1).values
    squares, scores = (draws.mean(1) - truth).square(), crps(draws, future)
    inside = {k: enclosed(draws, future, k) for k in range(2, 19, 2)}
    ahead = series.step * np.arange(1, series.future.shape[2] + 1)
    rows: list[list[Row]] = []
    for i, seed in enumerate(seeds):
        rows.append([measured("rmse", squares[i].mean().sqrt(), "1"), measured("crps", scores[i].mean(), "1")])
        for k, found in inside.items():
            rows[i].append(measured("coverage", 100 * found[i].mean(), "%", x=100 - 5 * k))
        for k, t in enumerate(ahead):
            rows[i].append(measured("rmse_ahead", squares[i, :, k].mean().sqrt(), "1", x=t))
            rows[i].append(measured("coverage_ahead", 100 * inside[2][i, :, k].mean(), "%", x=t))
        if seed == DRAWN:
            rows[i] += drawing(draws[i, :, 0, :, 0], series, i, ahead)
    return rows


def enclosed(ordered: Tensor, observed: Tensor, k: int) -> Tensor:
    """1 where `observed` is between the k-th smallest and the k-th largest of the ordered draws, else 0."""
    return ((ordered[:, k - 1] <= observed) & (observed <= ordered[:, -k])).float()


def drawing(ordered: Tensor, series: Series, seed: int, ahead: np.ndarray) -> Iterator[Row]:
    """The first node of a seed's first test series: forecast, its band of 90 %, truth, observations of the window."""
    i = series.train
    lines: dict[str, tuple[np.ndarray, Any]] = {
        "forecast_low": (ahead, ordered[1]),
        "forecast_high": (ahead, ordered[-2]),
        "forecast_mean": (ahead, ordered.mean(0)),
        "forecast_true": (ahead, series.truth[seed, i, :, 0]),
        "forecast_seen": (series.times[seed, i], series.values[seed, i, :, 0]),
    }
    for name, (times, values) in lines.items():
        for t, value in zip(times, values, strict=True):
            yield measured(name, value, "1", x=float(t))
