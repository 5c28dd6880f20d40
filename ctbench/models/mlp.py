"""A multilayer perceptron as a vector field, many seeds in one module."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

import torch
from pydantic import Field
from torch import Generator, Tensor, nn

from ctbench.models._graph import stacked, uniform_by_input, zeros
from ctbench.spec.frozen import Frozen


class MLP(nn.Module):
    """f(x) = W_L tanh(... tanh(W_1 x + b_1)) + b_L on states [seeds, batch, dimension]."""

    class Options(Frozen):
        """`init`: `xavier` normal with zero bias, or `torch`, the library's own for linear layers."""

        hidden: tuple[int, ...] = Field((50,), min_length=1)
        init: Literal["xavier", "torch"] = "torch"

    def __init__(self, options: Options, dimension: int, init: list[Generator]) -> None:
        super().__init__()
        widths = [dimension, *options.hidden, dimension]
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for a, b in pairwise(widths):
            weight, bias = (_xavier_normal, zeros) if options.init == "xavier" else (uniform_by_input(a),) * 2
            self.weights.append(stacked((a, b), weight, init))
            self.biases.append(stacked((1, b), bias, init))

    def forward(self, x: Tensor) -> Tensor:
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = torch.baddbmm(bias, x, weight)
            x = x if layer == last else torch.tanh(x)
        return x


def _xavier_normal(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """N(0, 2 / (in + out)) (Glorot and Bengio 2010)."""
    return torch.empty(shape).normal_(0, (2 / sum(shape)) ** 0.5, generator=generator)


MODEL = MLP
