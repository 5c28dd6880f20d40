"""CGNN: a graph network as a linear ODE (Xhonneux, Qu, Tang 2020)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from torch import Tensor

from ctbench.models._cgnn import Diffusion
from ctbench.models._graph import solve_each
from ctbench.solvers.exponential import diffusion_flow


class CGNN(Diffusion):
    """dH/dt = (A - I) H + E. The channels do not mix, so that augmented ones stay exactly zero."""

    class Options(Diffusion.Options):
        """`method` solves the flow: `exponential` (Chebyshev, relative error `tolerance`) or `dopri5`.

        `adjoint` is dopri5 with gradients by the adjoint equation. Both have the tolerances of the released code,
        rtol 1e-7 and atol 1e-9, and a step size for each seed.
        """

        method: Literal["exponential", "dopri5", "adjoint"] = "exponential"
        tolerance: float = Field(1e-6, gt=0, lt=1)

    options: Options

    def flow(self, e: Tensor) -> Tensor:
        source, rate = self.source(e), self.rate
        if self.options.method == "exponential":
            by_node = [x.transpose(0, 1).contiguous() for x in (rate, e, source)]
            tolerance, time = self.options.tolerance, self.options.end_time
            h = diffusion_flow(self.matrix, *by_node, shift=self.shift, time=time, tolerance=tolerance)
            return h.transpose(0, 1)

        def field(seed: int, h: Tensor, rate: Tensor, source: Tensor) -> Tensor:
            return self.diffuse(rate, h) + source

        adjoint = self.options.method == "adjoint"
        h, self.nfe = solve_each(field, e, (rate, source), end=self.options.end_time, adjoint=adjoint)
        return h


MODEL = CGNN
