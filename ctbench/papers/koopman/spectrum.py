"""The spectrum of training in four regimes, and what it foretells (KOOP-C2, C3, K1, K2).

Time is counted in epochs, as in the paper. A window of 20 epochs is 21 snapshots.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from pydantic import Field, model_validator

from ctbench.papers._experiment import Inputs
from ctbench.papers.koopman._analysed import Analysed, KoopmanExperiment
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.modes import Modes, dynamic_modes
from ctbench.training.task import Row, measured
from ctbench.training.trajectory import Recording, Trajectory

REGIMES = {
    "converged": {"learning_rate": 0.5},
    "slow": {"learning_rate": 0.02},
    "bad_init": {"init_scale": 8.0},
    "diverging": {"learning_rate": 20.0},
}
RESIDUAL = 0.01
"""Modes with a larger residual are left out of the filtered share."""


class Settings(DenseSettings):
    """A training, and the windows of its analysis in epochs."""

    window: int = Field(20, ge=2, description="Epochs of a spectrum.")
    rank: int = Field(10, ge=1)
    radius: float = Field(0.01, gt=0, description="Distance from 1 that counts as near.")
    shown: tuple[int, ...] = Field((20, 60, 220, 400), description="Epochs at whose end a spectrum is measured.")
    fit: int = Field(50, ge=2, description="Snapshots that a prediction is fitted to.")
    fit_rank: int = Field(6, ge=1)
    ahead: int = Field(100, ge=1, description="Epochs predicted.")
    predicted_from: tuple[int, ...] = Field((50, 100, 150), description="Epochs at whose end predictions are made.")

    @model_validator(mode="after")
    def _windows_have_room(self) -> Settings:
        if self.window > min(self.epochs, *self.shown) or self.fit > min(self.predicted_from, default=self.fit):
            raise ValueError("a window begins before the training: `shown`, `predicted_from` or `epochs` are too small")
        return self


class Spectrum(Analysed):
    """A training whose every epoch is kept."""

    def __init__(self, settings: Settings, task: DenseClassification) -> None:
        super().__init__(task, Recording(precision="float64"))
        self.settings, self.training = settings, task

    def modes(self, weights: np.ndarray, end: int) -> Modes | None:
        """Of the window that ends with epoch `end`; None if the weights were no longer finite."""
        window = weights[end - self.settings.window : end + 1]
        return dynamic_modes(window, self.settings.rank) if np.isfinite(window).all() else None

    def gathering(self, weights: np.ndarray, end: int) -> dict[str, float]:
        """How many of the window's eigenvalues gather at 1."""
        if (found := self.modes(weights, end)) is None:
            return dict.fromkeys(("share_near_one", "share_near_one_filtered", "modes"), np.nan)
        return {
            "share_near_one": found.share_near_one(self.settings.radius),
            "share_near_one_filtered": found.share_near_one(self.settings.radius, RESIDUAL),
            "modes": len(found.eigenvalues),
        }

    def windows(self) -> range:
        """Where windows that do not overlap end."""
        return range(self.settings.window, self.steps + 1, self.settings.window)

    def analysis(self, seed: int, trajectory: Trajectory) -> Iterator[Row]:
        settings, W = self.settings, trajectory.weights
        for end in (end for end in settings.shown if end <= self.steps):
            for name, value in self.gathering(W, end).items():
                yield measured(name, value, "count" if name == "modes" else "1", x=end)
        for name, value in self.gathering(W, self.steps).items():
            yield measured(f"final_{name}", value, "count" if name == "modes" else "1")
        every = [self.modes(W, end) for end in self.windows()]
        largest = max((np.abs(modes.eigenvalues).max() for modes in every if modes), default=np.nan)
        yield measured("largest_modulus", largest, "1")
        losses = [epoch[seed] for epoch in self.training.history]
        drop = 1 - losses[-1] / losses[-1 - settings.window]
        yield measured("loss_drop", drop, "relative")
        for end in settings.predicted_from:
            if end + settings.ahead <= self.steps:
                yield measured("prediction_error", self.prediction_error(W, end), "relative", x=end)

    def prediction_error(self, W: np.ndarray, end: int) -> float:
        """||predicted - true|| / ||true - last|| over `ahead` epochs, fitted to `fit` snapshots before epoch `end`."""
        window, true = W[end - self.settings.fit : end], W[end - 1 + self.settings.ahead]
        if not np.isfinite(window).all():
            return np.nan
        predicted = dynamic_modes(window, self.settings.fit_rank).ahead(self.settings.ahead)
        return float(np.linalg.norm(predicted - true) / np.linalg.norm(true - window[-1]))

    def history(self, seed: int, trajectory: Trajectory) -> Iterator[Row]:
        for end in self.windows():
            if found := self.modes(trajectory.weights, end):
                yield measured("share_near_one", found.share_near_one(self.settings.radius), "1", x=end)
                if end in self.settings.shown:
                    for value in found.eigenvalues:
                        yield measured(f"eigenvalue_{end}", value.imag, "1", x=value.real)


class SpectrumOfTraining(KoopmanExperiment):
    """Training that converges, that is slow and has not converged, from too large weights, and that diverges.

    The slow one is the confounder: its weights move evenly, so its eigenvalues gather at 1 as well.
    """

    title = "Spectrum of training in four regimes"
    Settings = Settings
    models = REGIMES

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.0025 * settings.epochs * sum(settings.hidden) / 32

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Spectrum:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset
        return Spectrum(settings, DenseClassification(settings, inputs.dataset.arrays, seeds, inputs.device))


EXPERIMENT = SpectrumOfTraining()
