from importlib.resources import files

import numpy as np
import pytest
import scipy.sparse

from ctbench import data
from ctbench.data import planetoid
from ctbench.data._dataset import Dataset, canonical_sha256
from ctbench.spec.errors import UserError


@pytest.fixture
def arrays(citations, tmp_path):
    citations.write(tmp_path, "cora")
    return planetoid.decode_planetoid("cora", tmp_path)


def test_features_and_labels_come_to_their_nodes(arrays, citations):
    features = scipy.sparse.csr_matrix(
        (arrays["feature_values"], arrays["feature_indices"], arrays["feature_indptr"]), shape=arrays["feature_shape"]
    )
    np.testing.assert_array_equal(features.toarray(), citations.features)
    assert features.has_sorted_indices
    np.testing.assert_array_equal(arrays["labels"], citations.labels)


def test_edges_are_undirected_unique_and_sorted(arrays):
    np.testing.assert_array_equal(arrays["edges"], [[0, 1], [0, 17], [3, 5]])
    np.testing.assert_array_equal(arrays["self_loops"], [5])
    assert arrays["adjacency_entries"] == 9


def test_split_is_in_increasing_order(arrays):
    np.testing.assert_array_equal(arrays["train"], [0, 1, 2])
    np.testing.assert_array_equal(arrays["validation"], range(3, 12))
    np.testing.assert_array_equal(arrays["test"], [12, 14, 15, 16, 17])


def test_types(arrays):
    types = {name: array.dtype.str for name, array in arrays.items()}
    assert types == {
        "feature_indptr": "<i8",
        "feature_indices": "<i4",
        "feature_values": "<f4",
        "feature_shape": "<i8",
        "edges": "<i4",
        "self_loops": "<i4",
        "adjacency_entries": "<i8",
        "labels": "<i8",
        "train": "<i8",
        "validation": "<i8",
        "test": "<i8",
    }


def test_fingerprint_counts(arrays):
    found = planetoid.fingerprint(arrays)
    assert (found["nodes"], found["quoted_edges"], found["edges"], found["self_loops"]) == (18, 4, 3, 1)
    assert (found["isolated_nodes"], found["unlabelled_nodes"], found["classes"]) == (13, 1, 3)


def test_files_that_disagree_are_refused(citations, tmp_path):
    citations.write(tmp_path, "cora")
    (tmp_path / "ind.cora.test.index").write_text("12 14 15 16\n")
    with pytest.raises(UserError, match=r"ind\.cora\.test\.index: the Planetoid files of 'cora' disagree"):
        planetoid.decode_planetoid("cora", tmp_path)


def test_an_edge_to_nowhere_is_refused(citations, tmp_path):
    citations.graph[2] = [99]
    citations.write(tmp_path, "cora")
    with pytest.raises(UserError, match="an edge to a node that is not among the 18"):
        planetoid.decode_planetoid("cora", tmp_path)


def test_linqs_order_gives_the_same_arrays(citations, tmp_path):
    """The same graph as identifiers and words, its papers shuffled: every array is equal, bit by bit."""
    citations.test_index = (16, 12, 17, 14, 15, 13)
    citations.labels[13] = 2
    citations.graph = {0: [1, 1, 17], 1: [0, 0], 17: [0], 3: [5], 5: [3]}
    citations.write(tmp_path, "cora")
    rows = np.random.default_rng(2).permutation(18)
    content = np.empty(18, dtype=object)
    for node, row in enumerate(rows):
        words = "\t".join(str(int(x)) for x in citations.features[node])
        content[row] = f"paper{node}\t{words}\t{planetoid.CORA_LABELS[citations.labels[node]]}\n"
    (tmp_path / "cora.content").write_text("".join(content))
    (tmp_path / "cora.cites").write_text("paper1\tpaper0\npaper0\tpaper1\npaper17\tpaper0\npaper3\tpaper5\n")
    linqs = planetoid.linqs_arrays(tmp_path, rows, trained=3, tested=6)
    assert canonical_sha256(linqs) == canonical_sha256(planetoid.decode_planetoid("cora", tmp_path))


def test_linqs_with_another_number_of_papers_is_refused(tmp_path):
    (tmp_path / "cora.content").write_text("1\t0\t1\tTheory\n")
    with pytest.raises(UserError, match="has 1 papers, expected 2708"):
        planetoid.decode_linqs("cora", tmp_path)


def labelled(name: str, classes: int, per_class: int) -> Dataset:
    labels = np.concatenate([np.full(15, -1), np.tile(np.arange(classes), per_class)])
    return Dataset(name, {"labels": labels}, "", {})


def test_random_split_is_disjoint_balanced_and_paired_by_generator():
    dataset = labelled("citeseer", 6, 400)
    found = data.split(dataset, "random", np.random.default_rng(3))
    labels = dataset.arrays["labels"]
    assert np.bincount(labels[found["train"]]).tolist() == [20] * 6
    assert {part: len(index) for part, index in found.items()} == {"train": 120, "validation": 500, "test": 1000}
    together = np.concatenate(list(found.values()))
    assert len(np.unique(together)) == len(together) and labels[together].min() >= 0
    again = data.split(dataset, "random", np.random.default_rng(3))
    other = data.split(dataset, "random", np.random.default_rng(4))
    for part, index in found.items():
        assert index.dtype == np.int64
        np.testing.assert_array_equal(index, again[part])
        assert not np.array_equal(index, other[part])


def test_random_split_refuses_what_it_cannot_do():
    with pytest.raises(UserError, match="'cora' has too few labelled nodes"):
        data.split(labelled("cora", 7, 100), "random", np.random.default_rng(0))
    with pytest.raises(ValueError, match="needs a numpy random generator"):
        data.split(labelled("cora", 7, 400), "random")


def test_old_dgl_split_is_coras_alone():
    found = data.split(labelled("cora", 7, 400), "old_dgl")
    assert {part: (index[0], index[-1], len(index)) for part, index in found.items()} == {
        "train": (0, 139, 140),
        "validation": (200, 499, 300),
        "test": (500, 1499, 1000),
    }
    with pytest.raises(UserError, match="'cora' alone, not for 'pubmed'"):
        data.split(labelled("pubmed", 3, 600), "old_dgl")


def test_planetoid_split(arrays):
    found = data.split(Dataset("cora", arrays, "", {}), "planetoid")
    np.testing.assert_array_equal(found["test"], arrays["test"])
    with pytest.raises(UserError, match="no split called 'planetoids'"):
        data.split(Dataset("cora", arrays, "", {}), "planetoids")


def test_the_index_of_cora_is_a_permutation():
    text = files("ctbench.data").joinpath("cora_linqs_rows.csv").read_text()
    assert sorted(int(line) for line in text.split()[1:]) == list(range(2708))


def test_the_largest_component_is_cut_out_whole(arrays):
    whole = Dataset("cora", arrays, canonical_sha256(arrays), planetoid.fingerprint(arrays))
    part = planetoid.largest_component(whole).arrays  # nodes 0, 1 and 17
    np.testing.assert_array_equal(part["edges"], [[0, 1], [0, 2]])
    np.testing.assert_array_equal(part["labels"], arrays["labels"][[0, 1, 17]])
    np.testing.assert_array_equal(part["train"], [0, 1])
    np.testing.assert_array_equal(part["test"], [2])
    assert part["feature_shape"][0] == 3 and part["self_loops"].size == 0
