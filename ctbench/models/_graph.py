"""What all graph models share: seeds stacked in one module, and layers that work on stacked states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from functools import partial
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from ctbench.models._sparse import Graph, SparseFeatures, csr, factors, normalised
from ctbench.solvers.adaptive import solve
from ctbench.spec.frozen import Frozen

Init = Callable[[tuple[int, ...], Generator], Tensor]


class GraphModel(nn.Module, ABC):
    """Node classification with all seeds of a group in one module; every parameter has a leading seed axis.

    Subclasses set `Options` and build their parameters in `__init__`, drawing each seed's from its own generator.
    """

    Options: ClassVar[type[Frozen]]
    nfe: list[int]
    """Evaluations of the field in the last forward pass, one number for each seed; empty where there is no field."""

    @abstractmethod
    def __init__(self, options: Frozen, graph: Graph, init: list[Generator]) -> None:
        super().__init__()
        self.nfe = []

    @abstractmethod
    def forward(self, dropout: list[Generator] | None) -> Tensor:
        """Logits [seeds, nodes, classes]. `dropout` has a generator for each seed in training, None in evaluation."""

    def after_step(self) -> None:
        """Called after each step of the optimiser: constraints on the parameters go here."""
        return


def glorot(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform on +-sqrt(6 / (in + out)) (Glorot and Bengio 2010)."""
    bound = (6 / (shape[-2] + shape[-1])) ** 0.5
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)


def uniform_by_output(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """Uniform on +-1/sqrt(out), as the Neural GDE authors' layers are initialised."""
    bound = shape[-1] ** -0.5
    return torch.empty(shape).uniform_(-bound, bound, generator=generator)


def uniform_by_input(fan_in: int) -> Init:
    """Uniform on +-1/sqrt(fan_in): what a torch linear layer with `fan_in` inputs does to weight and bias."""

    def init(shape: tuple[int, ...], generator: Generator) -> Tensor:
        return torch.empty(shape).uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)

    return init


def zeros(shape: tuple[int, ...], generator: Generator) -> Tensor:
    """All zero."""
    return torch.zeros(shape)


def stacked(shape: tuple[int, ...], init: Init, generators: list[Generator]) -> nn.Parameter:
    """A parameter [seeds, *shape], each seed drawn from its own generator."""
    return nn.Parameter(torch.stack([init(shape, g) for g in generators]))


class SeedLinear(nn.Module):
    """h W_s + b_s for every seed s, on stacked states [seeds, nodes, width]."""

    def __init__(
        self, width_in: int, width_out: int, generators: list[Generator], weight: Init = glorot, bias: Init = zeros
    ) -> None:
        super().__init__()
        self.weight = stacked((width_in, width_out), weight, generators)
        self.bias = stacked((1, width_out), bias, generators)

    def product(self, states: Tensor) -> Tensor:
        """h W_s without the bias."""
        return torch.bmm(states, self.weight)

    def forward(self, states: Tensor) -> Tensor:
        return torch.baddbmm(self.bias, states, self.weight)


class FeatureLinear(nn.Module):
    """X W_s + b_s for every seed s on sparse node features, with dropout of their stored entries."""

    def __init__(
        self, graph: Graph, width_out: int, generators: list[Generator], weight: Init = glorot, bias: Init = zeros
    ) -> None:
        super().__init__()
        self.weight = stacked((graph.width, width_out), weight, generators)
        self.bias = stacked((1, width_out), bias, generators)
        self.features = SparseFeatures(graph.features)

    def product(self, rate: float, dropout: list[Generator] | None) -> Tensor:
        """X W_s without the bias, [seeds, nodes, width]; stored entries of X are dropped at `rate` in training."""
        return self.features.times(self.weight, rate, dropout)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> FeatureLinear:
        super()._apply(fn, recurse)
        self.features.to(str(fn(torch.empty(0)).device))
        return self


def dropped(states: Tensor, rate: float, dropout: list[Generator] | None) -> Tensor:
    """Dropout on [seeds, nodes, width], each seed's mask from its own generator."""
    if dropout is None or rate == 0:
        return states
    masks = [factors(tuple(states.shape[1:]), rate, g) for g in dropout]
    return states * torch.stack(masks)


def solve_each(
    field: Callable[..., Tensor],
    states: Tensor,
    parameters: Iterable[Tensor],
    *,
    end: float,
    rtol: float = 1e-7,
    atol: float = 1e-9,
    adjoint: bool = False,
) -> tuple[Tensor, list[int]]:
    """The states of all seeds at `end` by dopri5, one seed after another, so that each has its own step sizes.

    Args:
        field: takes the seed's position, its state [1, nodes, width] and its slice of each parameter.
        states: at time 0, [seeds, nodes, width].
        parameters: tensors that the field depends on, each [seeds, ...].
        end: time at the end.
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step.
        adjoint: gradients by the adjoint equation instead of back-propagation through the solver.

    Returns:
        The states, NaN for a seed that diverged, and the evaluations that each seed took.
    """
    found, nfe = [], []
    for seed, (h, *theta) in enumerate(zip(*(x.split(1) for x in (states, *parameters)), strict=True)):
        one = partial(_at_seed, field, seed, tuple(theta))
        try:
            h, taken = solve(one, h, end=end, rtol=rtol, atol=atol, adjoint=tuple(theta) if adjoint else None)
        except AssertionError:  # how torchdiffeq says that a state or a step is no longer a number
            h, taken = h * torch.nan, 0
        found.append(h)
        nfe.append(taken)
    return torch.cat(found), nfe


def _at_seed(field: Callable[..., Tensor], seed: int, theta: tuple[Tensor, ...], t: Tensor, h: Tensor) -> Tensor:
    return field(seed, h, *theta)


def operator(graph: Graph, self_loop: float) -> Tensor:
    """The normalised adjacency as a torch CSR tensor."""
    return csr(normalised(graph.adjacency, self_loop))
