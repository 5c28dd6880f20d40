"""Simulated gene networks: the graphs, the equations, and what is observed of them."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from ctbench.papers.neural_gde import _genes
from ctbench.papers.neural_gde._genes import NETWORKS, STEP, Network, ring, simulate
from ctbench.papers.neural_gde.gene_networks import EXPERIMENT, MODELS, Settings, observed
from ctbench.spec.errors import UserError
from ctbench.spec.seeds import generator


@pytest.mark.parametrize("name, genes, regulators", [("repressilator", 3, 1), ("ring_7", 7, 1), ("random_10", 10, 2)])
def test_every_gene_has_its_regulators_and_none_itself(name: str, genes: int, regulators: int) -> None:
    adjacency = NETWORKS[name].adjacency
    assert adjacency.shape == (genes, genes) and not adjacency.diagonal().any()
    assert set(adjacency.sum(1)) == {regulators}


def test_production_follows_hill() -> None:
    network = Network(np.array([[0, -1, 1], [0, 0, 0], [1, 0, 0]]))
    found = network.production(np.array([2.0, 1.0, 3.0]))
    expected = _genes.R_0 + _genes.R * np.array([1 / 2 * 27 / 28, 1, 8 / 9])
    np.testing.assert_allclose(found, expected)


def test_with_ever_more_molecules_the_noise_goes_and_the_rate_equations_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    network, shape = ring(3), (2, 1, 3)
    monkeypatch.setattr(_genes, "V", 1e12)
    found = simulate(network, (4,), 1, 3.0)[0, 0]
    begin = generator("data split", 4, "cells").uniform(0, _genes.START, shape)[:, 0]
    path = solve_ivp(lambda _, y: network.drift(y.reshape(2, 3)).ravel(), (0, 8), begin.ravel(), rtol=1e-9, atol=1e-9)
    assert len(found) == round(3 / STEP) + 1
    np.testing.assert_allclose(found[-1], np.log1p(path.y[3:, -1]), atol=2e-2)


def test_the_variance_of_one_gene_alone_is_that_of_its_linear_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without regulators m is a birth-death process: mean R_0 + R (and 1/4V more, Stratonovich), variance mean / V."""
    monkeypatch.setattr(_genes, "V", 200.0)
    network, mean = Network(np.zeros((1, 1), int)), _genes.R_0 + _genes.R
    rng, steps = np.random.default_rng(0), round(12 / STEP)
    increments = rng.normal(0, STEP**0.5, (steps, 2, 4000, 1))
    m, _ = _genes.heun(network.drift, network.diffusion, np.full((2, 4000, 1), mean), increments, STEP)[-1]
    assert m.mean() == pytest.approx(mean, rel=1e-3)
    assert m.var() == pytest.approx(mean / 200, rel=0.1)


def test_cells_are_observed_at_irregular_times_of_their_own() -> None:
    settings = Settings(model=None, train_cells=6, test_cells=2)
    found = observed("repressilator", settings, (3, 5))
    assert found.values.shape == (2, 8, 10, 3) and found.future.shape == (2, 8, 8, 3)
    gaps = np.diff(found.times, axis=-1)
    assert gaps.min() > 0 and gaps.std() > 0.3 and found.times.min() >= -8 and found.times.max() <= 0
    assert 0.05 < (found.future - found.truth).std() < 0.2
    assert 0.3 < found.kept.mean() < 0.7 and found.kept.any(-1).all()
    alone = observed("repressilator", settings, (5,))
    for name in ("times", "values", "future", "kept", "truth"):
        np.testing.assert_array_equal(getattr(alone, name)[0], getattr(found, name)[1])


def test_bad_rows_and_settings_are_refused() -> None:
    with pytest.raises(UserError, match="ring_7"):
        EXPERIMENT.published("ring_8", "gru_d")
    with pytest.raises(UserError, match="window: found 200, expected at most 161"):
        observed("repressilator", Settings(model=None, window=200), (0,))


@pytest.mark.parametrize("model", MODELS)
def test_every_model_has_its_code_and_a_time(model: str) -> None:
    settings = EXPERIMENT.Settings.model_validate(EXPERIMENT.published("ring_7", model))
    assert ("ctbench.models.latent_dynamics" in EXPERIMENT.code(settings)) == model.startswith(("latent", "neural"))
    assert EXPERIMENT.seconds(settings) > 0
    assert not list(EXPERIMENT.reductions("ring_7", model, settings))
