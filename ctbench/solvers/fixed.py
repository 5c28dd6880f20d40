"""One fixed-step loop for every explicit Runge-Kutta scheme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from ctbench.solvers._tableau import Row, Tableau


@dataclass(frozen=True)
class Stage:
    """Where in depth a field is evaluated: stage time (step + c) / steps of the unit interval, kept exact.

    `start` and `length` map it to the time of the equation.
    """

    step: int
    steps: int
    c: Fraction
    start: float = 0.0
    length: float = 1.0

    @property
    def time(self) -> float:
        return self.start + self.length * float((self.step + self.c) / self.steps)

    def interval(self, intervals: int) -> int:
        """Which of `intervals` equal pieces of depth holds this stage, in exact arithmetic.

        Pieces are closed on the left. A stage at the end of its step belongs to the piece that the step comes from,
        so that a step never sees parameters of the piece after it (ContinuousNet, "open set" rule). In the authors'
        drawing of one 3/8-rule step over three pieces the stage at 2/3 has the piece on its left; here, on its right.
        """
        position = (self.step + self.c) * intervals / self.steps
        inside = position.denominator != 1 or self.c != 1
        return min(int(position) if inside else int(position) - 1, intervals - 1)

    def interval_as_released(self, intervals: int) -> int:
        """The same as the authors' code finds it, by times in float32, which lose the nudge of 1e-15 into the piece.

        A stage at the end of its step sees the parameters of the piece after it, and rounding moves some stages to the
        piece before.
        """
        times = torch.linspace(0, 1, self.steps + 1)
        start, end = times[self.step], times[self.step + 1]
        time = end if self.c == 1 else start + (end - start) * float(self.c)
        return min(int(time * intervals), intervals - 1)


Field = Callable[[Stage, Tensor], Tensor]


def integrate(field: Field, y: Tensor, scheme: Tableau, *, steps: int, start: float = 0.0, end: float = 1.0) -> Tensor:
    """y(end) of dy/dt = field(stage, y) from y(start) = y, in `steps` equal steps of an explicit scheme.

    Args:
        field: takes the stage and a state, gives the derivative, both of y's shape.
        y: state, any shape.
        scheme: the tableau.
        steps: number of steps, at least 1.
        start: time at the beginning.
        end: time at the end.

    Raises:
        ValueError: if steps < 1.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, found {steps}")
    h = (end - start) / steps
    for step in range(steps):
        slopes: list[Tensor] = []
        for a, c in zip(scheme.a, scheme.c, strict=True):
            stage = Stage(step, steps, c, start, end - start)
            slopes.append(field(stage, combine(y, h, a, slopes)))
        y = combine(y, h, scheme.b, slopes)
    return y


def combine(y: Tensor, h: float, weights: Row, slopes: list[Tensor]) -> Tensor:
    """y + h sum_i weights_i slopes_i, without the terms of weight zero."""
    for weight, slope in zip(weights, slopes, strict=True):
        if weight:
            y = y.add(slope, alpha=h * float(weight))
    return y
