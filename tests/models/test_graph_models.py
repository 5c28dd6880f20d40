import numpy as np
import pytest
import torch
from scipy import sparse
from torch import Generator

from ctbench.models import MODELS
from ctbench.models._graph import GraphModel, dropped
from ctbench.models._sparse import Graph, SparseFeatures, csr, factors, normalised, propagate

GRAPH_MODELS = [name for name in MODELS if issubclass(MODELS[name], GraphModel)]


def small_graph(nodes: int = 20, features: int = 8) -> Graph:
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((nodes, nodes)) < 0.2, 1)
    x = sparse.csr_array(rng.random((nodes, features)) * (rng.random((nodes, features)) < 0.5))
    return Graph(x, sparse.csr_array((upper | upper.T).astype(float)), classes=3)


def build(name: str, seeds: tuple[int, ...], **options: object) -> GraphModel:
    kind = MODELS[name]
    return kind(kind.Options(**options), small_graph(), [Generator().manual_seed(s) for s in seeds])


def test_normalisation_of_a_path_of_three_by_hand() -> None:
    path = sparse.csr_array(np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], dtype=float))
    expected = [[1 / 2, 1 / 6**0.5, 0], [1 / 6**0.5, 1 / 3, 1 / 6**0.5], [0, 1 / 6**0.5, 1 / 2]]
    np.testing.assert_allclose(normalised(path, 1.0).toarray(), expected)


def test_an_isolated_node_without_a_loop_has_a_zero_row() -> None:
    assert normalised(sparse.csr_array((2, 2)), 0.0).toarray().tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("name", GRAPH_MODELS)
def test_seeds_trained_together_equal_seeds_alone(name: str) -> None:
    together = build(name, (3, 7))(None)
    alone = torch.cat([build(name, (seed,))(None) for seed in (3, 7)])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize("name", GRAPH_MODELS)
def test_dropout_of_a_seed_does_not_depend_on_its_company(name: str) -> None:
    def masks(seeds: tuple[int, ...]) -> list[Generator]:
        return [Generator().manual_seed(100 + s) for s in seeds]

    together = build(name, (3, 7))(masks((3, 7)))
    alone = torch.cat([build(name, (seed,))(masks((seed,))) for seed in (3, 7)])
    torch.testing.assert_close(together, alone)


def test_gcn_equals_dense_algebra() -> None:
    graph, model = small_graph(), build("gcn", (0,), hidden=5)
    L, x = (
        torch.tensor(normalised(graph.adjacency, 1.0).toarray()).float(),
        torch.tensor(graph.features.toarray()).float(),
    )
    hidden = torch.relu(L @ x @ model.first.weight[0] + model.first.bias[0])
    expected = L @ hidden @ model.rest[0].weight[0] + model.rest[0].bias[0]
    torch.testing.assert_close(model(None)[0], expected)


def test_sparse_features_match_dense_with_dropout() -> None:
    x = small_graph().features
    features, weight = SparseFeatures(x), torch.randn(2, x.shape[1], 4, requires_grad=True)
    generators = [Generator().manual_seed(s) for s in (0, 1)]
    found = features.times(weight, 0.5, generators)
    again = [Generator().manual_seed(s) for s in (0, 1)]
    masks = [factors((x.nnz,), 0.5, g) for g in again]
    dense = []
    for s, mask in enumerate(masks):
        kept = sparse.csr_array((x.data * mask.numpy(), x.indices, x.indptr), shape=x.shape)
        dense.append(torch.tensor(kept.toarray()).float() @ weight[s])
    torch.testing.assert_close(found, torch.stack(dense))
    gradient = torch.autograd.grad(found.square().sum(), weight)[0]
    expected = torch.autograd.grad(torch.stack(dense).square().sum(), weight)[0]
    torch.testing.assert_close(gradient, expected)


def test_propagation_has_the_right_gradient() -> None:
    matrix = csr(normalised(small_graph().adjacency, 1.0), torch.float64)
    states = torch.randn(2, 20, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda h: propagate(matrix, h), states)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.6, 0.9])
def test_factors_are_independent_and_of_the_right_rate(rate: float) -> None:
    found = factors((3, 400_001), rate, Generator().manual_seed(0)) > 0
    assert float(found.double().mean()) == pytest.approx(1 - rate, abs=4 * (rate * (1 - rate) / found.numel()) ** 0.5)
    for shift in (1, 2, 3, 4):
        both = (found[:, shift:] & found[:, :-shift]).double().mean()
        assert float(both) == pytest.approx((1 - rate) ** 2, abs=2e-3)


def test_dropout_keeps_the_mean() -> None:
    states = torch.ones(1, 4000, 5)
    found = dropped(states, 0.6, [Generator().manual_seed(0)])
    assert float(found.mean()) == pytest.approx(1, abs=0.03)
    assert set(np.round(found.unique().tolist(), 4)) == {0.0, 2.5}
