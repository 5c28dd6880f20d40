"""The mathematics of the learnability paper against closed forms and brute force, and bad input."""

from itertools import product

import numpy as np
import pytest
import torch
from scipy.linalg import hadamard

from ctbench.models._explicit import Affine, network
from ctbench.papers import experiments
from ctbench.papers._experiment import expand
from ctbench.papers.learnability import _cube, _pieces, continuous_depth, iterated_triangle, parities, products_of_ors
from ctbench.papers.learnability.parity_training import Settings as ParitySettings
from ctbench.papers.learnability.square_wave_training import Settings as WaveSettings
from ctbench.solvers import SCHEMES
from ctbench.solvers.fixed import integrate
from ctbench.spec.config import merge
from ctbench.spec.errors import UserError
from ctbench.spec.run import RunSpec


@pytest.mark.parametrize("n", [1, 4, 5, 6, 11])
def test_walsh_transform_is_the_matrix_product_and_its_own_inverse(n):
    values = np.random.default_rng(n).integers(-9, 9, (3, 1 << n)).astype(float)
    found = _cube.walsh(values)
    assert np.array_equal(found, values @ hadamard(1 << n))
    assert np.array_equal(_cube.walsh(found), values * 2**n)


def test_a_parity_has_one_coefficient_and_is_the_product_of_its_members():
    n, chosen = 6, 0b101001
    found = _cube.walsh(_cube.parity(n, chosen))
    assert found[chosen] == 2**n and np.count_nonzero(found) == 1
    assert np.array_equal(_cube.parity(n, chosen), _cube.points(n)[:, [0, 3, 5]].prod(1))


@pytest.mark.parametrize(
    ("work", "message"),
    [
        (lambda: _cube.walsh(np.ones(6)), "found 6 values, expected a power of two"),
        (lambda: _cube.parity(4, 0), "expected a nonempty set of 4"),
        (lambda: _cube.parity(4, 16), "found 16"),
        (lambda: _cube.points(30), "found 30, expected 1 to 24.*draw samples"),
    ],
)
def test_bad_sets_and_sizes_are_named(work, message):
    with pytest.raises(UserError, match=message):
        work()


@pytest.mark.parametrize(
    ("experiment", "dataset", "models", "message"),
    [
        ("parities", "parities", {"exact": {"n": [30]}}, "2 to 24.*samples"),
        ("statistical_queries", "parities", {"exact": {"low_degree": []}}, "at least 1 item"),
        ("depth_separation", "products_of_ors", {"depth_2": {"n": [11]}}, "1 to 10"),
        ("iterated_triangle", "square_wave", {"exact": {"n": 40}}, "less than or equal to 24"),
        ("initialisation", "random_weights", {"xavier": {"depths": [6]}}, "square is below the width"),
        ("parity_training", "parity_9", {"kernel_ridge": {}}, "parity_"),
        ("square_wave_training", "square_wave", {"adam": {"points": 3}}, "multiple of 2"),
        ("gradients", "square_wave", {"tanh_depth3": {"n": [21]}}, "1 to 20"),
    ],
)
def test_bad_settings_are_named(experiment, dataset, models, message):
    name = f"learnability/{experiment}"
    config = merge({"preset": "smoke", "experiments": {name: {"datasets": [dataset], "models": models}}}, "test")
    with pytest.raises(UserError, match=message):
        expand(config.model_copy(update={"experiments": {name: config.experiments[name]}}), experiments())


def test_the_whole_cube_is_refused_when_it_is_too_large_and_half_of_odd_n_too():
    experiment = experiments()["learnability/parity_training"]
    for dataset, n, message in (("parity_2", 30, "draw samples"), ("parity_half", 9, "expected even n")):
        spec = _spec(dataset, ParitySettings(n=(n,)).model_dump(mode="json"))
        with pytest.raises(UserError, match=message):
            experiment.task(spec, (0,), None)


def _spec(dataset, settings):
    return RunSpec(
        paper="learnability",
        experiment="parity_training",
        dataset=dataset,
        model="gradient_descent_cube",
        settings=settings,
    )


