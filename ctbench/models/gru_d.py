"""A gated recurrent network whose memory decays over gaps, after GRU-D (Che et al. 2018), and its forecast."""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from ctbench.models._forecast import Forecaster, Frame, normal
from ctbench.models._graph import SeedLinear, stacked, uniform_by_input, zeros
from ctbench.spec.frozen import Frozen


class GRUD(Forecaster):
    """h decays by exp(-softplus(gamma) dt) over a gap dt, then a GRU takes the observation of all nodes and the gap.

    The forecast at time t reads mean and spread off the state decayed to t, and off t, through one hidden layer. The
    decay of missing inputs to their mean, which GRU-D also has, has no place here: an observation is one of all nodes.
    """

    class Options(Frozen):
        """`hidden` is the width of the state and of the layer that reads it."""

        hidden: int = Field(48, ge=1)

    def __init__(self, options: Options, frame: Frame, init: list[Generator]) -> None:
        super().__init__(options, frame, init)
        width, nodes = options.hidden, frame.nodes
        self.decay = stacked((1, width), zeros, init)
        self.gates = linear(nodes + 1 + width, 2 * width, init)
        self.candidate = linear(nodes + 1 + width, width, init)
        self.reader, self.head = linear(width + 1, width, init), linear(width, 2 * nodes, init)

    def forward(self, values: Tensor, times: Tensor, draws: int, noise: list[Generator]) -> Tensor:
        h = torch.zeros(*values.shape[:2], self.decay.shape[-1], device=values.device)
        gaps = torch.diff(times, dim=-1, prepend=times[..., :1])
        for x, gap in zip(values.unbind(2), gaps.unbind(2), strict=True):
            h = self.observed(self.decayed(h, gap), torch.cat([x, gap.unsqueeze(-1)], dim=-1))
        mean, log_sd = self.read(h, -times[..., -1]).chunk(2, dim=-1)
        size = (draws, *mean.shape[1:])
        return mean.unsqueeze(1) + (log_sd - 1).clamp(max=3).exp().unsqueeze(1) * normal(noise, *size)

    def decayed(self, h: Tensor, gap: Tensor) -> Tensor:
        """The state after a gap [seeds, batch]."""
        return h * torch.exp(-softplus(self.decay) * gap.unsqueeze(-1))

    def observed(self, h: Tensor, x: Tensor) -> Tensor:
        """The state after an observation."""
        update, reset = torch.sigmoid(self.gates(torch.cat([x, h], dim=-1))).chunk(2, dim=-1)
        return update * h + (1 - update) * torch.tanh(self.candidate(torch.cat([x, reset * h], dim=-1)))

    def read(self, h: Tensor, since: Tensor) -> Tensor:
        """Mean and log spread at every time of the forecast, [seeds, batch, steps, 2 nodes]."""
        ahead = self.frame.step * torch.arange(1, self.frame.steps + 1, device=h.device)
        gaps = since.unsqueeze(-1) + ahead
        states = h.unsqueeze(2) * torch.exp(-softplus(self.decay).unsqueeze(2) * gaps.unsqueeze(-1))
        seen = torch.cat([states, gaps.unsqueeze(-1) / (self.frame.step * self.frame.steps)], dim=-1).flatten(1, 2)
        return self.head(torch.tanh(self.reader(seen))).unflatten(1, gaps.shape[1:])


def linear(width_in: int, width_out: int, init: list[Generator]) -> nn.Module:
    """A layer for every seed, initialised as torch does."""
    law = uniform_by_input(width_in)
    return SeedLinear(width_in, width_out, init, law, law)


MODEL = GRUD
