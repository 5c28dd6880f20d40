"""Adaptive solving through torchdiffeq."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torchdiffeq import odeint, odeint_adjoint

from ctbench.solvers.counting import Counted


class _Module(nn.Module):
    """The adjoint method wants a module: it finds the parameters that need gradients by itself."""

    def __init__(self, field: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.field = field

    def forward(self, t: Tensor, y: Tensor) -> Tensor:
        return self.field(t, y)


def solve(
    field: Callable[[Tensor, Tensor], Tensor],
    y: Tensor,
    *,
    start: float = 0.0,
    end: float = 1.0,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    adjoint: tuple[Tensor, ...] | None = None,
    max_nfe: int | None = None,
) -> tuple[Tensor, int]:
    """y(end) of dy/dt = field(t, y) by Dormand-Prince 5(4) with step size control, and the evaluations it took.

    Args:
        field: takes time (scalar tensor) and state, gives the derivative.
        y: state at `start`, any shape.
        start: time at the beginning.
        end: time at the end.
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step.
        adjoint: parameters of the field, for gradients by the adjoint equation (memory flat in the number of steps);
            None back-propagates through the solver.
        max_nfe: evaluations allowed in the forward solve.

    Raises:
        TooManyEvaluationsError: past `max_nfe`.
    """
    counted = Counted(field, max_nfe)
    times = torch.tensor([start, end], dtype=y.dtype, device=y.device)
    if adjoint is None:
        path: Any = odeint(counted, y, times, rtol=rtol, atol=atol, method="dopri5")
    else:
        path = odeint_adjoint(_Module(counted), y, times, rtol=rtol, atol=atol, method="dopri5", adjoint_params=adjoint)
    return path[-1], counted.nfe
