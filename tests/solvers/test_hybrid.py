import numpy as np
import pytest
import torch
from torch import Tensor

from ctbench.solvers import SCHEMES
from ctbench.solvers.counting import TooManyEvaluationsError
from ctbench.solvers.hybrid import Dopri5, FixedSteps, check_times, hybrid
from ctbench.spec.errors import UserError

TIMES = torch.tensor([[0.0, 0.3, 1.7, 2.0], [0.5, 1.5, 1.6, 3.9]], dtype=torch.float64)
RATE = 0.8
KICKS = (1.0, -2.0, 0.5)
FLOWS = {"fixed": FixedSteps(SCHEMES["rk4_classic"], 20), "dopri5": Dopri5()}


def forced(t: Tensor, y: Tensor) -> Tensor:
    """dy/dt = -r y + cos t, one component a state."""
    return -RATE * y + torch.cos(t)[:, None]


def kick(k: int, y: Tensor) -> Tensor:
    return y + KICKS[k]


def particular(t: Tensor) -> Tensor:
    return (RATE * torch.cos(t) + torch.sin(t)) / (1 + RATE**2)


def closed_form(y: Tensor, times: Tensor) -> Tensor:
    """States before events 1, 2, 3: decay towards the forced response, with kicks."""
    found = []
    for k, c in enumerate(KICKS):
        start, end = times[:, k, None], times[:, k + 1, None]
        y = (y + c - particular(start)) * torch.exp(-RATE * (end - start)) + particular(end)
        found.append(y)
    return torch.stack(found)


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_states_before_events_are_those_of_the_closed_form(flow: FixedSteps | Dopri5) -> None:
    y = torch.tensor([[0.2], [-1.0]], dtype=torch.float64)
    torch.testing.assert_close(hybrid(forced, kick, y, TIMES, flow), closed_form(y, TIMES), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", [name for name in SCHEMES if SCHEMES[name].order <= 4])
def test_the_order_survives_irregular_gaps_and_jumps(name: str) -> None:
    y, steps = torch.tensor([[0.2], [-1.0]], dtype=torch.float64), (20, 40, 80, 160)
    exact = closed_form(y, TIMES)[-1]
    errors = [float((hybrid(forced, kick, y, TIMES, FixedSteps(SCHEMES[name], n))[-1] - exact).norm()) for n in steps]
    slope = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(SCHEMES[name].order, abs=0.15)


def test_with_fixed_steps_an_element_does_not_know_its_company() -> None:
    y = torch.tensor([[0.2], [-1.0]], dtype=torch.float64)
    together = hybrid(forced, kick, y, TIMES, FLOWS["fixed"])
    for i in range(2):
        alone = hybrid(forced, kick, y[i : i + 1], TIMES[i : i + 1], FLOWS["fixed"])
        torch.testing.assert_close(together[:, i : i + 1], alone, rtol=0, atol=0)


@pytest.mark.parametrize("flow", [FixedSteps(SCHEMES["rk4_38"], 3), Dopri5(1e-10, 1e-12)], ids=["fixed", "dopri5"])
def test_gradients_through_jumps_are_those_of_finite_differences(flow: FixedSteps | Dopri5) -> None:
    """With respect to state, parameters of field and jump, and times; for dopri5 along random directions."""
    torch.manual_seed(0)
    y, w, v = torch.randn(2, 3, 2), torch.randn(2, 2), torch.randn(2, 2)

    def ends(y: Tensor, w: Tensor, v: Tensor, times: Tensor) -> Tensor:
        def field(t: Tensor, z: Tensor) -> Tensor:
            return torch.tanh(z @ w) + t[:, None, None] * z / 5

        return hybrid(field, lambda k, z: torch.sigmoid(z @ v) * z + k, y, times, flow)

    given = [x.double().requires_grad_() for x in (y, w, v, TIMES)]
    assert torch.autograd.gradcheck(ends, given, atol=1e-5, fast_mode=isinstance(flow, Dopri5))


def test_dopri5_stops_at_its_limit() -> None:
    with pytest.raises(TooManyEvaluationsError):
        hybrid(forced, kick, torch.zeros(2, 1).double(), TIMES, Dopri5(max_nfe=10))


@pytest.mark.parametrize(
    "times, message",
    [
        ([0.0, 2.0, 1.0], "found 1 after 2, out of order"),
        ([[0.0, 1.0, 2.0], [0.0, 1.5, 1.5]], r"found 1\.5 after 1\.5, repeated"),
        ([0.0, float("nan")], "not finite"),
        ([0.0], "at least two"),
    ],
)
def test_times_that_do_not_increase_are_refused(times: list, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_times(torch.tensor(times))


def test_times_of_another_batch_are_refused() -> None:
    with pytest.raises(UserError, match="expected that of the states"):
        hybrid(forced, kick, torch.zeros(3, 1).double(), TIMES, FLOWS["fixed"])
