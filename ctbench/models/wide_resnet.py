"""WideResNet: the discrete twin of the wide ContinuousNet (Zagoruyko and Komodakis 2016, as its authors built it)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from ctbench.models._image import ResidualBlock, ResidualModel, conv, head, residual
from ctbench.spec.frozen import Frozen


class WideResNet(ResidualModel):
    """Pre-activation blocks with biases, no dropout; every stage begins with a 1x1 projection.

    Three stages of `blocks` blocks and widening k make WRN-(6 blocks + 4)-k.
    """

    class Options(Frozen):
        """Stage s = 0, 1, ... has `width` * `widen` * 2^s channels."""

        width: int = Field(16, ge=1)
        widen: int = Field(4, ge=1)
        stages: int = Field(3, ge=1)
        blocks: int = Field(9, ge=1)

    def __init__(self, options: Options, channels: int, classes: int) -> None:
        super().__init__(options, channels, classes)
        widths = [options.width * options.widen * 2**stage for stage in range(options.stages)]
        blocks, before = [], options.width
        for stage, width in enumerate(widths):
            for block in range(options.blocks):
                stride = 2 if stage and not block else 1
                shortcut = None if block else conv(before, width, kernel=1, stride=stride, bias=True)
                unit = residual(before, width, stride=stride, bias=True, activation="pre")
                blocks.append(ResidualBlock(unit, shortcut))
                before = width
        last = nn.Sequential(nn.BatchNorm2d(before, momentum=0.9), nn.ReLU())
        self.body = nn.Sequential(conv(channels, options.width, bias=True), *blocks, last, head(before, classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)


MODEL = WideResNet
