import numpy as np
import pytest
import torch

from ctbench.papers._experiment import Inputs
from ctbench.papers.continuousnet._oscillator import GENERATOR, exact
from ctbench.papers.continuousnet.oscillator import EXPERIMENT, MODELS, SPACING
from ctbench.spec.errors import UserError
from ctbench.spec.run import RunSpec
from ctbench.training.linear_map import FORMULAS, INVERSES, gap
from ctbench.training.loop import run

A = torch.from_numpy(GENERATOR)


def generator(formula: str, spacing: float, dt: float) -> torch.Tensor:
    return INVERSES[formula](FORMULAS["flow"](A, spacing), dt)


def fitted(dataset: str, model: str) -> list[dict[str, float]]:
    settings = EXPERIMENT.Settings.model_validate(EXPERIMENT.published(dataset, model))
    spec = RunSpec(
        paper="continuousnet",
        experiment="oscillator",
        dataset=dataset,
        model=model,
        settings=settings.model_dump(mode="json"),
        seeds=(0, 7),
    )
    results = run(EXPERIMENT.task(spec, spec.seeds, Inputs(None, None, {}, "cpu")))
    return [{row["metric"]: row["value"] for row in result.rows} for result in results]


def test_the_trajectory_is_that_of_the_flow() -> None:
    step = FORMULAS["flow"](A, SPACING).numpy()
    expected = [np.linalg.matrix_power(step, n) @ [0.0, 1.0] for n in (0, 1, 500, 999)]
    np.testing.assert_allclose(exact(SPACING * np.array([0, 1, 500, 999])), expected, atol=1e-12)


@pytest.mark.parametrize(
    "step, error, digit",
    [
        ("flow", 5.005e-5, 1e-8),
        ("forward_euler", 1.2510e-3, 1e-7),
        ("backward_euler", 1.25e-3, 1e-5),
        ("trapezoid", 6.05e-5, 1e-7),
        ("rk4", 5.01e-5, 1e-7),
    ],
)
def test_the_released_step_errs_by_the_authors_digits(step: str, error: float, digit: float) -> None:
    found = gap(FORMULAS["flow"](A, SPACING), FORMULAS[step](A, 0.05))
    assert float(found) == pytest.approx(error, abs=digit / 2)


@pytest.mark.parametrize(
    "formula, spacing, error, digit",
    [
        ("forward_euler", SPACING, 2.50516e-2, 1e-7),
        ("backward_euler", SPACING, 2.50516e-2, 1e-7),
        ("trapezoid", SPACING, 1.21001e-3, 1e-8),
        ("forward_euler", 0.05, 2.49983e-2, 1e-7),
        ("backward_euler", 0.05, 2.49983e-2, 1e-7),
        ("trapezoid", 0.05, 2.0839e-4, 1e-8),
    ],
)
def test_generators_with_dt_005_err_by_the_known_digits(
    formula: str, spacing: float, error: float, digit: float
) -> None:
    assert float(gap(generator(formula, spacing, 0.05), A)) == pytest.approx(error, abs=digit / 2)


def test_the_released_euler_generator_has_the_authors_entries() -> None:
    expected = [[-0.02504485, 1.00058313], [-1.00058313, -0.02504485]]
    np.testing.assert_allclose(generator("forward_euler", SPACING, 0.05).numpy(), expected, atol=0.5e-8)


@pytest.mark.parametrize("dt, error", [(0.4, 0.1991), (0.2, 0.0999), (0.1, 0.0500), (0.05, 0.0250), (0.01, 0.0050)])
def test_euler_is_of_first_and_the_trapezoid_of_second_order(dt: float, error: float) -> None:
    assert float(gap(generator("forward_euler", dt, dt), A)) == pytest.approx(error, abs=0.5e-4)
    assert float(gap(generator("trapezoid", dt, dt), A)) == pytest.approx(dt**2 / 12, rel=0.02)


@pytest.mark.parametrize("dataset, dt", [("oscillator", SPACING), ("oscillator_released", 0.05)])
@pytest.mark.parametrize("formula", INVERSES)
def test_the_fit_of_a_generator_reaches_its_closed_form(dataset: str, dt: float, formula: str) -> None:
    expected = generator(formula, SPACING, dt)
    for seed in fitted(dataset, formula):
        assert seed["closed_form_error"] < 1e-12
        assert seed["generator_error"] == pytest.approx(float(gap(expected, A)), rel=1e-9)
        assert seed["damping"] == pytest.approx(float(expected.trace()) / 2, abs=1e-12)


@pytest.mark.parametrize("dataset, dt", [("oscillator", SPACING), ("oscillator_released", 0.05)])
def test_a_free_matrix_becomes_the_flow_of_the_data(dataset: str, dt: float) -> None:
    flow = FORMULAS["flow"](A, SPACING)
    for seed in fitted(dataset, "one_step"):
        assert seed["error_to_dmd"] < 1e-12
        for name in ("flow", "forward_euler", "backward_euler", "trapezoid", "rk4"):
            known = float(gap(flow, FORMULAS[name](A, dt)))
            assert seed[f"error_to_{name}"] == pytest.approx(known, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("dataset, dt", [("oscillator", SPACING), ("oscillator_released", 0.05)])
def test_all_formulas_at_once_cannot_fit(dataset: str, dt: float) -> None:
    """To leading order L = (s/dt) (1 - s^2/12) A and the loss is s^4/4, with s the spacing."""
    known = abs(SPACING / dt * (1 - SPACING**2 / 12) - 1)
    for seed in fitted(dataset, "mix"):
        assert seed["generator_error"] == pytest.approx(known, abs=3e-5)
        assert seed["training_loss"] == pytest.approx(SPACING**4 / 4, rel=0.01)
        assert "closed_form_error" not in seed


@pytest.mark.parametrize("dataset, model, near", [("oscilator", "mix", "oscillator"), ("oscillator", "mixed", "mix")])
def test_an_unknown_name_is_refused(dataset: str, model: str, near: str) -> None:
    with pytest.raises(UserError, match=f"'{near}'"):
        EXPERIMENT.published(dataset, model)


def test_only_fewer_iterations_or_points_are_a_reduction() -> None:
    for model in MODELS:
        published = EXPERIMENT.published("oscillator", model)
        less = EXPERIMENT.Settings.model_validate({**published, "iterations": 10})
        assert list(EXPERIMENT.reductions("oscillator", model, less)) == ["iterations 10 instead of 1000"]
