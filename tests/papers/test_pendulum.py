import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from ctbench.papers.continuousnet._pendulum import ANGLE, GRAVITY, exact
from ctbench.papers.continuousnet.pendulum import EXPERIMENT, MODELS, spacing
from ctbench.solvers import SCHEMES
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.errors import UserError


def test_closed_form_has_the_known_values() -> None:
    np.testing.assert_allclose(exact(np.array(2.0)), [-1.5166699, 3.86456686], atol=1e-7)
    np.testing.assert_allclose(exact(np.array(10.0)), [-0.22063476, -5.74611358], atol=1e-7)


def test_closed_form_solves_the_equation() -> None:
    times = np.linspace(0, 10, 50)
    path = solve_ivp(
        lambda _, y: [y[1], -GRAVITY * np.sin(y[0])], (0, 10), [ANGLE, 0], t_eval=times, rtol=1e-11, atol=1e-11
    )
    np.testing.assert_allclose(exact(times), path.y.T, atol=1e-7)


@pytest.mark.parametrize(
    "scheme, dt, error",
    [
        ("euler", 0.4, 14.9),
        ("euler", 0.001, 0.098),
        ("midpoint", 0.2, 1.52),
        ("rk4_38", 0.4, 0.581),
        ("rk4_38", 0.2, 0.0474),
    ],
)
def test_the_true_field_errs_as_known(scheme: str, dt: float, error: float) -> None:
    def field(stage: Stage, y: torch.Tensor) -> torch.Tensor:
        return torch.stack([y[1], -GRAVITY * torch.sin(y[0])])

    start = torch.tensor([ANGLE, 0.0], dtype=torch.float64)
    end = integrate(field, start, SCHEMES[scheme], steps=round(2 / dt), end=2.0)
    assert np.linalg.norm(end.numpy() - exact(np.array(2.0))) == pytest.approx(error, rel=0.02)


@pytest.mark.parametrize("name", ["pendulum", "pendulum_x", "swing_0.1", "pendulum_-1"])
def test_a_name_without_a_spacing_is_refused(name: str) -> None:
    with pytest.raises(UserError, match=r"pendulum_0\.1"):
        spacing(name)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_its_code_and_a_time(model: str) -> None:
    settings = EXPERIMENT.Settings.model_validate(EXPERIMENT.published("pendulum_0.1", model))
    code = EXPERIMENT.code(settings)
    assert "ctbench.papers.continuousnet._pendulum" in code
    assert "ctbench.papers.continuousnet.pendulum" not in code
    assert ("ctbench.solvers.tableaux.euler" in code) == (model not in ("rnn", "resnet"))
    assert EXPERIMENT.seconds(settings) > 0
    assert not list(EXPERIMENT.reductions("pendulum_0.1", model, settings))
