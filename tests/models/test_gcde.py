"""GCDE: its fields, its solvers, its dropout, its evaluations."""

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Generator

from ctbench.models._sparse import Graph, normalised
from ctbench.models.gcde import GCDE

NODES = 20


def graph() -> Graph:
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((NODES, NODES)) < 0.2, 1)
    return Graph(sparse.csr_array(rng.random((NODES, 8))), sparse.csr_array((upper | upper.T).astype(float)), classes=3)


def generators(*seeds: int) -> list[Generator]:
    return [Generator().manual_seed(s) for s in seeds]


def build(*seeds: int, **options: object) -> GCDE:
    return GCDE(GCDE.Options(**options), graph(), generators(*seeds))


@pytest.mark.parametrize("scheme, nfe", [("rk4_38", 4), ("midpoint", 2), ("euler", 1)])
def test_fixed_steps_take_one_evaluation_a_stage(scheme: str, nfe: int) -> None:
    model = build(0, scheme=scheme)
    model(None)
    assert model.nfe == [nfe]


def test_dopri5_takes_more_evaluations_than_one_step_of_rk4() -> None:
    model = build(0, 1, method="dopri5")
    model(None)
    assert min(model.nfe) > 4


@pytest.mark.parametrize(
    "field, method",
    [("convolution", "dopri5"), ("convolution", "adjoint"), ("attention", "dopri5"), ("message", "dopri5")],
)
def test_many_fixed_steps_equal_dopri5(field: str, method: str) -> None:
    found, tolerance = [], 1e-4 if field == "convolution" else 2e-2  # the other fields have kinks
    for how in ({"steps": 50}, {"method": method}):
        model = build(0, 1, field=field, rtol=1e-7, atol=1e-7, hidden=4, end_time=0.1, **how).double()
        model.first.features.matrix = model.first.features.matrix.double()
        model.first.features.transposed = model.first.features.transposed.double()
        model.operator = model.operator.to(torch.float64)
        logits = model(None)
        logits.square().sum().backward()
        found.append([logits, *(p.grad for p in model.parameters())])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("layers", [1, 2])
def test_the_convolution_field_equals_dense_algebra(layers: int) -> None:
    model, h = build(0, field_layers=layers, hidden=5), torch.randn(1, NODES, 5)
    L = torch.tensor(normalised(graph().adjacency, 1.0).toarray()).float()
    weights = [(layer.linear.weight[0], layer.linear.bias[0]) for layer in model.field.layers]
    expected = torch.nn.functional.softplus(L @ h[0] @ weights[0][0] + weights[0][1])
    for W, b in weights[1:]:
        expected = L @ expected @ W + b
    torch.testing.assert_close(model.field(h, lambda layer, y: y)[0], expected)


def test_messages_are_summed_over_neighbours() -> None:
    layer, h = build(0, field="message", field_layers=1, hidden=4).field.layers[0], torch.randn(1, NODES, 4)
    P, Q, b = layer.to_target.weight[0], layer.to_source[0], layer.to_target.bias[0, 0]
    found, adjacency = layer(h)[0], graph().adjacency.toarray()
    for v in range(NODES):
        expected = sum(
            (torch.relu(h[0, v] @ P + h[0, u] @ Q + b) for u in np.flatnonzero(adjacency[v])), torch.zeros(4)
        )
        torch.testing.assert_close(found[v], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("redraw", [True, False])
def test_one_solve_has_one_mask_unless_it_is_redrawn(redraw: bool) -> None:
    model, h = build(0, 1, redraw=redraw), torch.ones(2, NODES, 64)
    drop = model.dropping(h, generators(5, 6))
    assert torch.equal(drop(0, h), drop(0, h)) is not redraw
    assert not torch.equal(drop(0, h), drop(1, h))


def test_in_evaluation_nothing_is_dropped() -> None:
    h = torch.ones(1, NODES, 64)
    assert torch.equal(build(0).dropping(h, None)(0, h), h)


@pytest.mark.parametrize(
    "options",
    [
        {"method": "dopri5", "redraw": False, "field_layers": 1},
        {"method": "dopri5"},
        {"field": "attention"},
        {"field": "message"},
    ],
)
def test_a_seed_does_not_depend_on_its_company(options: dict[str, object]) -> None:
    together = build(3, 7, **options)
    logits = together(generators(103, 107))
    for i, seed in enumerate((3, 7)):
        alone = build(seed, **options)
        torch.testing.assert_close(logits[i : i + 1], alone(generators(100 + seed)), rtol=1e-5, atol=1e-3)
        assert together.nfe[i : i + 1] == alone.nfe


@pytest.mark.parametrize("method", ["dopri5", "adjoint"])
def test_a_seed_that_diverges_leaves_the_others_alone(method: str) -> None:
    model = build(0, 1, method=method)
    with torch.no_grad():
        model.field.layers[0].linear.weight[1].fill_(float("nan"))
    logits = model(None)
    torch.testing.assert_close(logits[:1], build(0, method=method)(None))
    assert bool(logits[1].isnan().all())
    logits.sum(dim=(1, 2)).nansum().backward()
    assert bool(model.field.layers[0].linear.weight.grad[0].isfinite().all())
