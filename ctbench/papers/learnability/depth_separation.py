"""Depth two against depth three on the product of n ORs, trained at width 2n on all 4^n inputs (LRN-M18)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from pydantic import Field, field_validator

from ctbench.models._dense import Dense
from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.learnability._cube import points
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.hinge import HingeSettings, HingeTraining, Problem

LARGEST = 10
"""n up to which a net is trained on all 4^n inputs."""
MODELS: dict[str, dict[str, Any]] = {"depth_2": {"layers": 1}, "depth_3": {"layers": 2}}


class Settings(HingeSettings):
    """Adam on the whole table. Wider nets hide the gap: at width 8n depth 2 still fits n = 5."""

    optimizer: Literal["sgd", "adam"] = "adam"
    learning_rate: float = Field(1e-2, gt=0)
    cosine: bool = True
    n: tuple[int, ...] = Field((2, 3, 4, 5, 6, 7), min_length=1)
    layers: int = Field(1, ge=1, description="Hidden layers.")
    width: int = Field(2, ge=1, description="Width of the hidden layers, in multiples of n.")

    @field_validator("n")
    @classmethod
    def _enumerable(cls, n: tuple[int, ...]) -> tuple[int, ...]:
        if not 1 <= min(n) <= max(n) <= LARGEST:
            raise ValueError(
                f"expected n from 1 to {LARGEST}, whose 4^n inputs are all trained on; deeper n would need samples"
            )
        return n


class DepthSeparation(Experiment):
    """F_n is not centred: the constant predictor already has hinge loss 1 - 2^-n."""

    paper = "learnability"
    title = "Depth two against depth three"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.learnability/depth_separation, {model} on {dataset}"
        row({"products_of_ors": {}}, dataset, "data set", where)
        return Settings(**row(MODELS, model, "model", where)).model_dump()

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations", "n")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (__name__,)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 1e-7 * settings.iterations * settings.layers * sum(n * 4**n for n in settings.n)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> HingeTraining:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        return HingeTraining(settings, [problem(settings, n) for n in settings.n], seeds, inputs.device)


def problem(settings: Settings, n: int) -> Problem:
    """F_n(x, z) = prod_i (x_i or z_i) on all inputs."""
    widths = (2 * n, *(settings.width * n,) * settings.layers)
    return Problem(n, points(2 * n), product_of_ors, lambda init: Dense(widths, "relu", init))


def product_of_ors(x: np.ndarray) -> np.ndarray:
    """F_n at (x, z), [..., 2n]."""
    n = x.shape[-1] // 2
    return np.maximum(x[..., :n], x[..., n:]).prod(-1)


EXPERIMENT = DepthSeparation()
