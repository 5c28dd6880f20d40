"""ContinuousNet: residual stages embedded in a Runge-Kutta scheme (Queiruga, Erichson, Taylor, Mahoney 2020)."""

from __future__ import annotations

from pydantic import Field
from torch import Tensor, nn

from ctbench.models._image import ImageModel, conv, conv_relu_norm, head, stem
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.frozen import Frozen


class ContinuousNet(ImageModel):
    """Stem, then for every stage a stitch and an ODE block, then a pooled linear head.

    ODE block: dx/dt = epsilon R(x; theta(t)) on [0, 1], theta piecewise constant on `bases` intervals; every interval
    has its own convolutions and batch norms. The scheme and its number of steps can be changed after training.
    """

    class Options(Frozen):
        """`steps` null means one step for each basis. `epsilon` is the length of depth-time."""

        width: int = Field(16, ge=1)
        stages: int = Field(3, ge=1)
        bases: int = Field(1, ge=1)
        scheme: SchemeName = "euler"
        steps: int | None = Field(None, ge=1)
        epsilon: float = Field(1.0, gt=0)

    def __init__(self, options: Options, channels: int, classes: int) -> None:
        super().__init__(options, channels, classes)
        widths = [options.width * 2**stage for stage in range(options.stages)]
        parts: list[nn.Module] = []
        for stage, (before, width) in enumerate(zip([options.width, *widths], widths, strict=False)):
            parts += [Stitch(before, width, stride=2 if stage else 1), OdeBlock(width, options.bases, options.epsilon)]
        self.body = nn.Sequential(stem(channels, options.width), *parts, head(widths[-1], classes))
        self.manifest(options.scheme, options.steps or options.bases)

    def manifest(self, scheme: str, steps: int) -> None:
        """Give every ODE block this scheme and number of steps; weights and statistics stay as they are.

        Raises UserError on an unknown scheme.
        """
        for block in self.blocks:
            block.scheme, block.steps = SCHEMES[scheme], steps

    @property
    def blocks(self) -> list[OdeBlock]:
        return [module for module in self.modules() if isinstance(module, OdeBlock)]

    @property
    def time_dependent(self) -> list[nn.Module]:
        return [*self.blocks]

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)


class OdeBlock(nn.Module):
    """x(1) from x(0) under dx/dt = epsilon R(x; theta(t))."""

    def __init__(self, width: int, bases: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon, self.scheme, self.steps = epsilon, SCHEMES["euler"], bases
        self.rates = nn.ModuleList(conv_relu_norm(width, width, bias=True) for _ in range(bases))

    def field(self, stage: Stage, x: Tensor) -> Tensor:
        """epsilon R(x; theta(t)) with theta of the interval that the stage belongs to."""
        return self.epsilon * self.rates[stage.interval(len(self.rates))](x)

    def forward(self, x: Tensor) -> Tensor:
        return integrate(self.field, x, self.scheme, steps=self.steps)


class Stitch(nn.Module):
    """1x1 projection plus a residual unit: changes width and resolution between ODE blocks."""

    def __init__(self, width_in: int, width_out: int, stride: int) -> None:
        super().__init__()
        self.residual = conv_relu_norm(width_in, width_out, stride=stride, bias=True)
        self.projection = conv(width_in, width_out, kernel=1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(x) + self.residual(x)


MODEL = ContinuousNet
