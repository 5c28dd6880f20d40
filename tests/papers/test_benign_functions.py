"""Truths about the constructions that do not come from the code under test: counts, closed forms, known failures."""

from functools import partial

import numpy as np
import pytest

from ctbench.models._explicit import Affine, network
from ctbench.papers import experiments
from ctbench.papers._exact import bits
from ctbench.papers.benign_functions import (
    _extension,
    _nets,
    binary_digits,
    constructions,
    discrepancy,
    packing,
    protocols,
    self_reduction,
    size_curves,
    threshold_circuits,
    triangle_waves,
)
from ctbench.papers.benign_functions._boolean import on_bits, on_numbers, sampled_pairs
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import validated


def found(rows, metric):
    return [row["value"] for row in rows if row["metric"] == metric]


def naive(function, z):
    d = len(z) // 2
    shared = sum(int(a and b) for a, b in zip(z[:d], z[d:], strict=True))
    return int(shared == 0) if function == "disjointness" else shared % 2


@pytest.mark.parametrize("function", ["disjointness", "inner_product"])
def test_boolean_functions_agree_with_their_definition(function: str) -> None:
    z = bits(np.arange(4**3), 6)
    expected = [naive(function, row) for row in z]
    np.testing.assert_array_equal(on_numbers(function, np.arange(4**3), 3), expected)
    np.testing.assert_array_equal(on_bits(function, z), expected)


def test_sampled_pairs_have_intersections_of_every_size() -> None:
    x, y = np.split(sampled_pairs(6, 2000, np.random.default_rng(0)), 2, axis=1)
    assert set((x * y).sum(1)) == set(range(7))
    assert 0.15 < ((x * y).sum(1) == 0).mean() < 0.45


@pytest.mark.parametrize("model", _nets.BOOLEAN)
def test_networks_are_right_on_every_input_and_have_the_counted_size(model: str) -> None:
    for d in range(1, 6):
        rows = list(constructions.on_all_inputs(model, d))
        assert found(rows, "largest_error") == [0.0] and found(rows, "cases") == [4**d]
    sizes = {"disjointness": 6, "inner_product_triangle": 10, "inner_product_staircase": 15, "inner_product_fold": 11}
    depths = {"inner_product_fold": 5}
    assert found(rows, "hidden_neurons") == [sizes[model]] and found(rows, "depth") == [depths.get(model, 3)]


def test_a_wrong_weight_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = _nets.summed([(1, 1, 0), (-2, 1, -1), (1.5, 1, -2)])  # the last weight should be 2
    monkeypatch.setitem(_nets.BOOLEAN, "disjointness", lambda d: wrong.after(_nets.intersection(d)))
    rows = list(constructions.on_all_inputs("disjointness", 3))
    assert found(rows, "largest_error")[0] > 0


def test_the_share_of_the_bumps_is_steiners_formula() -> None:
    assert _extension.bump_share(1) == pytest.approx(1.0)  # (1/4 + 1/4) of 1/2
    assert _extension.bump_share(2) == pytest.approx(0.25 * (1 + 2 + np.pi / 4))
    x = np.random.default_rng(1).random((200_000, 2)) / 2
    inside = np.linalg.norm(np.maximum(x - 0.25, 0), axis=1) < 0.25
    assert inside.mean() == pytest.approx(_extension.bump_share(2), abs=0.005)


def test_the_extension_agrees_on_corners_and_vanishes_between_them() -> None:
    f = _extension.extension(partial(on_bits, "inner_product"))
    z = bits(np.arange(4**3), 6)
    np.testing.assert_array_equal(f(z), on_bits("inner_product", z))
    assert f(np.full((1, 6), 0.5)) == [0.0]
    rng = np.random.default_rng(2)
    assert _extension.steepest(f, *_extension.leaving(z[on_bits("inner_product", z) == 1], rng)) == pytest.approx(4)


def test_lemma_22_needs_integer_weights() -> None:
    half = (Affine.of([[0.5]], 0.0),)
    assert threshold_circuits.evaluate(half, np.ones((1, 1))) == [[1.0]]
    assert threshold_circuits.relu_network(half)(np.ones((1, 1))) == [[0.5]]


def test_a_circuit_counts_its_gates_and_outputs() -> None:
    circuit = (Affine.of(np.ones((3, 2)), -1), Affine.of(np.ones((2, 3)), 0))
    net = threshold_circuits.relu_network(circuit)
    assert (net.size, net.hidden, net.depth) == (2 * 5 + 2, 10, 3)


def test_wide_network_fails_on_exactly_the_ramps() -> None:
    net = _nets.binary_digits(3, 0.25)
    assert net.hidden == 2 * (2**3 + 1)
    x = np.array([5 / 8, 5.7 / 8, 5.8 / 8])[:, None]  # a ramp goes from 5.75/8 to 6/8
    right = (net(x) == [[1, 0, 1]]).all(axis=1)
    np.testing.assert_array_equal(right, [True, True, False])


def test_ties_of_the_tents_number_2_to_the_c_minus_1_minus_c() -> None:
    for c in (1, 4, 7):
        rows = list(binary_digits.tents(c))
        assert found(rows, "mismatches_at_digits_literal") == [2**c - 1 - c]
        assert found(rows, "mismatches_at_digits_strict") == [2**c - 1]
        assert found(rows, "mismatches_at_digits_moved") == found(rows, "mismatches") == [0]


