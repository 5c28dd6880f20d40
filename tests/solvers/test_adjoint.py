from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import expm, expm_frechet
from torch import Tensor, nn

from ctbench.solvers import SCHEMES
from ctbench.solvers.adjoint import Mirrored, integrate_adjoint
from ctbench.solvers.fixed import Field, Stage, integrate

ORDERS = {"euler": 1, "midpoint": 2, "rk4_classic": 4}
COTANGENT = torch.linspace(-1, 2, 15, dtype=torch.float64).view(5, 3)


class Pieces(nn.Module):
    """tanh(W_k y + b_k) (1 + t) with W and b piecewise constant in time: smooth inside a piece."""

    def __init__(self, pieces: int) -> None:
        super().__init__()
        noise = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(pieces, 3, 3, dtype=torch.float64, generator=noise))
        self.bias = nn.Parameter(torch.randn(pieces, 3, dtype=torch.float64, generator=noise))

    def forward(self, stage: Stage, y: Tensor) -> Tensor:
        k = stage.interval(len(self.weight))
        return torch.tanh(y @ self.weight[k].mT + self.bias[k]) * (1 + stage.time)


def start() -> Tensor:
    noise = torch.Generator().manual_seed(1)
    return torch.randn(5, 3, dtype=torch.float64, generator=noise).requires_grad_()


def gradient(end: Callable[[Tensor], Tensor], parameters: list[Tensor]) -> Tensor:
    """Of <COTANGENT, end(y)> with respect to the start and the parameters, in one vector."""
    y = start()
    return torch.cat([g.flatten() for g in torch.autograd.grad(end(y), [y, *parameters], COTANGENT)])


def both(field: Pieces, scheme: str, steps: int) -> tuple[Tensor, Tensor]:
    """The gradient by the adjoint equation and that of the discrete solution itself."""
    parameters: list[Tensor] = [*field.parameters()]
    tableau = SCHEMES[scheme]
    return (
        gradient(lambda y: integrate_adjoint(field, y, tableau, steps=steps, parameters=parameters), parameters),
        gradient(lambda y: integrate(field, y, tableau, steps=steps), parameters),
    )


@pytest.mark.parametrize("scheme", SCHEMES.names)
@pytest.mark.parametrize("steps", [1, 3])
def test_forward_is_the_same_solution(scheme: str, steps: int) -> None:
    field = Pieces(3)
    found = integrate_adjoint(field, start(), SCHEMES[scheme], steps=steps, parameters=list(field.parameters()))
    torch.testing.assert_close(found, integrate(field, start(), SCHEMES[scheme], steps=steps), rtol=0, atol=0)


@pytest.mark.parametrize("pieces", [1, 3])
@pytest.mark.parametrize("scheme, order", ORDERS.items())
def test_gradient_converges_with_the_order_of_the_scheme(scheme: str, order: int, pieces: int) -> None:
    steps = pieces * np.array([8, 16, 32])
    errors = [float((adjoint - exact).norm()) for adjoint, exact in (both(Pieces(pieces), scheme, n) for n in steps)]
    assert np.polyfit(np.log(1 / steps), np.log(errors), 1)[0] == pytest.approx(order, abs=0.25)


@pytest.mark.parametrize("pieces", [1, 2, 3, 5])
def test_every_piece_gets_its_own_gradient(pieces: int) -> None:
    adjoint, exact = both(Pieces(pieces), "rk4_classic", 64 * pieces)
    torch.testing.assert_close(adjoint, exact, rtol=1e-7, atol=1e-9)


def test_gradient_is_that_of_finite_differences() -> None:
    field = Pieces(2)
    parameters: list[Tensor] = [*field.parameters()]

    def end(y: Tensor, *_: Tensor) -> Tensor:
        return integrate_adjoint(field, y, SCHEMES["rk4_classic"], steps=40, parameters=parameters)

    assert torch.autograd.gradcheck(end, (start(), *parameters), atol=1e-6, rtol=1e-5, check_undefined_grad=False)


def test_a_linear_field_has_its_closed_form() -> None:
    """y(1) = exp(A) y(0), so the gradients are those of the matrix exponential."""
    A = torch.tensor([[-0.3, 1.0], [-2.0, -0.1]], dtype=torch.float64, requires_grad=True)
    y, a = torch.tensor([1.0, 0.5], dtype=torch.float64, requires_grad=True), torch.tensor([0.7, -0.2]).double()

    def field(stage: Stage, x: Tensor) -> Tensor:
        return A @ x

    end = integrate_adjoint(field, y, SCHEMES["rk4_classic"], steps=100, parameters=[A])
    by_y, by_A = torch.autograd.grad(end, [y, A], a)
    transposed = A.detach().numpy().T
    np.testing.assert_allclose(by_y, expm(transposed) @ a.numpy(), rtol=1e-7)
    expected = expm_frechet(transposed, np.outer(a, y.detach()), compute_expm=False)
    np.testing.assert_allclose(by_A, expected, rtol=1e-7)


def test_a_parameter_that_the_field_does_not_use_has_no_gradient() -> None:
    unused = torch.ones(2, dtype=torch.float64, requires_grad=True)

    def field(stage: Stage, x: Tensor) -> Tensor:
        return -x

    end = integrate_adjoint(field, start(), SCHEMES["midpoint"], steps=2, parameters=[unused])
    assert torch.autograd.grad(end.sum(), unused)[0].tolist() == [0.0, 0.0]


def test_what_is_kept_does_not_grow_with_the_steps() -> None:
    field, kept = Pieces(1), []

    def count(tensor: Tensor) -> Tensor:
        kept[-1] += 1
        return tensor

    for steps in (1, 2, 4, 8):
        kept.append(0)
        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            integrate_adjoint(field, start(), SCHEMES["euler"], steps=steps, parameters=list(field.parameters()))
    assert kept == [3] * 4, "the end and two parameters"


@given(intervals=st.integers(1, 12), steps=st.integers(1, 12), name=st.sampled_from(SCHEMES.names))
def test_a_mirrored_stage_lies_at_the_mirrored_time(intervals: int, steps: int, name: str) -> None:
    for step in range(steps):
        for c in SCHEMES[name].c:
            mirrored = Mirrored(step, steps, c, 2.0, 3.0)
            t = 1 - (step + c) / steps
            assert mirrored.time == pytest.approx(2 + 3 * float(t))
            k = mirrored.interval(intervals)
            assert Fraction(k, intervals) <= t <= Fraction(k + 1, intervals)


def test_a_mirrored_stage_as_released_lies_in_the_mirrored_piece() -> None:
    found = [Mirrored(step, 4, Fraction(1, 2)).interval_as_released(4) for step in range(4)]
    assert found == [3, 2, 1, 0]


def test_no_steps_is_refused() -> None:
    field: Field = Pieces(1)
    with pytest.raises(ValueError, match="at least 1"):
        integrate_adjoint(field, start(), SCHEMES["euler"], steps=0, parameters=[])
