"""What all image models share: stages of growing width, the authors' initialisation, the pooled linear head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import torch
from torch import Generator, Tensor, nn

from ctbench.spec.frozen import Frozen


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


def conv(width_in: int, width_out: int, *, kernel: int = 3, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    """A convolution that keeps the size at stride 1."""
    return nn.Conv2d(width_in, width_out, kernel, stride=stride, padding=kernel // 2, bias=bias)


def stem(channels: int, width: int) -> nn.Sequential:
    """conv3x3, batch norm, ReLU."""
    return nn.Sequential(conv(channels, width), nn.BatchNorm2d(width), nn.ReLU())


def head(width: int, classes: int) -> nn.Sequential:
    """Global average pool and a linear layer."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, classes))


def conv_relu_norm(width_in: int, width_out: int, *, stride: int = 1, bias: bool) -> nn.Sequential:
    """Twice convolution, ReLU, batch norm, in this order (the authors' post-activation unit)."""
    return nn.Sequential(
        conv(width_in, width_out, stride=stride, bias=bias),
        nn.ReLU(),
        nn.BatchNorm2d(width_out),
        conv(width_out, width_out, bias=bias),
        nn.ReLU(),
        nn.BatchNorm2d(width_out),
    )
