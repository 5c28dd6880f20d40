"""Fully connected nets with one output, many seeds in one module."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from ctbench.models._graph import Init, stacked

Activation = Literal["relu", "tanh"]
GAIN: dict[Activation, float] = {"relu": 2**0.5, "tanh": 1.0}
BIAS = 0.1


class Dense(nn.Module):
    """x [seeds or 1, batch, inputs] -> [seeds, batch]: N(0, gain^2/in) weights, N(0, 0.1^2) biases, linear output.

    Args:
        widths: inputs, then the hidden layers.
        activation: `relu` (gain sqrt 2) or `tanh` (gain 1).
        init: a generator for each seed.
    """

    def __init__(self, widths: tuple[int, ...], activation: Activation, init: list[Generator]) -> None:
        super().__init__()
        self.activation, gain = getattr(torch, activation), GAIN[activation]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for a, b in pairwise([*widths, 1]):
            self.weights.append(stacked((a, b), normal(gain / a**0.5), init))
            self.biases.append(stacked((1, b), normal(BIAS), init))

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(len(self.biases[0]), -1, -1)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            x = x if layer == last else self.activation(x)
        return x[..., 0]

    @torch.no_grad()
    def tame(self, x: Tensor, most: float = 0.99) -> None:
        """Scale the output of a seed that exceeds `most` at one of x [batch, inputs], so that it does not."""
        largest = self(x[None]).abs().amax(-1)
        scale = (most / largest).clamp(max=1)[:, None, None]
        self.weights[-1].mul_(scale)
        self.biases[-1].mul_(scale)


def normal(sd: float) -> Init:
    """N(0, sd^2)."""

    def init(shape: tuple[int, ...], generator: Generator) -> Tensor:
        return torch.empty(shape).normal_(0, sd, generator=generator)

    return init
