"""WCGNN: CGNN whose channels interact through a symmetric weight matrix (Xhonneux, Qu, Tang 2020)."""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from ctbench.models._cgnn import Diffusion
from ctbench.models._graph import solve_each
from ctbench.models._sparse import Graph
from ctbench.solvers.exponential import linear_flow

BETA = 0.5


class WCGNN(Diffusion):
    """dH/dt = (A - I) H + H (W - I) + E, W = U diag(M) U' with M clipped to [0, 1], from U = I and M = 1.

    After each step of the optimiser U <- (1 + beta) U - beta U U'U with beta = 0.5, which takes every singular value
    from (0, 2] to (0, 1] or its mirror image, 1 being the attracting one: W keeps its spectrum in [0, 1].
    """

    class Options(Diffusion.Options):
        """`method` solves the flow: `exponential` (Chebyshev, relative error `tolerance`) or `dopri5`.

        `dopri5` has the tolerances of the released code, rtol 1e-7 and atol 1e-9, and a step size for each seed.
        """

        method: Literal["exponential", "dopri5"] = "exponential"
        tolerance: float = Field(1e-6, gt=0, lt=1)

    options: Options

    def __init__(self, options: Options, graph: Graph, init: list[Generator]) -> None:
        super().__init__(options, graph, init)
        width = options.hidden + options.augment
        self.U = nn.Parameter(torch.eye(width).repeat(len(init), 1, 1))
        self.M = nn.Parameter(torch.ones(len(init), 1, width))

    @property
    def mixing(self) -> Tensor:
        """W - I of every seed, [seeds, width, width]."""
        W = torch.bmm(self.U * self.M.clamp(0, 1), self.U.mT)
        return W - torch.eye(W.shape[-1], dtype=W.dtype, device=W.device)

    @torch.no_grad()
    def after_step(self) -> None:
        self.U.copy_((1 + BETA) * self.U - BETA * self.U @ self.U.mT @ self.U)

    def flow(self, e: Tensor) -> Tensor:
        source, rate, mixing = self.source(e), self.rate, self.mixing
        time, tolerance = self.options.end_time, self.options.tolerance
        if self.options.method == "exponential":
            return linear_flow(self.mix, (rate, mixing), e, source, low=-2, high=0, time=time, tolerance=tolerance)

        def field(seed: int, h: Tensor, rate: Tensor, mixing: Tensor, source: Tensor) -> Tensor:
            return self.mix(h, rate, mixing) + source

        h, self.nfe = solve_each(field, e, (rate, mixing, source), end=time)
        return h

    def mix(self, h: Tensor, rate: Tensor, mixing: Tensor) -> Tensor:
        """(A - I) H + H (W - I), [seeds, nodes, width]."""
        return torch.baddbmm(self.diffuse(rate, h), h, mixing)


MODEL = WCGNN
