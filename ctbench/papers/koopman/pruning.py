"""Pruning by Koopman modes, by magnitude and at random (KOOP-C4, K3, K7).

The Koopman score of a weight is its size in the mode whose eigenvalue is nearest to 1, |b Phi|: where the training
heads (Redman et al. 2022). One global threshold over all weights and biases; time is counted in epochs.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from pydantic import Field

from ctbench.papers._experiment import Inputs
from ctbench.papers.koopman._analysed import KoopmanExperiment
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.modes import dynamic_modes
from ctbench.training.task import Row, SeedResult, measured
from ctbench.training.trajectory import Recorded, Recording

MODELS: dict[str, dict[str, Any]] = {"koopman_modes": {}}


class Settings(DenseSettings):
    """A training, when its modes are taken, and how much is pruned."""

    epochs: int = Field(1600, ge=1)
    window: int = Field(50, ge=2, description="Snapshots that the modes are fitted to.")
    rank: int = Field(6, ge=1)
    stages: tuple[int, ...] = Field(
        (50, 100, 200, 400, 800, 1600), description="Epochs after which masks are compared."
    )
    scored: int = Field(150, ge=1, description="Epoch after which the Koopman score of the pruning curve is taken.")
    pruned: int = Field(400, ge=1, description="Epoch after which the pruning curve is measured.")
    sparsities: tuple[float, ...] = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


def kept(scores: np.ndarray, sparsity: float) -> np.ndarray:
    """The mask of the weights that stay, those with the largest scores, bool [weights]."""
    mask = np.ones(len(scores), dtype=bool)
    mask[np.argsort(scores, kind="stable")[: round(sparsity * len(scores))]] = False
    return mask


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Share of the weights kept by one mask that the other keeps as well, of two masks that keep equally many."""
    return float((a & b).sum() / a.sum())


class Pruning(Recorded):
    """A training that is pruned, in copies, at some stages; its own course is not changed."""

    def __init__(self, settings: Settings, task: DenseClassification) -> None:
        super().__init__(task, Recording(window=settings.window, precision="float64"))
        self.settings, self.training = settings, task
        self.rows: list[list[Row]] = [[] for _ in task.seeds]
        self.scores: list[list[float]] = []

    def step(self, index: int) -> None:
        super().step(index)
        epoch, settings = index + 1, self.settings
        if epoch == settings.scored:
            self.scores = [self.score(t.weights).tolist() for t in self.trajectories()]
        if epoch in settings.stages and epoch >= settings.window:
            self.compare(epoch)
        if epoch == settings.pruned and self.scores:
            self.curve()

    def score(self, weights: np.ndarray) -> np.ndarray:
        """Of every weight, NaN if the training diverged, [weights]."""
        if not np.isfinite(weights).all():
            return np.full(weights.shape[1], np.nan)
        return dynamic_modes(weights, self.settings.rank).fixed_point()

    def compare(self, epoch: int) -> None:
        """Overlap of the masks at this stage, and what the masks cost in accuracy."""
        now = [t.weights for t in self.trajectories()]
        scores = [self.score(window) for window in now]
        for sparsity in (0.5, 0.8):
            koopman = [kept(score, sparsity) for score in scores]
            magnitude = [kept(np.abs(window[-1]), sparsity) for window in now]
            accuracies = zip(self.accuracy(koopman), self.accuracy(magnitude), strict=True)
            for i, (by_modes, by_size) in enumerate(accuracies):
                where, name = {"x": epoch}, f"{100 * sparsity:.0f}"
                self.rows[i].append(measured(f"overlap_{name}", overlap(koopman[i], magnitude[i]), "1", **where))
                self.rows[i].append(measured(f"accuracy_gap_{name}", by_modes - by_size, "%", **where))

    def curve(self) -> None:
        """Accuracy against sparsity for the three ways."""
        now = [np.abs(t.weights[-1]) for t in self.trajectories()]
        chance = [generator("noise", seed, "pruning").random(now[0].shape) for seed in self.training.seeds]
        for sparsity in self.settings.sparsities:
            masks = {
                name: [kept(np.asarray(score), sparsity) for score in scores]
                for name, scores in (("koopman", self.scores), ("magnitude", now), ("random", chance))
            }
            for name, of_seeds in masks.items():
                for i, accuracy in enumerate(self.accuracy(of_seeds)):
                    self.rows[i].append(measured(f"{name}_accuracy", accuracy, "%", x=sparsity))
            for i, pair in enumerate(zip(masks["koopman"], masks["magnitude"], strict=True)):
                self.rows[i].append(measured("early_overlap", overlap(*pair), "1", x=sparsity))

    @torch.no_grad()
    def accuracy(self, masks: list[np.ndarray]) -> list[float]:
        """Test accuracy (%) of each seed with the weights outside its mask at zero."""
        parameters = list(self.network.parameters())
        before = [p.clone() for p in parameters]
        parts = torch.from_numpy(np.stack(masks)).split([p[0].numel() for p in parameters], dim=1)
        for parameter, part in zip(parameters, parts, strict=True):
            parameter.mul_(part.reshape(parameter.shape).to(parameter.device))
        found = self.training.accuracy().tolist()
        for parameter, old in zip(parameters, before, strict=True):
            parameter.copy_(old)
        return found

    def state(self) -> dict[str, Any]:
        return {**super().state(), "rows": self.rows, "scores": self.scores}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.rows, self.scores = state["rows"], state["scores"]

    def results(self) -> list[SeedResult]:
        trained = super().results()
        return [SeedResult(r.seed, [*r.rows, *rows]) for r, rows in zip(trained, self.rows, strict=True)]


class PruningByModes(KoopmanExperiment):
    """The converging training of `spectrum`, followed until it hardly moves."""

    title = "Pruning by Koopman modes, by magnitude, at random"
    Settings = Settings
    models = MODELS

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.0025 * settings.epochs * sum(settings.hidden) / 32

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Pruning:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset
        return Pruning(settings, DenseClassification(settings, inputs.dataset.arrays, seeds, inputs.device))


EXPERIMENT = PruningByModes()
