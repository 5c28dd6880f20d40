"""What all image models share: stem, residual units and head, the authors' initialisation, other schemes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

import torch
from torch import Generator, Tensor, nn

from ctbench.solvers import SCHEMES
from ctbench.solvers.fixed import integrate
from ctbench.spec.frozen import Frozen

Activation = Literal["post", "pre"]


class ImageModel(nn.Module, ABC):
    """Image classification: [batch, channels, height, width] to logits [batch, classes]; one seed a module."""

    Options: ClassVar[type[Frozen]]

    @abstractmethod
    def __init__(self, options: Frozen, channels: int, classes: int) -> None:
        super().__init__()

    @abstractmethod
    def forward(self, images: Tensor) -> Tensor:
        """Logits [batch, classes]."""

    @property
    @abstractmethod
    def manifestation(self) -> tuple[str, int]:
        """The scheme that moves states through depth, and its steps: in a block of units, or in each residual unit."""

    @abstractmethod
    def manifest(self, scheme: str, steps: int) -> None:
        """Integrate with this scheme and number of steps; weights and statistics stay as they are.

        Raises UserError on an unknown scheme and ValueError if steps < 1.
        """

    @property
    def time_dependent(self) -> list[nn.Module]:
        """Parts whose parameters depend on depth-time; their convolutions start with zero bias."""
        return []

    @torch.no_grad()
    def initialise(self, generator: Generator) -> None:
        """Convolutions N(0, 2 / (k^2 out)); linear weights and all other biases uniform on +-1/sqrt(fan_in)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                fan_in, fan_out = module.weight[0].numel(), module.weight[:, 0].numel()
                module.weight.normal_(0, (2 / fan_out) ** 0.5, generator=generator)
            elif isinstance(module, nn.Linear):
                fan_in = module.in_features
                module.weight.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)
            else:
                continue
            if module.bias is not None:
                module.bias.uniform_(-(fan_in**-0.5), fan_in**-0.5, generator=generator)
        for part in self.time_dependent:
            for module in part.modules():
                if isinstance(module, nn.Conv2d) and module.bias is not None:
                    module.bias.zero_()


class ResidualBlock(nn.Module):
    """shortcut(x) + R(x); where the shortcut is the identity, any scheme may integrate dx/dt = R(x) over [0, 1].

    One Euler step is the residual network as it is trained.
    """

    def __init__(self, residual: nn.Module, shortcut: nn.Module | None) -> None:
        super().__init__()
        self.residual, self.shortcut = residual, shortcut
        self.scheme, self.steps = "euler", 1

    def forward(self, x: Tensor) -> Tensor:
        if self.shortcut is not None:
            return self.shortcut(x) + self.residual(x)
        return integrate(lambda _, y: self.residual(y), x, SCHEMES[self.scheme], steps=self.steps)


class ResidualModel(ImageModel):
    """A net of residual blocks; `manifest` gives each block with an identity shortcut a scheme and steps of its own."""

    @property
    def manifestation(self) -> tuple[str, int]:
        block = self._blocks()[0]
        return block.scheme, block.steps

    def manifest(self, scheme: str, steps: int) -> None:
        check_steps(steps)
        for block in self._blocks():
            block.scheme, block.steps = SCHEMES[scheme].name, steps

    def _blocks(self) -> list[ResidualBlock]:
        return [module for module in self.modules() if isinstance(module, ResidualBlock)]


class Scale(nn.Module):
    """Skip-init: one factor, zero at the start (De and Smith 2020)."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.factor * x


def check_steps(steps: int) -> None:
    """Raises ValueError if steps < 1."""
    if steps < 1:
        raise ValueError(f"steps: found {steps}, expected at least 1")


def conv(width_in: int, width_out: int, *, kernel: int = 3, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    """A convolution that keeps the size at stride 1."""
    return nn.Conv2d(width_in, width_out, kernel, stride=stride, padding=kernel // 2, bias=bias)


def stem(channels: int, width: int) -> nn.Sequential:
    """conv3x3, batch norm, ReLU."""
    return nn.Sequential(conv(channels, width), nn.BatchNorm2d(width), nn.ReLU())


def head(width: int, classes: int) -> nn.Sequential:
    """Global average pool and a linear layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def residual(
    width_in: int,
    width_out: int,
    *,
    stride: int = 1,
    bias: bool,
    activation: Activation = "post",
    norms: int = 2,
    skip_init: bool = False,
) -> nn.Sequential:
    """R(x), the authors' residual unit, of two convolutions.

    Post-activation: conv, ReLU, norm, conv, ReLU, norm. Pre-activation: norm, ReLU, conv, norm, ReLU, conv.

    Args:
        norms: how many of the two are batch norms, from the first on; the others do nothing.
        skip_init: multiply the result by a learned factor that starts at zero.
    """
    first, second = conv(width_in, width_out, stride=stride, bias=bias), conv(width_out, width_out, bias=bias)
    widths = (width_out, width_out) if activation == "post" else (width_in, width_out)
    norm = [nn.BatchNorm2d(width) if i < norms else nn.Identity() for i, width in enumerate(widths)]
    if activation == "post":
        parts = [first, nn.ReLU(), norm[0], second, nn.ReLU(), norm[1]]
    else:
        parts = [norm[0], nn.ReLU(), first, norm[1], nn.ReLU(), second]
    return nn.Sequential(*parts, *([Scale()] if skip_init else []))
