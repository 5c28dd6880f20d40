"""Small ReLU networks trained on the whole truth table of a Boolean function: what training finds at each width."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import nan
from typing import Any

import numpy as np
import torch
from pydantic import Field, field_validator
from torch import Generator, Tensor

from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import entropy
from ctbench.training.task import Row, SeedResult, Task, measured

CHUNK = 100  # iterations in one step of the loop


class Settings(Frozen):
    """Nets n -> w -> w -> 1 with ReLU, mean square error, Adam with a cosine to zero; the best of some restarts."""

    widths: tuple[int, ...] = Field((1, 2, 3, 4, 6, 8, 12), min_length=1, description="The w, in increasing order.")
    restarts: int = Field(4, ge=1, description="Nets of one seed at each width, each from its own weights.")
    iterations: int = Field(2500, ge=1)
    learning_rate: float = Field(0.02, gt=0)
    bias_spread: float = Field(0.3, ge=0, description="Standard deviation of the first biases; weights are He normal.")
    target: float = Field(0.05, gt=0, description="Root mean square error that counts as learned.")

    @field_validator("widths")
    @classmethod
    def _increase(cls, widths: tuple[int, ...]) -> tuple[int, ...]:
        if widths[0] < 1 or any(b <= a for a, b in pairwise(widths)):
            raise ValueError("expected widths from 1 up, each larger than the one before")
        return widths


class TruthTable(Task):
    """All widths, seeds and restarts in one batch.

    Narrow nets are padded with neurons whose weights are all zero. Their gradient is zero too, so they stay out.

    Args:
        settings: how to train.
        inputs: the rows of the table, [rows, n].
        values: of the function, [rows].
        d: what the measurements of the whole table have as `x`.
        explicit: hidden neurons of the smallest network written down for the function.
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        settings: Settings,
        inputs: np.ndarray,
        values: np.ndarray,
        d: int,
        explicit: int,
        seeds: tuple[int, ...],
        device: str = "cpu",
    ) -> None:
        self.settings, self.d, self.explicit, self.seeds = settings, d, explicit, seeds
        self.inputs = torch.from_numpy(inputs).float().to(device)
        self.values = torch.from_numpy(values).float().to(device)[:, None]
        nets = [
            net
            for seed in seeds
            for width in settings.widths
            for net in self.drawn(width, Generator().manual_seed(entropy("init", seed, width)))
        ]
        self.weights = [torch.stack(parts).to(device).requires_grad_() for parts in zip(*nets, strict=True)]
        self.optimizer = torch.optim.Adam(self.weights, lr=settings.learning_rate)
        self.schedule = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, settings.iterations)
        self.steps = -(-settings.iterations // CHUNK)

    def drawn(self, width: int, generator: Generator) -> Iterator[list[Tensor]]:
        """Weights [in, out] and biases [1, out] of the restarts of one seed at one width, padded to the widest."""
        most, inputs = self.settings.widths[-1], self.inputs.shape[1]
        sizes = [(inputs, inputs), (width, most), (width, most), (1, 1)]
        for _ in range(self.settings.restarts):
            net = []
            for (a, whole_a), (b, whole_b) in pairwise(sizes):
                weight, bias = torch.zeros(whole_a, whole_b), torch.zeros(1, whole_b)
                weight[:a, :b] = torch.randn(a, b, generator=generator) * (2 / a) ** 0.5
                bias[:, :b] = torch.randn(1, b, generator=generator) * self.settings.bias_spread
                net += [weight, bias]
            yield net

    def mean_squares(self) -> Tensor:
        """The loss of every net, [nets]."""
        W1, b1, W2, b2, W3, b3 = self.weights
        x = torch.relu(torch.baddbmm(b1, self.inputs.expand(len(W1), -1, -1), W1))
        x = torch.baddbmm(b3, torch.relu(torch.baddbmm(b2, x, W2)), W3)
        return (x - self.values).square().mean((1, 2))

    def step(self, index: int) -> None:
        for _ in range(min(CHUNK, self.settings.iterations - index * CHUNK)):
            self.optimizer.zero_grad()
            self.mean_squares().sum().backward()
            self.optimizer.step()
            self.schedule.step()

    def state(self) -> dict[str, Any]:
        return {
            "weights": [w.detach() for w in self.weights],
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        with torch.no_grad():
            for mine, saved in zip(self.weights, state["weights"], strict=True):
                mine.copy_(saved)
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])

    @torch.no_grad()
    def results(self) -> list[SeedResult]:
        shape = len(self.seeds), len(self.settings.widths), self.settings.restarts
        errors = self.mean_squares().sqrt().reshape(shape).cpu().double().numpy()
        return [
            SeedResult(seed, rows_of(self.settings, of_seed, self.d, self.explicit))
            for seed, of_seed in zip(self.seeds, errors, strict=True)
        ]


def rows_of(settings: Settings, errors: np.ndarray, d: int, explicit: int) -> list[Row]:
    """The measurements of one seed from its errors [widths, restarts]; a diverged restart is no best one.

    Where no width reached the target, `smallest_hidden` is NaN, `censored` 1, and `smallest_hidden_at_least` the next
    size that was not tried: the size that is needed is that or more.
    """
    rows, learned = [], []
    for width, found in zip(settings.widths, errors, strict=True):
        best, reached = np.min(found[np.isfinite(found)], initial=np.inf), (found <= settings.target).mean()
        rows.append(measured("best_error", best if np.isfinite(best) else nan, "1", x=2 * width))
        rows.append(measured("share_learned", reached, "1", x=2 * width))
        learned += [2 * width] if reached else []
    smallest = min(learned, default=nan)
    at_least = min(learned, default=2 * (settings.widths[-1] + 1))
    return [
        *rows,
        measured("smallest_hidden", smallest, "neurons", x=d),
        measured("smallest_hidden_at_least", at_least, "neurons", x=d),
        measured("censored", not learned, "1", x=d),
        measured("explicit_hidden", explicit, "neurons", x=d),
    ]
