"""Denoising by losses of negative Sobolev order (KOOP-C5, K4)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ctbench.models._classifier import Dense
from ctbench.papers._experiment import Inputs, row
from ctbench.papers.koopman._analysed import KoopmanExperiment
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
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

CHUNK = 50  # iterations in one step of the loop

MODELS: dict[str, dict[str, Any]] = {"l2": {"order": 0.0}, "h_half": {"order": 0.5}, "h_one": {"order": 1.0}}


class Settings(Frozen):
    """A net fitted to a noisy signal on [0, 1) in a Sobolev norm of its residual."""

    order: float = Field(ge=0, description="s of the norm H^-s; 0 is the mean square.")
    noise: float = Field(ge=0, description="Standard deviation of white noise.")
    points: int = Field(512, ge=4)
    hidden: tuple[int, ...] = (96, 96)
    iterations: int = Field(2500, ge=1)
    learning_rate: float = Field(3e-3, gt=0)


def clean(x: np.ndarray) -> np.ndarray:
    """The signal of three scales, of root mean square 0.81."""
    return np.sin(2 * np.pi * x) + 0.5 * np.sin(6 * np.pi * x) + 0.25 * np.sin(20 * np.pi * x)


def sobolev(residual: Tensor, order: float) -> Tensor:
    """Squared H^-s norm of samples of a periodic function, normalised so that the frequency 1 has weight 1.

    sum_k |c_k|^2 ((1 + (2 pi k)^2) / (1 + (2 pi)^2))^-s over all integer k, [...] from [..., points].
    """
    n = residual.shape[-1]
    c = torch.fft.rfft(residual) / n
    k = torch.arange(c.shape[-1], dtype=residual.dtype, device=residual.device)
    weight = ((1 + (2 * math.pi * k) ** 2) / (1 + (2 * math.pi) ** 2)) ** -order
    both = torch.where((k == 0) | (2 * k == n), 1.0, 2.0)  # k and -k
    return (both * weight * (c.real**2 + c.imag**2)).sum(-1)


class Denoising(Task):
    """Full-batch Adam, all seeds of the group in one network; each seed has its own noise."""

    def __init__(self, settings: Settings, seeds: tuple[int, ...], device: str = "cpu") -> None:
        self.settings, self.seeds = settings, seeds
        self.steps = -(-settings.iterations // CHUNK)
        self.x = np.arange(settings.points) / settings.points
        noise = [generator("noise", seed).normal(0, settings.noise, settings.points) for seed in seeds]
        self.signal = torch.tensor(clean(self.x), dtype=torch.float32, device=device)
        self.noisy = self.signal + torch.tensor(np.array(noise), dtype=torch.float32, device=device)
        inputs = [np.sin(2 * np.pi * self.x), np.cos(2 * np.pi * self.x), 2 * self.x - 1]
        self.inputs = torch.tensor(np.stack(inputs, 1), dtype=torch.float32, device=device)
        self.network = Dense((3, *settings.hidden, 1), generators("init", seeds)).float().to(device)
        self.optimizer = optimizer("adam", self.network.parameters(), lr=settings.learning_rate)
        self.divergence = Divergence(len(seeds))

    def fitted(self) -> Tensor:
        """The net at the points, [seeds, points]."""
        return self.network(self.inputs)[..., 0]

    def step(self, index: int) -> None:
        losses = torch.zeros(len(self.seeds))
        for _ in range(min(CHUNK, self.settings.iterations - index * CHUNK)):
            losses = sobolev(self.fitted() - self.noisy, self.settings.order)
            self.optimizer.zero_grad(set_to_none=True)
            losses.sum().backward()
            self.optimizer.step()
        self.divergence.watch(index * CHUNK, losses.detach(), list(self.network.parameters()))

    def state(self) -> dict[str, Any]:
        return {**network_state(self.network, self.optimizer, []), "diverged": self.divergence.found}

    def restore(self, state: dict[str, Any]) -> None:
        restore_network(state, self.network, self.optimizer, [])
        self.divergence.found = state["diverged"]

    @torch.no_grad()
    def results(self) -> list[SeedResult]:
        fitted = self.fitted()
        errors = (fitted - self.signal).square().mean(-1).sqrt().tolist()
        return [
            SeedResult(
                seed,
                self.divergence(i, [measured("error", error, "1")]),
                curves=self.drawn(fitted[i]) if seed == 0 else [],
            )
            for i, (seed, error) in enumerate(zip(self.seeds, errors, strict=True))
        ]

    def drawn(self, fitted: Tensor) -> list[Row]:
        """The signal and its reconstruction, at every second point."""
        return [
            measured(metric, value, "1", x=x)
            for metric, values in (("clean", self.signal), ("reconstruction", fitted))
            for x, value in list(zip(self.x.tolist(), values.tolist(), strict=True))[::2]
        ]


class DenoisingBySobolev(KoopmanExperiment):
    """A signal of three scales under white noise whose standard deviation is the number in the data set's name."""

    title = "Reconstruction of a noisy signal"
    Settings = Settings
    models = MODELS
    sizes = ("iterations", "points")

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        kind, _, number = dataset.partition("_")
        try:
            noise = float(number)
        except ValueError:
            noise = math.nan
        if kind != "signal" or not 0 <= noise < math.inf:
            raise UserError(f"Data set {dataset!r}: expected `signal_` and the noise, such as signal_2.")
        return {**row(self.models, model, "model", self.where), "noise": noise}

    def needs(self, dataset: str) -> None:
        return None

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.0015 * settings.iterations * settings.points / 512

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Denoising:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        return Denoising(settings, seeds, inputs.device)


EXPERIMENT = DenoisingBySobolev()
