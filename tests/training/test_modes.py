"""Modes of linear systems whose eigenvalues are known; PyDMD as the plain twin; bad input."""

import warnings

import numpy as np
import pytest
from pydmd import DMD
from scipy.linalg import block_diag
from scipy.stats import ortho_group

from ctbench.spec.errors import UserError
from ctbench.training.modes import delayed, dynamic_modes, spectral_distance


def rotation(modulus: float, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return modulus * np.array([[c, -s], [s, c]])


KNOWN = np.array([1.0, 0.97, 0.6, 0.9 * np.exp(0.4j), 0.9 * np.exp(-0.4j)])


def linear(snapshots: int = 40, weights: int = 60, seed: int = 0) -> np.ndarray:
    """A trajectory of w' = A w whose eigenvalues are `KNOWN`, in a random subspace."""
    A = block_diag(1.0, 0.97, 0.6, rotation(0.9, 0.4))
    states = [np.ones(5)]
    for _ in range(snapshots - 1):
        states.append(A @ states[-1])
    basis = ortho_group.rvs(weights, random_state=seed)[:5]
    return np.array(states) @ basis


def order(values: np.ndarray) -> np.ndarray:
    return values[np.lexsort((values.imag.round(6), values.real.round(6)))]


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("delays", [1, 4])
def test_known_eigenvalues_are_found_and_the_residuals_vanish(exact: bool, delays: int) -> None:
    found = dynamic_modes(linear(), delays=delays, exact=exact)
    np.testing.assert_allclose(order(found.eigenvalues), order(KNOWN), atol=1e-10)
    assert found.residuals.max() < 1e-10


def test_single_precision_finds_them_within_its_rounding() -> None:
    found = dynamic_modes(linear().astype(np.float32), rank=5)
    np.testing.assert_allclose(order(found.eigenvalues), order(KNOWN), atol=1e-4)


def test_both_ways_of_factorising_agree() -> None:
    W = linear(100, 300) + 0.01 * np.random.default_rng(0).normal(size=(100, 300))
    W = W.astype(np.float32)
    a, b = dynamic_modes(W, 6), dynamic_modes(W.astype(np.float64), 6, tolerance=1e-6)
    np.testing.assert_allclose(order(a.eigenvalues), order(b.eigenvalues), atol=1e-6)
    np.testing.assert_allclose(np.sort(a.importance), np.sort(b.importance), rtol=1e-5)


def test_noise_of_a_thousandth_moves_the_slow_eigenvalues_by_less_than_a_hundredth() -> None:
    clean = linear(100)
    noisy = clean + 1e-3 * np.random.default_rng(1).normal(size=clean.shape) * np.abs(clean).max()
    found = dynamic_modes(noisy, rank=5).eigenvalues
    for value in KNOWN[[0, 1, 3, 4]]:
        assert np.abs(found - value).min() < 1e-2


@pytest.mark.parametrize("rank", [3, 5, 8])
def test_pydmd_agrees(rank: int) -> None:
    W = linear(60) + 0.01 * np.random.default_rng(2).normal(size=(60, 60))
    ours = dynamic_modes(W, rank)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = DMD(svd_rank=rank, exact=True).fit(W.T)
    np.testing.assert_allclose(order(ours.eigenvalues), order(theirs.eigs), atol=1e-10)
    scale = np.abs(ours.amplitudes) * np.linalg.norm(ours.modes, axis=0)
    np.testing.assert_allclose(
        np.sort(scale), np.sort(np.abs(theirs.amplitudes) * np.linalg.norm(theirs.modes, axis=0)), rtol=1e-8
    )


def test_prediction_continues_the_trajectory() -> None:
    W = linear(80)
    np.testing.assert_allclose(dynamic_modes(W[:30]).ahead(40), W[69], atol=1e-9)


def test_the_most_important_mode_comes_first_and_the_fixed_point_is_the_limit() -> None:
    found = dynamic_modes(linear(60))
    assert (np.diff(found.importance) <= 1e-12).all()
    limit = linear(3000)[-1]
    np.testing.assert_allclose(found.fixed_point(), np.abs(limit), atol=1e-8)


def test_an_eigenvalue_that_no_linear_map_has_shows_in_its_residual() -> None:
    rng = np.random.default_rng(3)
    noise = dynamic_modes(rng.normal(size=(30, 200)), rank=5)
    assert noise.residuals.min() > 0.1
    assert noise.share_near_one(10.0, residual=0.1) == 0.0


def test_delays_find_what_one_number_hides() -> None:
    """One observable of a rotation has a real eigenvalue only; with one delay it has the rotation's."""
    one = np.cos(0.3 * np.arange(50))[:, None]
    assert dynamic_modes(one, 1).eigenvalues.imag == 0
    found = dynamic_modes(one, 2, delays=2).eigenvalues
    np.testing.assert_allclose(np.sort(np.abs(np.angle(found))), [0.3, 0.3], atol=1e-10)
    assert delayed(one, 3).shape == (48, 3)
    np.testing.assert_array_equal(delayed(one, 3)[7], one[7:10, 0])


def test_share_near_one_counts() -> None:
    assert dynamic_modes(linear()).share_near_one(0.01) == pytest.approx(0.2)
    assert dynamic_modes(linear()).share_near_one(0.05) == pytest.approx(0.4)


def test_distance_of_spectra_is_that_of_a_shift() -> None:
    assert spectral_distance(KNOWN, KNOWN) == pytest.approx(0, abs=1e-12)
    assert spectral_distance(KNOWN, KNOWN + 0.3j) == pytest.approx(0.3)
    assert spectral_distance(KNOWN, KNOWN[::-1]) == pytest.approx(0, abs=1e-12)


def test_bad_trajectories_are_refused() -> None:
    W = linear()
    with pytest.raises(UserError, match=r"found 8 snapshots, expected at least 11 for rank 10"):
        dynamic_modes(W[:8])
    with pytest.raises(UserError, match=r"expected at least 14 for rank 10 and 4 in a state"):
        dynamic_modes(W[:13], delays=4)
    with pytest.raises(UserError, match=r"snapshot 17 of 40 is not finite"):
        dynamic_modes(np.where(np.arange(40)[:, None] >= 17, np.nan, W))
    with pytest.raises(UserError, match="the weights are the same in all 20 snapshots"):
        dynamic_modes(np.tile(W[:1], (20, 1)))
    with pytest.raises(UserError, match=r"expected \[snapshots, weights\]"):
        dynamic_modes(W[0])
    with pytest.raises(UserError, match="found rank 0"):
        dynamic_modes(W, 0)
