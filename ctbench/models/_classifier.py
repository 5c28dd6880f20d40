"""A dense classifier with hyperbolic tangents, many seeds in one module."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Generator, Tensor, nn

from ctbench.models._graph import stacked, zeros


class Dense(nn.Module):
    """Logits W_L tanh(... tanh(W_1 x + b_1)) + b_L of inputs [batch, width] or [seeds, batch, width].

    Weights are N(0, scale^2 / inputs), biases zero.

    Args:
        widths: inputs, hidden layers, outputs.
        init: a generator for each seed.
        scale: of the weights; 1 keeps the variance from layer to layer.
        bias: whether layers have one.
    """

    def __init__(self, widths: tuple[int, ...], init: list[Generator], scale: float = 1.0, bias: bool = True) -> None:
        super().__init__()
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for a, b in pairwise(widths):

            def normal(shape: tuple[int, ...], generator: Generator, size: float = scale * a**-0.5) -> Tensor:
                return torch.empty(shape, dtype=torch.float64).normal_(0, size, generator=generator)

            self.weights.append(stacked((a, b), normal, init))
            if bias:
                self.biases.append(stacked((1, b), zeros, init))

    def forward(self, x: Tensor) -> Tensor:
        """Logits [seeds, batch, classes]."""
        x = x.expand(len(self.weights[0]), *x.shape[-2:])
        for layer, weight in enumerate(self.weights):
            x = torch.tanh(x) if layer else x
            x = torch.baddbmm(self.biases[layer], x, weight) if len(self.biases) else torch.bmm(x, weight)
        return x
