"""ResNet: the discrete twin of ContinuousNet (its authors' post-activation `ResNetv2`)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from ctbench.models._image import ResidualBlock, ResidualModel, conv, head, residual, stem
from ctbench.spec.frozen import Frozen


class ResNet(ResidualModel):
    """x + R(x) with R = twice conv, ReLU, batch norm; no ReLU after the sum; 1x1 projection where the width changes.

    Three stages of `blocks` blocks make ResNet-(6 blocks + 2): 3 give ResNet-20, 9 give ResNet-56.
    """

    class Options(Frozen):
        """`width` is the number of channels of the first stage; it doubles from stage to stage."""

        width: int = Field(16, ge=1)
        stages: int = Field(3, ge=1)
        blocks: int = Field(3, ge=1)

    def __init__(self, options: Options, channels: int, classes: int) -> None:
        super().__init__(options, channels, classes)
        widths = [options.width * 2**stage for stage in range(options.stages)]
        blocks, before = [], options.width
        for stage, width in enumerate(widths):
            for block in range(options.blocks):
                stride = 2 if stage and not block else 1
                same = width == before and stride == 1
                shortcut = nn.Sequential(conv(before, width, kernel=1, stride=stride), nn.BatchNorm2d(width))
                unit = residual(before, width, stride=stride, bias=False)
                blocks.append(ResidualBlock(unit, None if same else shortcut))
                before = width
        self.body = nn.Sequential(stem(channels, options.width), *blocks, head(widths[-1], classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)


MODEL = ResNet