def test_pieces_of_a_hat_and_of_random_nets_against_a_fine_grid():
    hat = network(Affine.of([[1.0], [1.0]], [0.0, -0.25]), Affine.of([[1.0, -2.0]]))
    assert _pieces.pieces(hat) == 2
    assert _pieces.pieces(_pieces.triangle(5)) == 32
    rng = np.random.default_rng(3)
    net = iterated_triangle.random_net(4, 5, rng)
    x, values = _pieces.polyline(net)
    fine = np.linspace(0, 1, 20_001)
    assert np.interp(fine, x, values) == pytest.approx(net(fine[:, None])[:, 0], abs=1e-9)
    hinge, wrong = _pieces.losses(x, values, 3)
    middle = (fine[1:] + fine[:-1]) / 2
    h, f = net(middle[:, None])[:, 0], _pieces.square_wave(3, middle)
    assert hinge == pytest.approx(np.maximum(1 - f * h, 0).mean(), abs=1e-4)
    assert wrong == pytest.approx((np.where(h >= 0, 1, -1) != f).mean(), abs=1e-3)


def test_the_zero_net_has_hinge_one_and_the_triangle_realises_the_wave():
    zero = network(Affine.of([[0.0]]), Affine.of([[1.0]]))
    assert _pieces.losses(*_pieces.polyline(zero), 4)[0] == 1
    net = _pieces.plus(_pieces.triangle(6, 2.0**-7), -0.5)
    assert iterated_triangle.agreement(net, 6) == 1
    assert _pieces.losses(*_pieces.polyline(net), 6)[1] == pytest.approx(0, abs=1e-12)


def test_jump_optimum_against_all_sign_patterns():
    n = 3
    truth = 1 - 2 * (np.arange(8) % 2)
    best = [0] * 8
    for pattern in product((-1, 1), repeat=8):
        jumps = int((np.diff(pattern) != 0).sum())
        for allowed in range(jumps, 8):
            best[allowed] = max(best[allowed], int(np.dot(pattern, truth)))
    assert iterated_triangle.best_with_jumps(n).tolist() == best


def test_explicit_parity_and_product_nets():
    for chosen in (1, 6, 15):
        net = parities.parity_net(4, chosen)
        assert np.array_equal(net.exactly(_cube.points(4))[:, 0], _cube.parity(4, chosen))
        assert net.depth == 2 and net.hidden <= 5
    net, x = products_of_ors.explicit_net(3), _cube.points(6)
    assert net.depth == 3
    assert np.array_equal(net.exactly(x)[:, 0], np.maximum(x[:, :3], x[:, 3:]).prod(1))
    assert products_of_ors.members(2, "or_is_max").shape == (4, 16)


def test_majority_of_parities_correlates_with_its_votes():
    h = parities.majority_of_parities(8, np.array([3, 7, 100]))
    assert np.abs(_cube.walsh(h)[[3, 7, 100]] / 256) == pytest.approx(0.5)


def test_a_period_of_the_plane_flow_is_the_lozi_map():
    """Shear, three shears of a quarter turn, contraction, each integrated by RK4, against the ReLU network."""
    keep, n = 0.3, 3
    x = torch.linspace(0, 1, 50, dtype=torch.float64)
    z = torch.stack([x + 2.0 ** (-n - 1), torch.zeros_like(x)])

    def phi(x):
        return torch.relu(2 * x) - torch.relu(4 * x - 2)

    def field(a, b):
        return torch.stack([a, b])

    phases = [
        lambda s, z: field(0 * z[0], -phi(z[0])),
        lambda s, z: field(-z[1], 0 * z[1]),
        lambda s, z: field(0 * z[0], z[0]),
        lambda s, z: field(-z[1], 0 * z[1]),
        lambda s, z: field(0 * z[0], np.log(keep) * z[1]),
    ]
    for _ in range(n):
        for phase in phases:
            z = integrate(phase, z, SCHEMES["rk4_classic"], steps=40)
    expected = continuous_depth.lozi(n, keep)(x.numpy()[:, None])[:, 0]
    assert (z[0] - 0.5).numpy() == pytest.approx(expected, abs=1e-6)


def test_amplification_is_the_stability_polynomial():
    z = np.array([-0.7 + 0.2j])
    assert continuous_depth.amplification(SCHEMES["rk4_classic"], z) == pytest.approx(
        1 + z + z**2 / 2 + z**3 / 6 + z**4 / 24
    )


def test_settings_have_the_paper_scale_by_default():
    assert WaveSettings().n == (1, 2, 3, 4, 5, 6, 7)
