"""A matrix learned one step ahead from a trajectory of du/dt = A u, itself the step or the generator in a formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from ctbench.models._graph import stacked, uniform_by_input
from ctbench.training.one_step import OneStepAhead, OneStepSettings
from ctbench.training.task import Row, generators, measured

CHUNK = 100  # iterations in one step of the loop
SAMPLE = 10  # iterations between points of the loss curve

Formula = Callable[[Tensor, float], Tensor]
FormulaName = Literal["one_step", "forward_euler", "backward_euler", "trapezoid"]


def identity(L: Tensor) -> Tensor:
    """I of L's size."""
    return torch.eye(L.shape[-1], dtype=L.dtype, device=L.device)


def rk4(L: Tensor, dt: float) -> Tensor:
    """I + z + z^2/2 + z^3/6 + z^4/24 with z = dt L: what every RK4 of four stages does to a linear system."""
    one, z = identity(L), dt * L
    return one + z @ (one + z / 2 @ (one + z / 3 @ (one + z / 4)))


FORMULAS: Mapping[str, Formula] = {
    "one_step": lambda L, dt: L,
    "forward_euler": lambda L, dt: identity(L) + dt * L,
    "backward_euler": lambda L, dt: torch.linalg.inv(identity(L) - dt * L),
    "trapezoid": lambda L, dt: torch.linalg.solve(identity(L) - dt / 2 * L, identity(L) + dt / 2 * L),
    "rk4": rk4,
    "flow": lambda L, dt: torch.linalg.matrix_exp(dt * L),
}
"""The matrix M of the step u(t + dt) = M u(t), from the matrix L [..., d, d] and dt in seconds."""

INVERSES: Mapping[str, Formula] = {
    "forward_euler": lambda M, dt: (M - identity(M)) / dt,
    "backward_euler": lambda M, dt: (identity(M) - torch.linalg.inv(M)) / dt,
    "trapezoid": lambda M, dt: 2 / dt * torch.linalg.solve(M + identity(M), M - identity(M)),
}
"""The generator whose formula gives exactly the step M: what a fit to data with the flow M converges to."""


def gap(found: Tensor, expected: Tensor) -> Tensor:
    """Relative difference in the Frobenius norm, [...] from [..., d, d]."""
    return (found - expected).norm(dim=(-2, -1)) / expected.norm(dim=(-2, -1))


def least_squares(trajectory: Tensor) -> Tensor:
    """The matrix M [d, d] of least |u_{n+1} - M u_n|^2 over a trajectory [points, d] (dynamic mode decomposition)."""
    return torch.linalg.lstsq(trajectory[:-1], trajectory[1:]).solution.mT


class Settings(OneStepSettings):
    """One-step-ahead training of a matrix through formulas; the loss is the sum of their mean squared errors."""

    formulas: tuple[FormulaName, ...] = Field(min_length=1)
    dt: float = Field(gt=0, description="Seconds of a step in the formulas; the data's spacing if all is right.")
    points: int = Field(1000, ge=2, description="Points of the training trajectory.")
    iterations: int = Field(1000, ge=1)
    milestones: tuple[int, ...] = Field((), description="Iterations after which the learning rate drops.")
    decay: float = Field(0.3, gt=0, le=1, description="Factor of each drop.")


class LinearMap(OneStepAhead[Settings]):
    """A matrix [d, d] for each seed, compared with A, with the formulas' own steps of A, and with its closed form.

    Args:
        settings: how to train.
        trajectory: exact states at multiples of `spacing`, [points, d].
        generator: A, [d, d].
        seeds: the group.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self,
        settings: Settings,
        trajectory: np.ndarray,
        generator: np.ndarray,
        seeds: tuple[int, ...],
        device: str = "cpu",
    ) -> None:
        d = len(generator)
        network = nn.ParameterDict({"matrix": stacked((d, d), uniform_by_input(d), generators("init", seeds))})
        super().__init__(settings, network, trajectory, seeds, device, chunk=CHUNK, sample=SAMPLE)
        self.A = torch.from_numpy(generator).to(device)

    @property
    def matrix(self) -> Tensor:
        """The learned matrices, [seeds, d, d]."""
        return self.network.get_parameter("matrix")

    def losses(self, index: Tensor) -> Tensor:
        x, y = self.trajectory[index], self.trajectory[index + 1]
        steps = [FORMULAS[name](self.matrix, self.settings.dt) for name in self.settings.formulas]
        return torch.stack([(x @ M.mT - y).square().mean((1, 2)) for M in steps]).sum(0)

    def rate(self, iteration: int) -> float:
        drops = sum(milestone < iteration for milestone in self.settings.milestones)
        return self.settings.learning_rate * self.settings.decay**drops

    @torch.no_grad()
    def rows(self) -> list[list[Row]]:
        columns = [("training_loss", self.final_loss(), "1"), *((k, v, "relative") for k, v in self.errors().items())]
        if "one_step" not in self.settings.formulas:
            columns.append(("damping", self.matrix.diagonal(dim1=-2, dim2=-1).mean(-1), "1/s"))
        return [[measured(name, values[i], unit) for name, values, unit in columns] for i in range(len(self.seeds))]

    def errors(self) -> dict[str, Tensor]:
        """Relative errors of the learned matrices by name, each [seeds]."""
        L, A, dt, formulas = self.matrix, self.A, self.settings.dt, self.settings.formulas
        if "one_step" in formulas:
            steps = {name: FORMULAS[name](A, dt) for name in FORMULAS if name != "one_step"}
            steps["dmd"] = least_squares(self.trajectory)
            return {f"error_to_{name}": gap(L, step) for name, step in steps.items()}
        found = {"generator_error": gap(L, A)}
        if len(formulas) == 1:
            flow = FORMULAS["flow"](A, self.settings.spacing)
            found["closed_form_error"] = gap(L, INVERSES[formulas[0]](flow, dt))
        return found
