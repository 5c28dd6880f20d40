"""Convolutions on small graphs that may change with time: dense operators, states [seeds, batch, nodes, width]."""

from __future__ import annotations

import torch
from torch import Generator, Tensor, nn

from ctbench.models._graph import Init, SeedLinear, uniform_by_output


def neighbours(positions: Tensor, radius: float) -> Tensor:
    """Which nodes are at most `radius` apart, not themselves: bool [..., nodes, nodes] from [..., nodes, space]."""
    apart = (positions.unsqueeze(-2) - positions.unsqueeze(-3)).square().sum(-1)
    itself = torch.eye(positions.shape[-2], dtype=torch.bool, device=positions.device)
    return (apart <= radius**2) & ~itself


def normalised(adjacency: Tensor) -> Tensor:
    """D^{-1/2} (A + I) D^{-1/2}, D the row sums of A + I, for [..., nodes, nodes] (Kipf and Welling 2017)."""
    looped = adjacency + torch.eye(adjacency.shape[-1], dtype=adjacency.dtype, device=adjacency.device)
    scale = looped.sum(-1).rsqrt()
    return scale.unsqueeze(-1) * looped * scale.unsqueeze(-2)


class DenseLinear(nn.Module):
    """H W_s + b_s for every seed s on states [seeds, batch, nodes, width]."""

    def __init__(self, width_in: int, width_out: int, init: list[Generator], law: Init = uniform_by_output) -> None:
        super().__init__()
        self.linear = SeedLinear(width_in, width_out, init, law, law)

    def forward(self, h: Tensor) -> Tensor:
        return self.linear(h.flatten(1, -2)).unflatten(1, h.shape[1:-1])