def test_self_reduction_is_an_identity_with_the_papers_constants() -> None:
    assert found(self_reduction.constants(), "failure_bound") == [pytest.approx(0.09, abs=1e-15)]
    assert found(self_reduction.constants(), "largest_epsilon")[0] == pytest.approx(108**-0.5, abs=1e-4)
    rows = list(self_reduction.identity(3))
    assert found(rows, "mismatches") == [0] and found(rows, "cases") == [16**3]


def test_a_protocol_tells_no_party_more_than_comparisons() -> None:
    net, channel = _nets.inner_product(3), protocols.GreaterThan()
    z = np.array([1.0, 1, 0, 1, 0, 1])
    assert protocols.evaluate(net, z, np.array([True, False, True, False, False, True]), channel)
    assert channel.rounds == 2 * 3 + 1


def test_sign_matrix_is_the_hadamard_matrix() -> None:
    from scipy.linalg import hadamard

    np.testing.assert_array_equal(discrepancy.signs(4), hadamard(16))


def test_largest_rectangles_of_one_value() -> None:
    rows = list(discrepancy.rectangles(3))
    assert found(rows, "zeros_rectangle_over_bound") == [1.0]
    assert found(rows, "ones_rectangle_over_bound") == [0.5]
    assert found(rows, "lindsey_ratio")[0] == pytest.approx(1, abs=1e-12)


def test_from_which_d_the_count_works() -> None:
    rows = list(packing.thresholds())
    works = {row["metric"]: row["value"] for row in rows if "x" not in row}
    assert works == {
        "works_from_rounded": 256,
        "works_from_printed": 129,
        "works_from_volume": 21,
        "vacuous_up_to": 128,
    }


def test_the_entropy_bound_is_below_the_exact_volume_of_a_ball() -> None:
    from scipy.special import gammaln, logsumexp

    d = 14
    n, r = 2**d, 64 * 2**d // d**2
    k = np.arange(r + 1)
    volume = logsumexp(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)) / np.log(2)
    assert packing.by_volume(d) <= 1 - volume / n < packing.by_volume(d) + 0.01


def test_distances_of_the_family_are_those_of_the_lemma() -> None:
    rows = list(packing.distances(4, packing.Settings(samples=2000, pairs=2)))
    assert found(rows, "distance_ratio") == [pytest.approx(1, abs=1e-12)]
    assert found(rows, "steepest_pair")[0] == pytest.approx(1, abs=1e-6)


def test_shapes_grow_as_said() -> None:
    square, most = size_curves.SHAPES["mean_square_shape"], size_curves.SHAPES["maximum_shape"]
    assert most(2**20) / 2**20 == pytest.approx(0.5, abs=1e-5)
    assert square(2**20) / 2**20 == pytest.approx(0.5 / 20, abs=1e-5)


def test_triangle_waves_have_their_pieces() -> None:
    rows = list(triangle_waves.composed(5))
    assert found(rows, "slope") == [32] and found(rows, "hidden_neurons") == [10]
    assert found(rows, "pieces_beyond_power") == found(rows, "triangles_beyond_power") == [0]


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("constructions", {"exact_up_to": 14}, r"exact_up_to: found 14\..*expected 1 to 13.*sampled"),
        ("constructions", {"sampled": [5000]}, "sampled.0: found 5000"),
        ("self_reduction", {"exact_up_to": 7}, r"found 7\..*16\^d"),
        ("threshold_circuits", {"inputs": 21}, r"found 21\..*fewer inputs"),
        ("binary_digits", {"digits": 11}, r"found 11\..*samples"),
        ("discrepancy", {"rectangles_up_to": 5}, r"found 5\..*Lindsey"),
        ("triangle_waves", {"compositions": 15}, r"found 15\..*53 bits"),
        ("lipschitz", {"sizes": []}, "sizes: found"),
        ("lipschitz", {"sizes": [0]}, "sizes.0: found 0"),
        ("packing", {"sizes": [30]}, r"found 30\..*expected 1 to 16"),
        ("threshold_circuits", {"widths": [8, 3]}, "fewest"),
        ("undersized", {"widths": [3, 2]}, "each larger than the one before"),
    ],
)
def test_sizes_out_of_reach_are_refused_with_the_limit_and_the_way_out(name: str, settings: dict, said: str) -> None:
    with pytest.raises(UserError, match=said):
        validated(experiments()[f"benign_functions/{name}"].Settings, settings, "here")


@pytest.mark.parametrize(
    ("name", "dataset", "model", "said"),
    [
        ("constructions", "boolean_cube", "inner_product", "inner_product_fold"),
        ("undersized", "inner_product_7", "two_layers", "inner_product_6"),
    ],
)
def test_unknown_objects_are_refused_with_those_that_exist(name: str, dataset: str, model: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        experiments()[f"benign_functions/{name}"].published(dataset, model)


def test_smaller_sizes_are_said_to_be_reduced() -> None:
    experiment = constructions.EXPERIMENT
    settings = constructions.Settings(exact_up_to=4)
    said = list(experiment.reductions("boolean_cube", "disjointness", settings))
    assert said == ["exact up to 4 instead of 8"]
    assert not list(experiment.reductions("boolean_cube", "disjointness", constructions.Settings(exact_up_to=10)))


def test_a_linear_network_has_no_neuron() -> None:
    assert _nets.scaled(3.0, 1.0).hidden == 0
    assert network(Affine.of([[2.0]])).depth == 1
