"""The exact flow of a linear field, as a polynomial in its operator.

For dH/dt = L H + E with H(0) = H0 the flow is

    H(t) = e^{tL} H0 + t phi_1(tL) E,    phi_1(z) = (e^z - 1) / z.

Both functions of L are expanded in Chebyshev polynomials on an interval that holds the spectrum of L. For
exp(t z) on an interval of length w the coefficients fall faster than geometrically once the degree passes t w / 2
(Trefethen, Approximation Theory and Approximation Practice, ch. 8), so some twenty products with L replace the
hundreds that an adaptive solver takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from numpy.polynomial import chebyshev
from torch import Tensor
from torch.autograd import Function

Operator = Callable[..., Tensor]


@dataclass(frozen=True)
class Expansion:
    """Chebyshev coefficients of e^{tz} (`flow`) and t phi_1(tz) (`source`) for z in [low, high]."""

    flow: tuple[float, ...]
    source: tuple[float, ...]
    low: float
    high: float

    @property
    def degree(self) -> int:
        return len(self.flow) - 1

    def scaled(self, operator: Operator, state: Tensor, *parameters: Tensor) -> Tensor:
        """(2 L - low - high) / (high - low) times a state: the operator with its spectrum moved to [-1, 1]."""
        width = self.high - self.low
        return operator(state, *parameters) * (2 / width) - state * ((self.low + self.high) / width)


@lru_cache
def expansion(time: float, low: float, high: float, tolerance: float) -> Expansion:
    """The shortest expansion whose neglected coefficients stay below `tolerance` times the largest value.

    Raises:
        ValueError: if time is not positive, the interval is empty or the tolerance is not in (0, 1).
    """
    if not (time > 0 and low < high and 0 < tolerance < 1):
        raise ValueError(f"need time > 0, low < high, 0 < tolerance < 1; found {time}, [{low}, {high}], {tolerance}")
    longest = int(40 + 2 * time * (high - low))
    nodes = chebyshev.chebpts1(longest + 1)
    z = (low + high + (high - low) * nodes) / 2
    fits = []
    for values in (np.exp(time * z), time * _phi_1(time * z)):
        fits.append((chebyshev.chebfit(nodes, values, longest), tolerance * np.abs(values).max()))
    kept = max(int(np.nonzero(np.abs(c) > bound)[0].max()) for c, bound in fits)
    flow, source = (tuple(float(x) for x in c[: kept + 1]) for c, _ in fits)
    return Expansion(flow, source, low, high)


def _phi_1(z: np.ndarray) -> np.ndarray:
    return np.where(np.abs(z) < 1e-12, 1.0 + z / 2, np.expm1(z) / np.where(z == 0, 1.0, z))


class _DiffusionFlow(Function):
    """Clenshaw's recurrence for L = diag(rate) M - shift, and its transpose for the gradients.

    With x = (2 L - (low + high)) / (high - low) and right sides r_k = p_k H0 + q_k E,
    b_k = r_k + 2 x b_{k+1} - b_{k+2} and H = r_0 + x b_1 - b_2. The cotangents obey the Chebyshev recurrence
    l_{k+1} = 2 x' l_k - l_{k-1} from l_0 = dH.
    """

    @staticmethod
    def forward(
        ctx: Any, matrix: Tensor, rate: Tensor, h0: Tensor, e: Tensor, shift: float, series: Expansion
    ) -> Tensor:
        width = series.high - series.low
        gain, offset = 2 * rate / width, (-2 * shift - series.low - series.high) / width
        newer, older = torch.zeros_like(h0), torch.zeros_like(h0)
        products: list[Tensor] = []
        for k in range(series.degree, -1, -1):
            product = multiply(matrix, newer)
            products.append(product)
            factor = 1.0 if k == 0 else 2.0
            b = torch.addcmul(newer.mul(factor * offset).sub_(older), product, factor * gain)
            b.add_(h0, alpha=series.flow[k]).add_(e, alpha=series.source[k])
            newer, older = b, newer
        ctx.save_for_backward(gain, *reversed(products))
        ctx.matrix, ctx.offset, ctx.width, ctx.series = matrix, offset, width, series
        return newer

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Tensor | None, ...]:
        gain, *products = ctx.saved_tensors
        series: Expansion = ctx.series
        current, previous = cotangents[0].contiguous(), torch.zeros_like(cotangents[0])
        of_h0, of_e = torch.zeros_like(current), torch.zeros_like(current)
        of_gain = torch.zeros_like(gain)
        for k in range(series.degree + 1):
            of_h0.add_(current, alpha=series.flow[k])
            of_e.add_(current, alpha=series.source[k])
            factor = 1.0 if k == 0 else 2.0
            of_gain.add_((current * products[k]).sum(-1, keepdim=True), alpha=factor)
            if k < series.degree:
                following = multiply(ctx.matrix, gain * current).add_(current, alpha=ctx.offset).mul_(factor)
                current, previous = following.sub_(previous), current
        return None, of_gain * (2 / ctx.width), of_h0, of_e, None, None


def multiply(matrix: Tensor, states: Tensor) -> Tensor:
    """Sparse [n, n] times stacked states [n, ..., h], as one product."""
    return (matrix @ states.reshape(states.shape[0], -1)).view(states.shape)


def diffusion_flow(
    matrix: Tensor, rate: Tensor, h0: Tensor, e: Tensor, *, shift: float, time: float, tolerance: float
) -> Tensor:
    """H(time) of dH/dt = (diag(rate) M - shift) H + E with H(0) = H0, differentiable in rate, H0 and E.

    Args:
        matrix: M, sparse CSR and symmetric, [n, n].
        rate: positive, [n, seeds, 1]; diag(rate) M - shift must have its spectrum in [-1, 0].
        h0: H0, [n, seeds, h].
        e: E, [n, seeds, h].
        shift: the multiple of the identity that is taken off.
        time: end time, positive.
        tolerance: relative error of the expansion.

    Returns:
        H(time), [n, seeds, h].
    """
    series = expansion(time, -1.0, 0.0, tolerance)
    result = _DiffusionFlow.apply(matrix, rate, h0, e, shift, series)
    assert isinstance(result, Tensor)
    return result


class _LinearFlow(Function):
    """The same recurrences for any linear L, whose products and gradients are those of a function.

    Kept for the gradient is one state for each term of the series; the products are taken again.
    """

    @staticmethod
    def forward(ctx: Any, operator: Operator, series: Expansion, h0: Tensor, e: Tensor, *parameters: Tensor) -> Tensor:
        ctx.operator, ctx.series, ctx.count = operator, series, len(parameters)
        newer, older = torch.zeros_like(h0), torch.zeros_like(h0)
        states: list[Tensor] = []
        for k in range(series.degree, -1, -1):
            states.append(newer)
            b = series.scaled(operator, newer, *parameters).mul_(1.0 if k == 0 else 2.0).sub_(older)
            b.add_(h0, alpha=series.flow[k]).add_(e, alpha=series.source[k])
            newer, older = b, newer
        ctx.save_for_backward(*parameters, *reversed(states))
        return newer

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[Any, ...]:
        parameters, states = ctx.saved_tensors[: ctx.count], ctx.saved_tensors[ctx.count :]
        series: Expansion = ctx.series
        current, previous = cotangents[0].contiguous(), torch.zeros_like(cotangents[0])
        of_h0, of_e = torch.zeros_like(current), torch.zeros_like(current)
        of_parameters = [torch.zeros_like(p) for p in parameters]
        for k, state in enumerate(states):
            of_h0.add_(current, alpha=series.flow[k])
            of_e.add_(current, alpha=series.source[k])
            inputs = [x.detach().requires_grad_() for x in (state, *parameters)]
            with torch.enable_grad():
                scaled = series.scaled(ctx.operator, *inputs)
            following, *found = torch.autograd.grad(scaled, inputs, current * (1.0 if k == 0 else 2.0))
            for total, part in zip(of_parameters, found, strict=True):
                total.add_(part)
            current, previous = following.sub_(previous), current
        return None, None, of_h0, of_e, *of_parameters


def linear_flow(
    operator: Operator,
    parameters: Sequence[Tensor],
    h0: Tensor,
    e: Tensor,
    *,
    low: float,
    high: float,
    time: float,
    tolerance: float,
) -> Tensor:
    """H(time) of dH/dt = L H + E with H(0) = H0, differentiable in the parameters of L, H0 and E.

    Args:
        operator: takes a state and the parameters, gives L H; linear in the state, real spectrum in [low, high].
        parameters: tensors, on all of which L depends.
        h0: H0, any shape.
        e: E, of the same shape.
        low: lower end of the interval.
        high: upper end of the interval.
        time: end time, positive.
        tolerance: relative error of the expansion.

    Raises:
        ValueError: as `expansion`.
    """
    result = _LinearFlow.apply(operator, expansion(time, low, high, tolerance), h0, e, *parameters)
    assert isinstance(result, Tensor)
    return result
