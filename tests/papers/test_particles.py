"""The particle system: what Newton's laws say about it, whatever the pair force."""

import numpy as np
import pytest

from ctbench.papers.neural_gde._particles import SIGNS, accelerations, simulate, start
from ctbench.papers.neural_gde.particles import EXPERIMENT, MODELS
from ctbench.spec.errors import UserError


def systems() -> np.ndarray:
    return np.stack([start(seed, 10) for seed in range(3)])


def energy(states: np.ndarray) -> np.ndarray:
    return (states**2).sum((-2, -1)) / 2


@pytest.mark.parametrize("sign", SIGNS.values())
def test_the_centre_swings_in_the_trap_since_pair_forces_cancel(sign: float) -> None:
    path = simulate(systems(), sign, 0.01, 301).mean(2)
    t = 0.01 * np.arange(301)[:, None, None]
    x, v = path[0, :, :2], path[0, :, 2:]
    np.testing.assert_allclose(path[..., :2], x * np.cos(t) + v * np.sin(t), atol=1e-9)


def test_without_pair_forces_the_order_is_four() -> None:
    errors = []
    for n in (20, 40, 80):
        end = simulate(systems(), 1.0, 1 / n, n + 1, alpha=0, beta=0)[-1]
        x, v = np.split(systems(), 2, axis=-1)
        errors.append(np.abs(end[..., :2] - (x * np.cos(1) + v * np.sin(1))).max())
    assert np.polyfit(np.log([20, 40, 80]), np.log(errors), 1)[0] == pytest.approx(-4, abs=0.1)


def test_drag_takes_energy_as_intended_and_feeds_it_as_printed() -> None:
    for name, sign in SIGNS.items():
        path = energy(simulate(systems(), sign, 1.95e-3, 1000, alpha=0.0))
        change = np.diff(path, axis=0)
        assert (change.max() < 1e-9) if name == "particles" else (change.min() > -1e-9)
        assert abs(path[-1] - path[0]).min() > 0.1


def test_near_particles_push_each_other_off_as_intended() -> None:
    x, v = np.array([0.0 + 0j, 0.4]), np.zeros(2, complex)
    np.testing.assert_allclose(accelerations(x, v, 1.0), [-0.6, -0.4 + 0.6])
    np.testing.assert_allclose(accelerations(x, v, -1.0), [0.6, -0.4 - 0.6])
    np.testing.assert_allclose(accelerations(np.array([0j, 0.501]), v, 1.0), [0, -0.501])


def test_unknown_rows_are_refused() -> None:
    with pytest.raises(UserError, match="particles_printed"):
        EXPERIMENT.published("particles_print", "gde")
    with pytest.raises(UserError, match="gde_second_order"):
        EXPERIMENT.published("particles", "gde_second")


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_its_code_and_a_time(model: str) -> None:
    settings = EXPERIMENT.Settings.model_validate(EXPERIMENT.published("particles", model))
    code = EXPERIMENT.code(settings)
    assert ("ctbench.models.gcn_field" in code) == model.startswith("gde")
    assert EXPERIMENT.seconds(settings) > 0
    assert not list(EXPERIMENT.reductions("particles", model, settings))
