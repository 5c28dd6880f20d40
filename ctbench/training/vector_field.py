"""A vector field learned from one trajectory through one step of a scheme; and plain maps on the same pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import takewhile
from typing import Annotated, Any, Literal

import numpy as np
import torch
from pydantic import AfterValidator, Field, model_validator
from torch import Tensor

from ctbench.models import MODELS
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.fixed import Stage, integrate
from ctbench.training.one_step import OneStepAhead, OneStepSettings
from ctbench.training.task import Row, generators, measured

CHUNK = 500  # iterations in one step of the loop
SAMPLE = 1000  # iterations between points of the loss curve
ROLLOUT = 10.0  # seconds

MAPS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "map": lambda x, f: f,
    "residual": lambda x, f: x + 0.1 * f,
}
"""Networks that give the next state itself, from the state x and the network's output f (an RNN and a ResNet)."""

LOSSES: dict[str, Callable[[Tensor], Tensor]] = {"mse": torch.square, "l1": torch.abs}

StepName = Annotated[str, AfterValidator(lambda name: name if name in MAPS else SCHEMES[name].name)]
"""A scheme, or one of the maps."""


class Settings(OneStepSettings):
    """One-step-ahead training of dx/dt = f(x) through a scheme, and the schemes and steps of the test afterwards."""

    scheme: StepName = Field(description="The scheme trained through; `map` and `residual` have no vector field.")
    hidden: tuple[int, ...] = (50,)
    loss: Literal["mse", "l1"] = "mse"
    duration: float = Field(200.0, gt=0, description="Seconds of the training trajectory.")
    iterations: int = Field(50_000, ge=1)
    batch: int = Field(128, ge=1)
    learning_rate: float = Field(1e-4, gt=0)
    test_schemes: tuple[SchemeName, ...] = ("euler", "midpoint", "rk4_38")
    test_steps: tuple[int, ...] = Field(description="Numbers of equal steps from 0 to `horizon` in the test.")
    horizon: float = Field(2.0, gt=0, description="Seconds after which the state is compared with the truth.")

    @model_validator(mode="after")
    def _maps_meet_the_horizon(self) -> Settings:
        if self.scheme in MAPS and abs(self.horizon / self.spacing - round(self.horizon / self.spacing)) > 1e-9:
            raise ValueError(f"{self.scheme!r} has no step but the spacing; the horizon must be a multiple of it")
        return self


class VectorField(OneStepAhead[Settings]):
    """A network trained through one step of a scheme, then tested under other schemes and steps.

    A map is tested at its own spacing only; its rows name no solver.

    Args:
        settings: how to train and test.
        trajectory: exact states at multiples of `spacing`, [points, dimension].
        start: state where the test begins, [dimension].
        end: exact state at `horizon`, [dimension].
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        settings: Settings,
        trajectory: np.ndarray,
        start: np.ndarray,
        end: np.ndarray,
        seeds: tuple[int, ...],
        device: str = "cpu",
    ) -> None:
        kind = MODELS["mlp"]
        network = kind(kind.Options(hidden=settings.hidden), trajectory.shape[1], generators("init", seeds))
        super().__init__(settings, network, trajectory, seeds, device, chunk=CHUNK, sample=SAMPLE)
        self.start, self.end = (torch.from_numpy(x).to(device) for x in (start, end))
        self.tests: list[tuple[str | None, int]] = [
            (scheme, steps) for scheme in settings.test_schemes for steps in settings.test_steps
        ]
        if settings.scheme in MAPS:
            self.tests = [(None, round(settings.horizon / settings.spacing))]
        self.steps = self.chunks + len(self.tests)
        self.errors: list[list[float]] = []

    def field(self, stage: Stage, x: Tensor) -> Tensor:
        return self.network(x)

    def advance(self, x: Tensor) -> Tensor:
        """One step of the training ahead of x."""
        settings = self.settings
        if plain := MAPS.get(settings.scheme):
            return plain(x, self.network(x))
        return integrate(self.field, x, SCHEMES[settings.scheme], steps=1, end=settings.spacing)

    def losses(self, index: Tensor) -> Tensor:
        error = self.advance(self.trajectory[index]) - self.trajectory[index + 1]
        return LOSSES[self.settings.loss](error).mean((1, 2))

    def step(self, index: int) -> None:
        if index < self.chunks:
            super().step(index)
        else:
            self.test(*self.tests[index - self.chunks])

    @torch.no_grad()
    def test(self, scheme: str | None, steps: int) -> None:
        """Distance of the states at `horizon` from the truth, for every seed; without a scheme, by training steps."""
        x = self.start.expand(len(self.seeds), 1, -1)
        if scheme is None:
            for _ in range(steps):
                x = self.advance(x)
        else:
            x = integrate(self.field, x, SCHEMES[scheme], steps=steps, end=self.settings.horizon)
        self.errors.append((x[:, 0] - self.end).norm(dim=-1).tolist())

    @torch.no_grad()
    def rollout_error(self) -> Tensor:
        """Largest distance from the trajectory over 10 s of training steps, or all of it, [seeds]."""
        truth = self.trajectory[: round(ROLLOUT / self.settings.spacing) + 1]
        x, worst = truth[0].expand(len(self.seeds), 1, -1), torch.zeros(len(self.seeds), device=self.device)
        for exact in truth[1:]:
            x = self.advance(x)
            worst = torch.maximum(worst, (x[:, 0] - exact).norm(dim=-1))
        return worst

    def state(self) -> dict[str, Any]:
        return {**super().state(), "errors": self.errors}

    def restore(self, state: dict[str, Any]) -> None:
        super().restore(state)
        self.errors = state["errors"]

    def rows(self) -> list[list[Row]]:
        fits = zip(self.final_loss().tolist(), self.rollout_error().tolist(), strict=True)
        return [
            [
                measured("training_loss", loss, "1"),
                measured("rollout_error_10", rollout, "1"),
                *self.test_rows([found[i] for found in self.errors]),
            ]
            for i, (loss, rollout) in enumerate(fits)
        ]

    def test_rows(self, found: list[float]) -> Iterator[Row]:
        """The tested errors of one seed, and the steps up to which those of its own scheme are alike."""
        own: dict[float, float] = {}
        for (scheme, steps), error in zip(self.tests, found, strict=True):
            h, solver = round(self.settings.horizon / steps, 12), {"solver": scheme} if scheme else {}
            yield measured("error_at_2", error, "1", x=h, steps=steps, **solver)
            if scheme == self.settings.scheme:
                own[h] = error
        if own:
            yield measured("critical_step", critical_step(own), "s")


def critical_step(errors: Mapping[float, float]) -> float:
    """The largest tested step up to which every error is within a factor of two of the finest one's; 0 if none is.

    After Ott et al. (2021), "ResNet after all? Neural ODEs and their numerical solution". Too small an error ends it as
    well: that is the notch of a net that knows one step of its scheme only.

    Args:
        errors: error by step in seconds, one at least.
    """
    finest, *others = sorted(errors)
    alike = takewhile(lambda h: errors[finest] / 2 <= errors[h] <= 2 * errors[finest], others)
    return max(alike, default=0.0)
