"""Latent graph differential equations, ordinary and stochastic, that forecast from the last observations.

After the structure that is known of Poli, Massaroli et al. 2021 (Neural GDE): an encoder of the last M observations
gives mean and variance of the latent states of the nodes, a flow carries them on, a decoder reads them. Widths and
layers are this project's.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Generator, Tensor, nn
from torch.nn.functional import softplus

from ctbench.models._dense_graph import DenseLinear
from ctbench.models._forecast import Forecaster, Frame, normal
from ctbench.models._graph import stacked, zeros
from ctbench.solvers.stochastic import heun
from ctbench.spec.frozen import Frozen


class Mixing(nn.Module):
    """H W + A H U + b, A the mean over the nodes that act on a node, for every seed; H [seeds, batch, nodes, width]."""

    mean: Tensor | None

    def __init__(self, adjacency: Tensor, width_in: int, width_out: int, init: list[Generator]) -> None:
        super().__init__()
        connected = bool(adjacency.any())
        self.linear = DenseLinear(width_in * (1 + connected), width_out, init)
        mean = adjacency / adjacency.sum(1, keepdim=True).clamp(min=1)
        self.register_buffer("mean", mean if connected else None, persistent=False)

    def forward(self, h: Tensor) -> Tensor:
        return self.linear(h if self.mean is None else torch.cat([h, self.mean @ h], dim=-1))


class Perceptron(nn.Module):
    """Mixing, tanh, mixing."""

    def __init__(self, adjacency: Tensor, widths: tuple[int, int, int], init: list[Generator]) -> None:
        super().__init__()
        a, b, c = widths
        self.first, self.last = Mixing(adjacency, a, b, init), Mixing(adjacency, b, c, init)

    def forward(self, h: Tensor) -> Tensor:
        return self.last(torch.tanh(self.first(h)))


class LatentDynamics(Forecaster):
    """z(0) ~ N(mu, sigma^2) from the encoder, dz = f(z) dt + g(z) o dW; observed is C z(t) + c + s e, e ~ N(0, 1).

    Solved by Heun's method in the sense of Stratonovich. Without the graph it is the same model on one node that holds
    all genes: the latent Neural ODE.
    """

    class Options(Frozen):
        """`latent` and `hidden` count a node's columns; without the graph, those of the one node."""

        graph: bool = True
        stochastic: bool = False
        latent: int = Field(4, ge=1)
        hidden: int = Field(16, ge=1)
        substeps: int = Field(1, ge=1, description="Steps of the solver between two times of the forecast.")

    def __init__(self, options: Options, frame: Frame, init: list[Generator]) -> None:
        super().__init__(options, frame, init)
        self.options = options
        adjacency = frame.adjacency if options.graph else torch.zeros(1, 1)
        self.nodes = len(adjacency)
        values = frame.nodes // self.nodes
        latent, hidden = options.latent, options.hidden
        self.encoder = Perceptron(adjacency, ((values + 1) * frame.window, hidden, 2 * latent), init)
        self.field = Perceptron(adjacency, (latent, hidden, latent), init)
        self.diffusion = DenseLinear(latent, latent, init) if options.stochastic else None
        self.decoder = DenseLinear(latent, values, init)
        self.log_noise = stacked((1, 1, 1, frame.nodes), zeros, init)

    def forward(self, values: Tensor, times: Tensor, draws: int, noise: list[Generator]) -> Tensor:
        mean, log_sd = self.encoder(self.seen(values, times)).unsqueeze(1).chunk(2, dim=-1)
        sd = (log_sd - 1).clamp(max=3).exp()
        z = mean + sd * normal(noise, draws, *mean.shape[2:])
        path = torch.stack(self.solved(z.flatten(1, 2), noise)[self.options.substeps :: self.options.substeps], dim=2)
        read = self.decoder(path.flatten(2, 3)).unflatten(2, path.shape[2:4])
        observed = read.flatten(-2).unflatten(1, (draws, -1))
        return observed + (self.log_noise - 1).exp() * normal(noise, *observed.shape[1:])

    def seen(self, values: Tensor, times: Tensor) -> Tensor:
        """What the encoder reads: values and times of the window in the columns of each node."""
        by_node = values.mT if self.options.graph else values.flatten(2).unsqueeze(2)
        when = times.unsqueeze(2).expand(-1, -1, self.nodes, -1) / self.frame.step / self.frame.steps
        return torch.cat([by_node, when], dim=-1)

    def solved(self, z: Tensor, noise: list[Generator]) -> list[Tensor]:
        """Latent states [seeds, draws batch, nodes, latent] after every step of the solver."""
        step, steps = self.frame.step / self.options.substeps, self.frame.steps * self.options.substeps
        if self.diffusion is None:
            return heun(self.field, None, z, [z] * steps, step)
        layer, increments = self.diffusion, step**0.5 * normal(noise, steps, *z.shape[1:])
        return heun(self.field, lambda z: softplus(layer(z) - 2), z, increments.unbind(1), step)


MODEL = LatentDynamics
