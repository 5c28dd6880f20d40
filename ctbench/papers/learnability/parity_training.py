"""Learning parities of n bits from samples or from the whole cube: kernel ridge regression and nets (LRN-M12, M13)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from pydantic import Field
from scipy.linalg import cho_factor, cho_solve

from ctbench.models._dense import Dense
from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.learnability._cube import enumerable, points
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.hinge import HingeSettings, HingeTraining, Problem
from ctbench.training.task import Row, SeedResult, Task, measured

BITS = {"parity_1": 1, "parity_2": 2, "parity_3": 3, "parity_half": None, "parity_full": None}
"""|I| by the name of the data set; n/2 and n have no fixed number."""
MODELS: dict[str, dict[str, Any]] = {
    "kernel_ridge": {"n": (20, 30, 40), "test": 4000},
    "adam_samples": {"optimizer": "adam", "learning_rate": 1e-3, "batch": 256, "hidden": (4, 4), "n": (20, 30)},
    "gradient_descent_cube": {"hidden": (2,), "iterations": 800, "n": (8, 10, 12, 14)},
}


class Settings(HingeSettings):
    """Sizes of the cube, the net and the samples. With `batch` samples are fresh, without it the whole cube is seen."""

    n: tuple[int, ...] = Field((20,), min_length=1)
    hidden: tuple[int, ...] = Field((4, 4), min_length=1, description="Widths of the hidden layers, in multiples of n.")
    samples: int = Field(2000, ge=1, description="Training samples of kernel ridge regression.")
    ridge: float = Field(1e-6, gt=0)
    test: int = Field(8000, ge=1, description="Test samples, where samples are drawn.")


def size_of(dataset: str, n: int) -> int:
    """|I|, at most n."""
    return min(BITS[dataset] or (n // 2 if dataset == "parity_half" else n), n)


def parity_of(bits: int, x: np.ndarray) -> np.ndarray:
    """The product of the first `bits` coordinates."""
    return x[..., :bits].prod(-1)


def draw(n: int, rng: np.random.Generator, count: int) -> np.ndarray:
    """Uniform points of {-1, +1}^n, [count, n]."""
    return 1.0 - 2.0 * rng.integers(0, 2, (count, n))


class KernelRidge(Task):
    """Kernel ridge regression with exp(<x, y>/n - 1) on samples of each n and seed; one step each."""

    def __init__(self, settings: Settings, dataset: str, seeds: tuple[int, ...]) -> None:
        self.settings, self.dataset, self.seeds = settings, dataset, seeds
        self.found: list[list[Row]] = [[] for _ in seeds]
        self.steps = len(settings.n) * len(seeds)

    def step(self, index: int) -> None:
        settings, (place, seed) = self.settings, divmod(index, len(self.seeds))
        n = settings.n[place]
        bits = size_of(self.dataset, n)
        x = draw(n, generator("batch order", self.seeds[seed], n), settings.samples)
        test = draw(n, generator("data split", self.seeds[seed], n), settings.test)
        y, truth = parity_of(bits, x), parity_of(bits, test)
        gram = np.exp(x @ x.T / n - 1) + settings.ridge * np.eye(len(x))
        values = np.exp(test @ x.T / n - 1) @ cho_solve(cho_factor(gram, overwrite_a=True), y)
        self.found[seed] += [
            measured("accuracy", (np.where(values >= 0, 1, -1) == truth).mean(), "1", x=n),
            measured("squared_error", ((values - truth) ** 2).mean(), "1", x=n),
        ]

    def state(self) -> dict[str, Any]:
        return {"found": self.found}

    def restore(self, state: dict[str, Any]) -> None:
        self.found = state["found"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(seed, rows) for seed, rows in zip(self.seeds, self.found, strict=True)]


class ParityTraining(Experiment):
    """|I| = 1, 2, 3, n/2 and n. Small n refutes nothing: gradient descent on the cube learns all parities to n = 10."""

    paper = "learnability"
    title = "Learning parities"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.learnability/parity_training, {model} on {dataset}"
        row({name: {} for name in BITS}, dataset, "data set", where)
        return Settings(**row(MODELS, model, "model", where)).model_dump()

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations", "n", "samples", "test")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (__name__,)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 1e-3 * settings.iterations * len(settings.n)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Task:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        if odd := [n for n in settings.n if spec.dataset == "parity_half" and n % 2]:
            raise UserError(f"{spec.name}.{spec.model}.n: found {odd[0]}, expected even n for parities of n/2 bits.")
        if spec.model == "kernel_ridge":
            return KernelRidge(settings, spec.dataset, seeds)
        return HingeTraining(settings, [problem(settings, spec.dataset, n) for n in settings.n], seeds, inputs.device)


def problem(settings: Settings, dataset: str, n: int) -> Problem:
    """The parity of a data set at n. Raises UserError if the whole cube is wanted and too large."""
    widths = (n, *(n * multiple for multiple in settings.hidden))
    sampled = settings.batch is not None
    return Problem(
        n,
        draw(n, generator("data split", 0, n), settings.test) if sampled else points(enumerable(n)),
        partial(parity_of, size_of(dataset, n)),
        lambda init: Dense(widths, "relu", init),
        draw=partial(draw, n) if sampled else None,
    )


EXPERIMENT = ParityTraining()
