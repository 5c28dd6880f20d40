"""ContinuousNet: residual stages embedded in a Runge-Kutta scheme (Queiruga, Erichson, Taylor, Mahoney 2020)."""

from __future__ import annotations

import copy
from fractions import Fraction
from functools import partial
from typing import Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from ctbench.models._image import Activation, ImageModel, check_steps, conv, head, residual, stem
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.adjoint import integrate_adjoint
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.frozen import Frozen

StageRule = Literal["interval", "as_released"]


class ContinuousNet(ImageModel):
    """Stem, then for every stage a stitch and an ODE block, then a pooled linear head.

    ODE block: dx/dt = epsilon R(x; theta(t)) on [0, 1], theta piecewise constant on `bases` intervals; every interval
    has its own convolutions and batch norms. The scheme and its number of steps can be changed after training.
    """

    class Options(Frozen):
        """`steps` null means one step for each basis; `epsilon` is the length of depth-time.

        `activation` is the order in a residual unit; `skip_init` and `norm` say whether it ends with a factor that
        starts at zero and whether it has batch norms; without `stitch_norm` the second norm of a post-activation
        stitch is left out, as the released code does. Stages have `width` * `widen` * 2^s channels. `stage_rule` tells
        which interval's parameters a stage sees: those of the step it belongs to, or as the released code rounds.
        """

        width: int = Field(16, ge=1)
        widen: int = Field(1, ge=1)
        stages: int = Field(3, ge=1)
        bases: int = Field(1, ge=1)
        scheme: SchemeName = "euler"
        steps: int | None = Field(None, ge=1)
        epsilon: float = Field(1.0, gt=0)
        activation: Activation = "post"
        skip_init: bool = False
        norm: bool = True
        stitch_norm: bool = True
        stage_rule: StageRule = "interval"
        gradient: Literal["backpropagation", "adjoint"] = "backpropagation"

    def __init__(self, options: Options, channels: int, classes: int) -> None:
        super().__init__(options, channels, classes)
        widths = [options.width * options.widen * 2**stage for stage in range(options.stages)]
        norms = 2 if options.norm else 0
        stitched = 1 if norms and options.activation == "post" and not options.stitch_norm else norms
        unit = partial(residual, bias=True, activation=options.activation, skip_init=options.skip_init)
        parts: list[nn.Module] = []
        for stage, (before, width) in enumerate(zip([options.width, *widths], widths, strict=False)):
            stitch = unit(before, width, stride=2 if stage else 1, norms=stitched)
            projection = conv(before, width, kernel=1, stride=2 if stage else 1)
            rates = [unit(width, width, norms=norms) for _ in range(options.bases)]
            parts += [Stitch(stitch, projection), OdeBlock(rates, options)]
        if options.activation == "pre":
            parts.append(nn.BatchNorm2d(widths[-1], momentum=0.9))
        self.body = nn.Sequential(stem(channels, options.width), *parts, head(widths[-1], classes))
        self.manifest(options.scheme, options.steps or options.bases)

    @property
    def blocks(self) -> list[OdeBlock]:
        return [module for module in self.modules() if isinstance(module, OdeBlock)]

    @property
    def time_dependent(self) -> list[nn.Module]:
        return [*self.blocks]

    @property
    def bases(self) -> int:
        """K, the number of intervals on which the parameters are constant."""
        return len(self.blocks[0].rates)

    @property
    def manifestation(self) -> tuple[str, int]:
        return self.blocks[0].scheme.name, self.blocks[0].steps

    def manifest(self, scheme: str, steps: int) -> None:
        check_steps(steps)
        for block in self.blocks:
            block.scheme, block.steps = SCHEMES[scheme], steps

    def project(self, bases: int) -> None:
        """Replace theta by the nearest piecewise constant function on `bases` intervals in L2, batch norms included.

        On a multiple of the present intervals it is the same function of depth-time. The steps become as many as bases.
        """
        for block in self.blocks:
            block.project(bases)
        self.manifest(self.manifestation[0], bases)

    def refine(self, noise: np.random.Generator, size: float) -> None:
        """Double bases and steps; each convolution of the ODE blocks is multiplied by 1 + `size` N(0, 1) noise."""
        self.project(2 * self.bases)
        convolutions = (m for block in self.blocks for m in block.modules() if isinstance(m, nn.Conv2d))
        for parameter in (p for m in convolutions for p in m.parameters()) if size else ():
            drawn = torch.from_numpy(noise.standard_normal(tuple(parameter.shape), dtype=np.float32))
            parameter.data.mul_(1 + size * drawn.to(parameter.device))

    def forward(self, images: Tensor) -> Tensor:
        return self.body(images)


class OdeBlock(nn.Module):
    """x(1) from x(0) under dx/dt = epsilon R(x; theta(t)).

    Args:
        rates: R(.; theta_k) for every interval k.
        options: `epsilon`, `stage_rule` and `gradient` are read.
    """

    def __init__(self, rates: list[nn.Sequential], options: ContinuousNet.Options) -> None:
        super().__init__()
        self.epsilon, self.scheme, self.steps = options.epsilon, SCHEMES["euler"], len(rates)
        self.stage_rule: StageRule = options.stage_rule
        self.adjoint = options.gradient == "adjoint"
        self.rates = nn.ModuleList(rates)

    def field(self, stage: Stage, x: Tensor) -> Tensor:
        """epsilon R(x; theta(t)) with theta of the interval that the stage belongs to."""
        bases = len(self.rates)
        k = stage.interval(bases) if self.stage_rule == "interval" else stage.interval_as_released(bases)
        rate = self.rates[k](x)
        return rate if self.epsilon == 1 else self.epsilon * rate

    def forward(self, x: Tensor) -> Tensor:
        if self.adjoint:
            return integrate_adjoint(
                self.field, x, self.scheme, steps=self.steps, parameters=list(self.rates.parameters())
            )
        return integrate(self.field, x, self.scheme, steps=self.steps)

    @torch.no_grad()
    def project(self, bases: int) -> None:
        """theta'_j = K' integral of theta over [j/K', (j+1)/K'], for parameters and running statistics alike."""
        old = [rate.state_dict() for rate in self.rates]
        rates = []
        for j in range(bases):
            shares = overlaps(j, bases, len(old))
            rate = copy.deepcopy(self.rates[min(shares)])
            for name, tensor in rate.state_dict().items():
                if tensor.is_floating_point():
                    tensor.copy_(sum(float(share) * old[k][name] for k, share in shares.items()))
            rates.append(rate)
        self.rates = nn.ModuleList(rates)


def overlaps(j: int, fine: int, coarse: int) -> dict[int, Fraction]:
    """Which of `coarse` equal intervals piece j of `fine` equal pieces meets, and the share of the piece in each."""
    shares = {}
    for k in range(coarse):
        meet = min(Fraction(j + 1, fine), Fraction(k + 1, coarse)) - max(Fraction(j, fine), Fraction(k, coarse))
        if meet > 0:
            shares[k] = meet * fine
    return shares


class Stitch(nn.Module):
    """1x1 projection plus a residual unit: changes width and resolution between ODE blocks."""

    def __init__(self, residual: nn.Module, projection: nn.Module) -> None:
        super().__init__()
        self.residual, self.projection = residual, projection

    def forward(self, x: Tensor) -> Tensor:
        return self.projection(x) + self.residual(x)


MODEL = ContinuousNet
