"""How standard Xavier initialisation is: Lipschitz constants near random weights (Theorem 22; LRN-M8)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.func import grad, vmap

from ctbench.papers._exact import Check, ExactExperiment
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import entropy
from ctbench.training.task import Row, measured


class Settings(Frozen):
    """Nets of depth k and width m over k^2, and where their gradients are taken."""

    depths: tuple[int, ...] = Field((2, 3, 4), min_length=1)
    width: int = Field(32, ge=5, description="m, larger than k^2.")
    inputs: tuple[int, ...] = Field((1, 4, 16), min_length=1, description="d.")
    draws: int = Field(100, ge=1, description="Random initial weights of each shape.")
    points: int = Field(16, ge=2, description="Points of [0, 1]^d, the corner (1, ..., 1) among them.")

    @model_validator(mode="after")
    def _wide(self) -> Settings:
        if max(self.depths) ** 2 >= self.width or min(self.depths) < 2:
            raise ValueError("Theorem 22 is for depths of at least 2 whose square is below the width")
        return self


def network(weights: tuple[Tensor, ...], x: Tensor) -> Tensor:
    """g(x) = m^(-1/2) w_k tanh(m^(-1/2) W_{k-1} ... tanh(m^(-1/2) W_1 x)); weights N(0, 1) at the start."""
    *hidden, last = weights
    for w in hidden:
        x = torch.tanh(w @ x / len(w) ** 0.5)
    return last @ x / last.shape[0] ** 0.5


def gradients(weights: tuple[Tensor, ...], x: Tensor) -> Tensor:
    """grad_theta g at every draw and point: weights [draws, ...], x [points, d]; [draws, points, parameters]."""
    found = vmap(vmap(grad(network), (None, 0)), (0, None))(weights, x)
    return torch.cat([part.flatten(2) for part in found], 2)


def standardness(settings: Settings) -> Iterator[Row]:
    """Each constant of Definition 6 over 1.1 d: Lipschitz in theta on the ball of radius 1/k, and by coordinate in x.

    In theta it is the largest |grad_theta g| at the centre and at the ends of the ball along the gradient; in x the
    largest difference quotient of a coordinate of the gradient between points near and far; the size is its largest.
    """
    for k in settings.depths:
        for d in settings.inputs:
            rng, m = torch.Generator().manual_seed(entropy("init", 0, k, d)), settings.width
            shapes = [(m, d)] + [(m, m)] * (k - 2) + [(m,)]
            weights = tuple(torch.randn(settings.draws, *shape, generator=rng) for shape in shapes)
            x = torch.rand(settings.points, d, generator=rng)
            x[0] = 1
            near = torch.lerp(x, torch.rand(x.shape, generator=rng), 0.01)
            at, beside = gradients(weights, x), gradients(weights, near)
            steepest = at[torch.arange(settings.draws), at.norm(dim=2).argmax(1)]
            in_theta = at.norm(dim=2).amax(1)
            for sign in (1, -1):
                moved = shifted(weights, sign / k * steepest / steepest.norm(dim=1, keepdim=True))
                in_theta = torch.maximum(in_theta, gradients(moved, x).norm(dim=2).amax(1))
            slope = (at - beside).abs().amax(2) / (x - near).norm(dim=1)
            far = (at - at.roll(1, 1)).abs().amax(2) / (x - x.roll(1, 0)).norm(dim=1)
            in_x = torch.maximum(slope, far).amax(1)
            size = at.abs().amax((1, 2))
            bound = 1.1 * d
            found = {"theta": in_theta, "x": in_x, "size": size}
            standard = (torch.stack(list(found.values())) <= bound).all(0)
            yield measured(f"standard_share_depth{k}", standard.float().mean(), "1", x=d)
            yield measured(f"draws_depth{k}", settings.draws, "count", x=d)
            for name, values in found.items():
                yield measured(f"constant_in_{name}_over_bound_depth{k}", values.max() / bound, "ratio", x=d)


def shifted(weights: tuple[Tensor, ...], change: Tensor) -> tuple[Tensor, ...]:
    """The weights plus a change [draws, parameters]."""
    parts = change.split([w[0].numel() for w in weights], dim=1)
    return tuple(w + part.reshape(w.shape) for w, part in zip(weights, parts, strict=True))


class Initialisation(ExactExperiment):
    """Largest constants found; a larger one elsewhere in the ball is not excluded."""

    paper = "learnability"
    title = "Xavier initialisation"
    Settings = Settings
    objects: ClassVar = {"random_weights": {"xavier": {}}}
    sizes = ("draws", "points")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield lambda: standardness(settings)


EXPERIMENT = Initialisation()
