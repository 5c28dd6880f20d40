"""GCDE-GRU: between readings the states flow by a graph ODE, at a reading they jump by GCGRU (Neural GDE, eq. 8, 9)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, tanh
from torch.func import functional_call

from ctbench.models._graph import SeedLinear, uniform_by_output
from ctbench.models.gcgru import GCGRU
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.hybrid import Dopri5, FixedSteps, Flow, hybrid


class GCDEGRU(GCGRU):
    """dH/dt = L tanh(L H W_1 + b_1) W_2 + b_2 over the real gap."""

    class Options(GCGRU.Options):
        """`method` is `dopri5` (`rtol`, `atol`), as in the paper, a step size for each seed, or `fixed`: `steps` of
        `scheme` between two readings."""

        method: Literal["fixed", "dopri5"] = "dopri5"
        scheme: SchemeName = "rk4_38"
        steps: int = Field(1, ge=1)
        rtol: float = Field(1e-4, gt=0)
        atol: float = Field(1e-3, gt=0)

    def __init__(self, options: Options, operator: Tensor, init: list[Generator]) -> None:
        super().__init__(options, operator, init)
        width = options.hidden
        self.first = SeedLinear(width, width, init, uniform_by_output, uniform_by_output)
        self.second = SeedLinear(width, width, init, uniform_by_output, uniform_by_output)
        self.flow: Flow = (
            Dopri5(options.rtol, options.atol)
            if options.method == "dopri5"
            else FixedSteps(SCHEMES[options.scheme], options.steps)
        )

    def forward(self, x: Tensor, times: Tensor) -> Tensor:
        if isinstance(self.flow, Dopri5) and len(x) > 1:
            return torch.cat([self.alone(seed, x, times) for seed in range(len(x))])
        return self.read(hybrid(self.field, self.jump(x), self.start(x), times[:, None], self.flow)[-1])

    def field(self, t: Tensor, h: Tensor) -> Tensor:
        """F(H), [seeds, nodes, batch, hidden]; it does not depend on time."""
        inner = tanh(self.first(self.mix(h).flatten(1, 2))).view_as(h)
        return self.second(self.mix(inner).flatten(1, 2)).view_as(h)

    def alone(self, seed: int, x: Tensor, times: Tensor) -> Tensor:
        """The prediction of one seed, whose step sizes the others do not change."""
        place = slice(seed, seed + 1)
        weights = {name: weight[place] for name, weight in self.named_parameters()}
        return functional_call(self, weights, (x[place], times[place]))


MODEL = GCDEGRU
