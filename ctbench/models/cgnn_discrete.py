"""CGNN discrete: the propagation that the linear ODE is the continuous counterpart of (Xhonneux, Qu, Tang 2020)."""

from __future__ import annotations

from torch import Tensor

from ctbench.models._cgnn import Diffusion


class CGNNDiscrete(Diffusion):
    """H_{n+1} = A H_n + E from H_0 = E, round(end_time) steps, so that H_n = (sum_{i <= n} A^i) E.

    With the released operator, A = I + diag(alpha)/2 (N_c - I); the authors released no discrete model, so this is the
    one whose A - I is theirs.
    """

    options: Diffusion.Options

    def flow(self, e: Tensor) -> Tensor:
        h, source, rate = e, self.source(e), self.rate
        for _ in range(round(self.options.end_time)):
            h = h + self.diffuse(rate, h) + source
        return h


MODEL = CGNNDiscrete
