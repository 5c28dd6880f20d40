import numpy as np
import pytest
from scipy import sparse

from ctbench.models import resolved
from ctbench.models._sparse import Graph
from ctbench.spec.errors import UserError
from ctbench.training import node_classification
from ctbench.training._graph_checks import check, check_memory, free_memory
from ctbench.training.node_classification import NodeClassification, Settings, bytes_per_seed, graph_of

NODES = 8
EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 5], [5, 6]])


def arrays(edges: np.ndarray = EDGES) -> dict[str, np.ndarray]:
    """A path of 7 nodes, and node 7 alone; node 6 has no label."""
    x = sparse.csr_array(np.arange(1, 2 * NODES + 1, dtype=float).reshape(NODES, 2))
    return {
        "feature_shape": np.array(x.shape),
        "feature_values": x.data,
        "feature_indices": x.indices,
        "feature_indptr": x.indptr,
        "edges": edges,
        "labels": np.array([0, 1, 0, 1, 0, 1, -1, 0]),
    }


def split(**changes: list[int]) -> dict[str, np.ndarray]:
    parts = {"train": [0, 1], "validation": [2, 3], "test": [4, 5, 7]} | changes
    return {name: np.array([index]) for name, index in parts.items()}


def test_an_isolated_node_and_one_without_label_are_welcome_outside_the_split() -> None:
    graph = graph_of(arrays(), "row_normalised")
    check(graph, arrays()["labels"], split())
    assert not graph.adjacency[[7]].count_nonzero()


def test_directed_repeated_and_looped_edges_count_once_in_both_directions() -> None:
    messy = np.concatenate([EDGES[:, ::-1], EDGES[:3], EDGES[:3], [[2, 2], [7, 7]]])
    found, expected = (graph_of(arrays(edges), "raw").adjacency.toarray() for edges in (messy, EDGES))
    np.testing.assert_array_equal(found, expected)


def test_features_are_raw_or_sum_to_one() -> None:
    raw, normal, binary = (
        graph_of(arrays(), name).features.toarray() for name in ("raw", "row_normalised", "binary_row_normalised")
    )
    np.testing.assert_array_equal(raw[0], [1, 2])
    np.testing.assert_allclose(normal[0], [1 / 3, 2 / 3])
    np.testing.assert_allclose(binary[0], [1 / 2, 1 / 2])


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"validation": [1, 3]}, "node 1 is in train and in validation"),
        ({"test": [4, 6]}, "split.test: node 6 has no label"),
        ({"test": [4, 8]}, "split.test: found node 8, expected 0 to 7"),
        ({"train": [0, 2], "validation": [1, 3]}, "no node of class 1"),
        ({"validation": []}, "split.validation: has no node"),
    ],
)
def test_a_bad_split_is_refused(changes: dict[str, list[int]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        check(graph_of(arrays(), "raw"), arrays()["labels"], split(**changes))


def test_a_bad_graph_is_refused() -> None:
    good = graph_of(arrays(), "raw")
    loop, one_way = good.adjacency.toarray(), good.adjacency.toarray()
    loop[3, 3], one_way[0, 5] = 1, 1
    nothing = Graph(sparse.csr_array((NODES, 2)), good.adjacency, 2)
    for graph, message in [
        (Graph(good.features, sparse.csr_array(loop), 2), "node 3 has an edge to itself"),
        (Graph(good.features, sparse.csr_array(one_way), 2), r"\(0, 5\) and \(5, 0\)"),
        (nothing, "features: all are zero"),
    ]:
        with pytest.raises(UserError, match=message):
            check(graph, arrays()["labels"], split())


@pytest.mark.parametrize(
    "model, key, value",
    [("cgnn", "end_time", 0), ("cgnn", "alpha_logit", 20), ("gcde", "end_time", -1), ("wcgnn", "end_time", -0.5)],
)
def test_a_time_or_alpha_out_of_range_is_refused_by_name(model: str, key: str, value: float) -> None:
    with pytest.raises(UserError, match=rf"options of {model}.{key}: found {value}"):
        resolved(model, {key: value})


def test_too_many_seeds_are_refused_with_the_number_that_fits() -> None:
    check_memory(10, 2**30, free=10 * 2**30)
    with pytest.raises(UserError, match=r"seeds: 11 .* need about 11.0 GiB; 10.5 GiB are free, which hold 10"):
        check_memory(11, 2**30, free=int(10.5 * 2**30))


def test_a_training_refuses_more_seeds_than_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    settings, graph = Settings(model="gcn"), graph_of(arrays(), "raw")
    free = int(3.5 * bytes_per_seed(settings, graph, 0))
    monkeypatch.setattr(node_classification, "free_memory", lambda device: free)

    def training(seeds: int) -> NodeClassification:
        parts = {name: np.tile(index, (seeds, 1)) for name, index in split().items()}
        return NodeClassification(settings, graph, arrays()["labels"], parts, tuple(range(seeds)))

    assert len(training(3).seeds) == 3
    with pytest.raises(UserError, match=r"seeds: 4 trained together need about .* are free, which hold 3\."):
        training(4)


def test_free_memory_is_that_of_a_machine() -> None:
    assert free_memory("cpu") > 2**26
