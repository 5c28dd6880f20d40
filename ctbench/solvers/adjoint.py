"""Gradients by the adjoint equation: memory flat in the number of steps, at the price of a gradient that is not the
discrete network's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ctbench.solvers._tableau import Tableau
from ctbench.solvers.fixed import Field, Stage, integrate


@dataclass(frozen=True)
class Mirrored(Stage):
    """A stage of a solve that runs backwards: s = 1 - t."""

    @property
    def time(self) -> float:
        return 2 * self.start + self.length - super().time

    def interval(self, intervals: int) -> int:
        return intervals - 1 - super().interval(intervals)

    def interval_as_released(self, intervals: int) -> int:
        return intervals - 1 - super().interval_as_released(intervals)


def integrate_adjoint(field: Field, y: Tensor, scheme: Tableau, *, steps: int, parameters: list[Tensor]) -> Tensor:
    """y(1) as `integrate` gives it on [0, 1]; its gradient solves the adjoint equation by the same scheme and steps.

    With loss L, a(t) = dL/dy(t) and g the gradient of the parameters theta (Chen et al. 2018, eq. 4 and 5),

        dy/dt = f,    da/dt = -a df/dy,    dg/dt = -a df/dtheta,    g(1) = 0,

    are solved together from t = 1 to t = 0.

    Args:
        field: as for `integrate`.
        y: state at 0, any shape.
        scheme: the tableau.
        steps: number of steps, at least 1.
        parameters: all tensors that `field` depends on and that need gradients.
    """
    return _Adjoint.apply(field, scheme, steps, y, *parameters)  # pyright: ignore[reportReturnType]


class _Adjoint(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, field: Field, scheme: Tableau, steps: int, y: Tensor, *parameters: Tensor) -> Tensor:
        ctx.field, ctx.scheme, ctx.steps = field, scheme, steps
        end = integrate(field, y, scheme, steps=steps)
        ctx.save_for_backward(end, *parameters)
        return end

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        end, *parameters = ctx.saved_tensors
        pack, unpack = packing([end, gradients[0], *parameters])

        def backwards(stage: Stage, packed: Tensor) -> Tensor:
            y, a, *_ = unpack(packed)
            y = y.detach().requires_grad_()
            with torch.enable_grad():
                slope = ctx.field(Mirrored(**vars(stage)), y)
                products = torch.autograd.grad(slope, [y, *parameters], a, allow_unused=True)
            a_y, *a_theta = (
                torch.zeros_like(x) if g is None else g for x, g in zip([y, *parameters], products, strict=True)
            )
            return pack([-slope.detach(), a_y, *a_theta])

        begin = pack([end, gradients[0], *(torch.zeros_like(p) for p in parameters)])
        _, a, *g = unpack(integrate(backwards, begin, ctx.scheme, steps=ctx.steps))
        return None, None, None, a, *g


def packing(like: list[Tensor]) -> tuple[Callable[[list[Tensor]], Tensor], Callable[[Tensor], list[Tensor]]]:
    """Functions from tensors of these shapes to one vector and back."""
    sizes = [x.numel() for x in like]

    def pack(tensors: list[Tensor]) -> Tensor:
        return torch.cat([x.reshape(-1) for x in tensors])

    def unpack(packed: Tensor) -> list[Tensor]:
        return [part.view(x.shape) for part, x in zip(packed.split(sizes), like, strict=True)]

    return pack, unpack
