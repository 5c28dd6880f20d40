from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctbench.models._explicit import Affine, binary_places, network, summed
from ctbench.spec.errors import UserError

TENT = summed([(1, 2, 0), (-1, 4, -2)])


def random_net(rng, widths, denominator=1):
    pairs = pairwise(widths)
    return network(
        *(Affine.of(rng.integers(-5, 6, (b, a)) / denominator, rng.integers(-5, 6, b) / denominator) for a, b in pairs)
    )


def test_neurons_and_layers_are_counted() -> None:
    net = random_net(np.random.default_rng(0), [4, 7, 5, 2])
    assert (net.inputs, net.outputs, net.depth, net.hidden, net.size) == (4, 2, 3, 12, 14)


def test_a_network_after_another_is_the_composition_and_merges_the_linear_layer() -> None:
    rng = np.random.default_rng(1)
    inner, outer = random_net(rng, [3, 6, 2]), random_net(rng, [2, 4, 1])
    joint, x = outer.after(inner), rng.normal(size=(50, 3))
    assert (joint.hidden, joint.depth) == (inner.hidden + outer.hidden, inner.depth + outer.depth - 1)
    np.testing.assert_allclose(joint(x), outer(inner(x)), rtol=1e-12)


def test_gradient_is_that_of_central_differences() -> None:
    rng = np.random.default_rng(2)
    net, x, h = random_net(rng, [3, 8, 5, 1]), rng.normal(size=(20, 3)), 1e-6
    by_difference = [(net(x + h * e) - net(x - h * e))[:, 0] / (2 * h) for e in np.eye(3)]
    np.testing.assert_allclose(net.gradient(x), np.transpose(by_difference), atol=1e-6)


def test_the_tent_has_its_closed_form() -> None:
    x = np.linspace(0, 1, 257)[:, None]
    np.testing.assert_array_equal(TENT.exactly(x, places=8), 1 - np.abs(2 * x - 1))


@given(st.integers(0, 10_000))
def test_exact_values_are_those_of_fractions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = random_net(rng, [3, 4, 4, 1], denominator=8)
    x = rng.integers(-16, 17, (1, 3)) / 16
    state = [Fraction(v) for v in x[0]]
    for i, layer in enumerate(net.layers):
        state = [
            sum((Fraction(w) * s for w, s in zip(row, state, strict=True)), Fraction(b))
            for row, b in zip(layer.weight, layer.bias, strict=True)
        ]
        if i < 2:
            state = [max(v, Fraction(0)) for v in state]
    assert Fraction(float(net.exactly(x, places=4)[0, 0])) == state[0]


def test_a_composition_too_deep_for_exact_values_is_refused() -> None:
    net = TENT
    for _ in range(20):
        net = TENT.after(net)
    with pytest.raises(UserError, match=r"may need \d+ bits .* float64 has 53"):
        net.exactly(np.full((1, 1), 0.5), places=20)


def test_places_after_the_point() -> None:
    assert binary_places(np.array([3.0, 0.0, -8.0])) == 0
    assert binary_places(np.array([0.5, -0.375])) == 3


def test_layers_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="3 inputs after one of 2 outputs"):
        network(Affine.of(np.ones((2, 2))), Affine.of(np.ones((1, 3))))
