import pytest
import torch
from torch import Tensor

from ctbench.solvers.adaptive import solve
from ctbench.solvers.counting import Counted, TooManyEvaluationsError


def problem() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    rate = torch.randn(3, 3, dtype=torch.float64, generator=generator) - 1.5 * torch.eye(3)
    return rate.requires_grad_(), torch.ones(3, dtype=torch.float64)


@pytest.mark.parametrize("adjoint", [False, True])
def test_linear_field_has_the_matrix_exponential_and_its_gradient(adjoint: bool) -> None:
    rate, start = problem()
    end, nfe = solve(
        lambda t, y: rate @ y, start, end=2.0, rtol=1e-10, atol=1e-12, adjoint=(rate,) if adjoint else None
    )
    exact = torch.linalg.matrix_exp(2.0 * rate) @ start
    torch.testing.assert_close(end, exact, rtol=1e-8, atol=1e-10)
    found, expected = (torch.autograd.grad(y.square().sum(), rate)[0] for y in (end, exact))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)
    assert nfe > 6


def test_a_limit_on_evaluations_is_kept() -> None:
    rate, start = problem()
    with pytest.raises(TooManyEvaluationsError, match="more than 10"):
        solve(lambda t, y: rate @ y, start, end=2.0, rtol=1e-12, atol=1e-12, max_nfe=10)


def test_evaluations_are_counted() -> None:
    counted = Counted(lambda x: x, max_nfe=2)
    counted(torch.ones(1))
    counted(torch.ones(1))
    assert counted.nfe == 2
    with pytest.raises(TooManyEvaluationsError):
        counted(torch.ones(1))
