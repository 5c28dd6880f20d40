"""Hybrid solving: a state flows between events and jumps at them, each element of a batch at times of its own.

    dy/dt = field(t, y) between events,    y(t_k+) = jump(k, y(t_k-)).

Each gap g from t_k to t_{k+1} is mapped to s in [0, 1], where dy/ds = g field(t_k + s g, y): one solve serves the whole
batch however its gaps differ, and gradients reach the times as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ctbench.solvers._tableau import Tableau
from ctbench.solvers.adaptive import solve
from ctbench.solvers.fixed import integrate
from ctbench.spec.errors import UserError

Field = Callable[[Tensor, Tensor], Tensor]
"""Takes times [*batch] and states [*batch, ...], gives the derivative of the states."""
Jump = Callable[[int, Tensor], Tensor]
"""Takes the number of the event and the states before it, gives the states after it."""
Flow = Callable[[Field, Tensor, Tensor, Tensor], Tensor]
"""Takes the field, states [*batch, ...], times [*batch] at the start and at the end; gives the states at the end."""


@dataclass(frozen=True)
class FixedSteps:
    """A flow in `steps` equal steps of a scheme from each element's start to its end."""

    scheme: Tableau
    steps: int = 1

    def __call__(self, field: Field, y: Tensor, start: Tensor, end: Tensor) -> Tensor:
        slope = rescaled(field, y, start, end)
        return integrate(lambda stage, z: slope(stage.time, z), y, self.scheme, steps=self.steps)


@dataclass(frozen=True)
class Dopri5:
    """A flow by torchdiffeq's dopri5, whose steps are those that the error norm over the whole batch asks for.

    Raises TooManyEvaluationsError past `max_nfe` evaluations of the field in one flow.
    """

    rtol: float = 1e-7
    atol: float = 1e-9
    max_nfe: int | None = None

    def __call__(self, field: Field, y: Tensor, start: Tensor, end: Tensor) -> Tensor:
        slope = rescaled(field, y, start, end)
        return solve(slope, y, rtol=self.rtol, atol=self.atol, max_nfe=self.max_nfe)[0]


def rescaled(field: Field, y: Tensor, start: Tensor, end: Tensor) -> Callable[[Tensor | float, Tensor], Tensor]:
    """The field on [0, 1], a unit that every element of the batch spends between its own `start` and `end`."""
    gap = end - start
    factor = gap.reshape(*gap.shape, *[1] * (y.dim() - gap.dim()))
    return lambda s, z: factor * field(start + s * gap, z)


def hybrid(field: Field, jump: Jump, y: Tensor, times: Tensor, flow: Flow) -> Tensor:
    """The states just before the events 1 to K: jump at event k, then flow to event k + 1, for k from 0 to K - 1.

    Args:
        field: derivative between events.
        jump: what an event does; there is none at the last time.
        y: states just before event 0, [*batch, ...].
        times: of the events 0 to K, increasing along the last axis, [*batch, K + 1]; an axis of the batch may be one
            where all its elements share their times.
        flow: `FixedSteps` or `Dopri5`.

    Returns:
        [K, *batch, ...].

    Raises:
        UserError: if the times do not increase, are not finite, are fewer than two, or are for another batch.
    """
    check_times(times)
    if len(batch := times.shape[:-1]) > y.dim() or any(b not in (1, n) for b, n in zip(batch, y.shape, strict=False)):
        raise UserError(f"times: found a batch {list(batch)}, expected that of the states {list(y.shape)}.")
    before = []
    for k in range(times.shape[-1] - 1):
        y = flow(field, jump(k, y), times[..., k], times[..., k + 1])
        before.append(y)
    return torch.stack(before)


def check_times(times: Tensor) -> None:
    """Raises UserError unless there are at least two times along the last axis, all finite and increasing."""
    if times.dim() == 0 or times.shape[-1] < 2:
        raise UserError(f"times: found shape {list(times.shape)}, expected at least two along the last axis.")
    if not bool(torch.isfinite(times).all()):
        raise UserError("times: found one that is not finite.")
    gaps = times.diff(dim=-1)
    if bool((gaps > 0).all()):
        return
    *_, place = torch.nonzero(gaps <= 0)[0].tolist()
    earlier, later = times[..., place][gaps[..., place] <= 0][0], times[..., place + 1][gaps[..., place] <= 0][0]
    what = "repeated" if earlier == later else "out of order"
    raise UserError(f"times: found {later:g} after {earlier:g}, {what}; expected each later than the one before.")
