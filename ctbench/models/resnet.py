"""ResNet: the discrete twin of ContinuousNet (its authors' post-activation `ResNetv2`)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from ctbench.models._image import ImageModel, conv, conv_relu_norm, head, stem
from ctbench.spec.frozen import Frozen


class ResNet(ImageModel):
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
                blocks.append(_Block(before, width, stride=2 if stage and not block else 1))
                before = width
        self.body = nn.Sequential(stem(channels, options.width), *blocks, head(widths[-1], classes))

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)


class _Block(nn.Module):
    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.residual = conv_relu_norm(width_in, width_out, stride=stride, bias=False)
        same = width_in == width_out and stride == 1
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(conv(width_in, width_out, kernel=1, stride=stride), nn.BatchNorm2d(width_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.shortcut(x) + self.residual(x)


MODEL = ResNet
