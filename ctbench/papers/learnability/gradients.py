"""Gradients of nets at their initial weights on the square wave f_n, by quadrature on a fine grid (LRN-M5, E3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from pydantic import Field, field_validator
from torch import Tensor

from ctbench.models._dense import Activation, Dense
from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.learnability._pieces import square_wave
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.task import Row, SeedResult, Task, generators, measured

MODELS: dict[str, dict[str, Any]] = {
    "tanh_depth3": {"hidden": (32, 32)},
    "tanh_depth8": {"hidden": (32,) * 7},
    "relu_depth8": {"hidden": (32,) * 7, "activation": "relu"},
}
BLOCK = 4096
"""Grid points that are differentiated together."""
ASYMPTOTIC = 8
"""n from which the slope is taken."""


class Settings(Frozen):
    """Nets 1-hidden-1 and the square waves that they meet."""

    n: tuple[int, ...] = Field((2, 4, 6, 8, 9, 10, 11, 12, 13, 14), min_length=1, description="Intervals 2^n of f_n.")
    hidden: tuple[int, ...] = Field((32, 32), min_length=1)
    activation: Activation = "tanh"
    points: int = Field(8, ge=2, multiple_of=2, description="Grid points in an interval of f_n, 4096 in all at least.")

    @field_validator("n")
    @classmethod
    def _within_reach(cls, n: tuple[int, ...]) -> tuple[int, ...]:
        if not 1 <= min(n) <= max(n) <= 20:
            raise ValueError("expected n from 1 to 20; the grid has to resolve all 2^n intervals")
        return n


class GradientNorms(Task):
    """All seeds in one net in double precision; one step for each n."""

    def __init__(self, settings: Settings, seeds: tuple[int, ...]) -> None:
        self.settings, self.seeds, self.steps = settings, seeds, len(settings.n)
        self.found: list[list[Row]] = [[] for _ in seeds]

    def step(self, index: int) -> None:
        n = self.settings.n[index]
        cells = max(self.settings.points * 2**n, BLOCK)
        x = (torch.arange(cells, dtype=torch.float64)[:, None] + 0.5) / cells
        net = Dense((1, *self.settings.hidden), self.settings.activation, generators("init", self.seeds)).double()
        net.tame(x[:: len(x) // BLOCK])
        linear = self.gradient(net, x, n, hinge=False)
        ends = self.gradient_at(net, 1.0) - self.gradient_at(net, 0.0)
        gaps = self.hinge_gaps(net, x, n, linear) if n <= ASYMPTOTIC else {}
        for seed, rows in enumerate(self.found):
            norm = float(linear[seed].norm())
            rows.append(measured("gradient_norm", norm, "1", x=2**n))
            if n >= ASYMPTOTIC:
                rows.append(measured("gradient_norm_asymptotic", norm, "1", x=2**n))
            sharp = float(ends[seed].norm()) / 2 ** (n + 1)
            rows.append(measured("gradient_over_closed_form", norm / sharp, "ratio", x=2**n))
            rows += [measured(name, found[seed], "relative", x=2**n) for name, found in gaps.items()]

    def hinge_gaps(self, net: Dense, x: Tensor, n: int, linear: Tensor) -> dict[str, Tensor]:
        """How far the gradient of the hinge loss is from that of -E[f_n g], for the net and for four times the net."""
        scaled = gap(self.gradient(net, x, n, hinge=True), linear)
        with torch.no_grad():
            net.weights[-1].mul_(4)
            net.biases[-1].mul_(4)
        large, clipped = (self.gradient(net, x, n, hinge=hinge) for hinge in (False, True))
        return {"hinge_gradient_gap": scaled, "hinge_gradient_gap_unscaled": gap(clipped, large)}

    def gradient(self, net: Dense, x: Tensor, n: int, *, hinge: bool) -> Tensor:
        """Gradient of -E[f_n g], or of the hinge loss E max(1 - f_n g, 0), [seeds, weights]."""
        net.zero_grad()
        for part in x.split(BLOCK):
            target = torch.from_numpy(square_wave(n, part[:, 0].numpy()))
            margin = 1 - target * net(part[None])
            (torch.relu(margin) if hinge else margin).sum().div(len(x)).backward()
        return flat(net)

    def gradient_at(self, net: Dense, x: float) -> Tensor:
        """Gradient of the net's value by its weights, [seeds, weights]."""
        net.zero_grad()
        net(torch.full((1, 1, 1), x, dtype=torch.float64)).sum().backward()
        return flat(net)

    def state(self) -> dict[str, Any]:
        return {"found": self.found}

    def restore(self, state: dict[str, Any]) -> None:
        self.found = state["found"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(seed, rows) for seed, rows in zip(self.seeds, self.found, strict=True)]


def flat(net: Dense) -> Tensor:
    """The gradient of all parameters, [seeds, weights]."""
    return torch.cat([p.grad.flatten(1) for p in net.parameters() if p.grad is not None], 1)


def gap(found: Tensor, expected: Tensor) -> Tensor:
    """Relative difference of each seed, [seeds]."""
    return (found - expected).norm(dim=1) / expected.norm(dim=1)


class Gradients(Experiment):
    """|grad E[f_n g]| = 2^-(n+1) |grad g(1) - grad g(0)| up to O(4^-n), for f_n oscillates faster than any smooth g.

    Nets are scaled to |g| < 1, where no input is outside the hinge; four times larger, the proof's gradient is not the
    hinge's any more.
    """

    paper = "learnability"
    title = "Gradients at the start"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.learnability/gradients, {model} on {dataset}"
        row({"square_wave": {}}, dataset, "data set", where)
        return Settings(**row(MODELS, model, "model", where)).model_dump()

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "n", "points", "hidden")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (__name__,)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 2e-6 * len(settings.hidden) * settings.points * sum(2**n for n in settings.n)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> GradientNorms:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        return GradientNorms(settings, seeds)


EXPERIMENT = Gradients()
