"""ContinuousNet, learned dynamics: a matrix fitted to the harmonic oscillator (CN-C1, C2; E1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.continuousnet._oscillator import GENERATOR, exact
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.linear_map import LinearMap, Settings

SPACING = 50 / 999
DATASETS: dict[str, dict[str, Any]] = {
    "oscillator": {"spacing": SPACING, "dt": SPACING},
    "oscillator_released": {"spacing": SPACING, "dt": 0.05},
}
FREE: dict[str, Any] = {"learning_rate": 0.1, "batch": 50}
GENERATED: dict[str, Any] = {"learning_rate": 0.05, "milestones": (200, 500, 800), "batch": 25}
MODELS: dict[str, dict[str, Any]] = {
    "one_step": {**FREE, "formulas": ("one_step",)},
    "forward_euler": {**GENERATED, "formulas": ("forward_euler",)},
    "backward_euler": {**GENERATED, "formulas": ("backward_euler",)},
    "trapezoid": {**GENERATED, "formulas": ("trapezoid",)},
    "mix": {**GENERATED, "formulas": ("forward_euler", "backward_euler", "trapezoid")},
}


class Oscillator(Experiment):
    """A free one-step matrix, and a generator inside one-step formulas, on 1000 points of [0, 50] s.

    The points are 50/999 s apart. The authors wrote dt = 0.05 into their formulas; `oscillator_released` does too,
    `oscillator` has the true spacing there.
    """

    paper = "continuousnet"
    title = "Matrices learned from a linear oscillator"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.continuousnet/oscillator, {model} on {dataset}"
        spacings = row(DATASETS, dataset, "data set", where)
        return {**spacings, "points": 1000, "iterations": 1000, **row(MODELS, model, "model", where)}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations", "points")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return "ctbench.papers.continuousnet._oscillator", "ctbench.training.linear_map"

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 1e-5 * settings.iterations * (1 + len(settings.formulas))

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> LinearMap:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        trajectory = exact(settings.spacing * np.arange(settings.points))
        return LinearMap(settings, trajectory, GENERATOR, seeds, inputs.device)


EXPERIMENT = Oscillator()
