"""Citation graphs Cora, Citeseer and Pubmed, as the Planetoid files have them.

Canonical arrays, for n nodes, d features, E edges:

* `feature_indptr` int64 [n + 1], `feature_indices` int32 [nnz] (increasing in each row), `feature_values` float32
  [nnz], `feature_shape` int64 [2]: the feature matrix in CSR form, values as in the files, without explicit zeros;
* `edges` int32 [E, 2]: undirected, each once as (u, v) with u < v, in lexicographic order;
* `self_loops` int32: the nodes that cite themselves, which are not among `edges`;
* `adjacency_entries` int64 []: entries of the files' neighbour lists, repeated ones counted; its half is the number of
  edges that papers quote;
* `labels` int64 [n]: the class, -1 where the files give none;
* `train`, `validation`, `test` int64: the Planetoid split.

The files are `ind.NAME.{x,tx,allx,y,ty,ally,graph}`, Python 2 pickles, and `ind.NAME.test.index`, text. Nodes 0 .. a-1
are the rows of `allx` and `ally`, of which `x` and `y` are the training rows; row i of `tx` and `ty` is node
`test.index[i]`. A node in the test range that `test.index` leaves out (15 in Citeseer) has no features and no label.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.csgraph

from ctbench.data._dataset import Arrays, Dataset, Family, Fingerprint, Split, canonical_sha256, short_sha256
from ctbench.data._pickles import read_pickle
from ctbench.spec.errors import UserError

PARTS = ("train", "validation", "test")
TRAIN_PER_CLASS, VALIDATION, TEST = 20, 500, 1000
CORA_LABELS = (
    "Theory",
    "Reinforcement_Learning",
    "Genetic_Algorithms",
    "Neural_Networks",
    "Probabilistic_Methods",
    "Case_Based",
    "Rule_Learning",
)
CORA_TRAIN, CORA_TEST = 140, 1000


def decode_planetoid(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from the eight Planetoid files of `name` in `folder`. Raises UserError if they disagree."""
    x, tx, allx, y, ty, ally, graph = (
        _read(folder / f"ind.{name}.{part}") for part in ("x", "tx", "allx", "y", "ty", "ally", "graph")
    )
    index = folder / f"ind.{name}.test.index"
    test = np.array(index.read_text().split(), dtype=np.int64)
    trained, known = len(y), allx.shape[0]
    nodes = int(test.max()) + 1
    shape = nodes, allx.shape[1]
    consistent = (
        len(np.unique(test)) == len(test) == tx.shape[0] == len(ty)
        and test.min() >= known == len(ally)
        and x.shape[0] == trained <= known
        and np.array_equal(y, ally[:trained])
        and allx.shape[1] == tx.shape[1]
    )
    if not consistent:
        raise UserError(f"{index}: the Planetoid files of {name!r} disagree on the number of nodes or their labels.")
    labels = np.full(nodes, -1, dtype=np.int64)
    labels[:known], labels[test] = _classes(ally), _classes(ty)
    return {
        **_features(_place(allx, np.arange(known), shape) + _place(tx, test, shape)),
        **_graph(((u, v) for u, neighbours in graph.items() for v in neighbours), nodes, index),
        "labels": labels,
        **_split(np.arange(trained), np.arange(trained, min(trained + VALIDATION, known)), np.sort(test)),
    }


def decode_linqs(name: str, folder: Path) -> dict[str, np.ndarray]:
    """Cora's canonical arrays from `cora.content` and `cora.cites`, which list its papers in another order.

    `cora_linqs_rows.csv` tells for each Planetoid node its line of `cora.content`. Raises UserError on another graph.
    """
    del name
    text = files("ctbench.data").joinpath("cora_linqs_rows.csv").read_text()
    rows = np.array(text.split()[1:], dtype=np.int64)
    return linqs_arrays(folder, rows, trained=CORA_TRAIN, tested=CORA_TEST)


def linqs_arrays(folder: Path, rows: np.ndarray, *, trained: int, tested: int) -> dict[str, np.ndarray]:
    """The canonical arrays of the graph whose node i is line `rows[i]` of `cora.content`.

    The first `trained` nodes are the training set, up to 500 after them validation, the last `tested` the test set.
    A line of `cora.content` is an identifier, one digit 0 or 1 for each word, and a class; one of `cora.cites` names
    two identifiers. Each citation counts as two adjacency entries. Raises UserError on a malformed file.
    """
    content, cites = folder / "cora.content", folder / "cora.cites"
    papers = [line.split("\t", 1) for line in content.read_text().splitlines()]
    if sorted(rows) != list(range(len(papers))):
        raise UserError(f"{content}: has {len(papers)} papers, expected {len(rows)}.")
    papers = [papers[row] for row in rows]
    node = {identifier: i for i, (identifier, _) in enumerate(papers)}
    words, classes = zip(*(rest.rsplit("\t", 1) for _, rest in papers), strict=True)
    cited = [(node[u], node[v]) for u, v in (line.split() for line in cites.read_text().splitlines())]
    nodes = len(papers)
    return {
        **_features(scipy.sparse.csr_matrix(np.stack([_digits(line) for line in words]).astype(np.float32))),
        **_graph((entry for u, v in cited for entry in ((u, v), (v, u))), nodes, cites),
        "labels": np.array([CORA_LABELS.index(label) for label in classes], dtype=np.int64),
        **_split(
            np.arange(trained),
            np.arange(trained, min(trained + VALIDATION, nodes - tested)),
            np.arange(nodes - tested, nodes),
        ),
    }


def _digits(line: str) -> np.ndarray:
    characters = np.frombuffer(line.encode(), dtype=np.uint8)
    return characters[::2] == ord("1")


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        return read_pickle(file, path)


def _classes(one_hot: np.ndarray) -> np.ndarray:
    return np.where(one_hot.any(axis=1), one_hot.argmax(axis=1), -1)


def _place(matrix: scipy.sparse.csr_matrix, rows: np.ndarray, shape: tuple[int, int]) -> scipy.sparse.csr_matrix:
    entries = matrix.tocoo()
    return scipy.sparse.csr_matrix((entries.data, (rows[entries.row], entries.col)), shape=shape)


def _features(matrix: scipy.sparse.csr_matrix) -> dict[str, np.ndarray]:
    matrix = matrix.tocsr()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return {
        "feature_indptr": matrix.indptr.astype(np.int64),
        "feature_indices": matrix.indices.astype(np.int32),
        "feature_values": matrix.data.astype(np.float32),
        "feature_shape": np.array(matrix.shape, dtype=np.int64),
    }


def _graph(entries: Iterable[tuple[int, int]], nodes: int, where: Path) -> dict[str, np.ndarray]:
    pairs = np.array(list(entries), dtype=np.int64).reshape(-1, 2)
    if pairs.size and (pairs.min() < 0 or pairs.max() >= nodes):
        raise UserError(f"{where}: the graph has an edge to a node that is not among the {nodes}.")
    loops = pairs[:, 0] == pairs[:, 1]
    return {
        "edges": np.unique(np.sort(pairs[~loops], axis=1), axis=0).astype(np.int32),
        "self_loops": np.unique(pairs[loops, 0]).astype(np.int32),
        "adjacency_entries": np.array(len(pairs), dtype=np.int64),
    }


def _split(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> Split:
    return {part: np.asarray(index, np.int64) for part, index in zip(PARTS, (train, validation, test), strict=True)}


def fingerprint(arrays: Arrays) -> Fingerprint:
    """Counts, the mean of the feature matrix and the hash of the split."""
    nodes, features = (int(size) for size in arrays["feature_shape"])
    labels, values = arrays["labels"], arrays["feature_values"]
    return {
        "nodes": nodes,
        "quoted_edges": int(arrays["adjacency_entries"]) // 2,
        "edges": len(arrays["edges"]),
        "self_loops": len(arrays["self_loops"]),
        "isolated_nodes": nodes - len(np.unique(arrays["edges"])),
        "features": features,
        "feature_entries": len(values),
        "feature_mean": float(f"{values.sum(dtype=np.float64) / (nodes * features):.6g}"),
        "classes": int(labels.max()) + 1,
        "unlabelled_nodes": int((labels < 0).sum()),
        **{part: len(arrays[part]) for part in PARTS},
        "split": short_sha256(*(arrays[part] for part in PARTS)),
    }


def planetoid_split(dataset: Dataset, rng: np.random.Generator | None) -> Split:
    """The split of the Planetoid files: 20 training nodes a class, 500 for validation, 1000 for test."""
    del rng
    return {part: dataset.arrays[part].copy() for part in PARTS}


def old_dgl_split(dataset: Dataset, rng: np.random.Generator | None) -> Split:
    """Cora as early DGL split it: train 0-139, validation 200-499, test 500-1499. Raises UserError for other graphs."""
    del rng
    if dataset.name != "cora":
        raise UserError(f"The split 'old_dgl' is known for 'cora' alone, not for {dataset.name!r}.")
    return _split(np.arange(140), np.arange(200, 500), np.arange(500, 1500))


def random_split(dataset: Dataset, rng: np.random.Generator | None) -> Split:
    """20 nodes of each class for training, then 500 and 1000 of the others; nodes without a label take no part.

    All are drawn without replacement; indices come in increasing order. Raises ValueError without a generator.
    """
    if rng is None:
        raise ValueError("the split 'random' needs a numpy random generator")
    labels = dataset.arrays["labels"]
    order = rng.permutation(np.flatnonzero(labels >= 0))
    first = [order[labels[order] == c][:TRAIN_PER_CLASS] for c in range(int(labels.max()) + 1)]
    train = np.concatenate(first)
    rest = order[~np.isin(order, train)]
    if len(rest) < VALIDATION + TEST or len(train) < TRAIN_PER_CLASS * len(first):
        raise UserError(f"{dataset.name!r} has too few labelled nodes for the split 'random'.")
    return _split(np.sort(train), np.sort(rest[:VALIDATION]), np.sort(rest[VALIDATION : VALIDATION + TEST]))


def largest_component(dataset: Dataset) -> Dataset:
    """The subgraph of the largest connected component, nodes renumbered in their order; splits keep what lies in it.

    The name stays: it tells which splits there are.
    """
    a = dataset.arrays
    n, width = (int(size) for size in a["feature_shape"])
    u, v = a["edges"].T
    links = scipy.sparse.csr_array((np.ones(len(u)), (u, v)), shape=(n, n))
    _, component = scipy.sparse.csgraph.connected_components(links, directed=False)
    inside = component == np.bincount(component).argmax()
    place = np.cumsum(inside) - 1
    parts = (a["feature_values"], a["feature_indices"], a["feature_indptr"])
    arrays = {
        **_features(scipy.sparse.csr_matrix(parts, shape=(n, width))[inside]),
        "edges": place[a["edges"][inside[u]]].astype(np.int32),
        "self_loops": place[a["self_loops"][inside[a["self_loops"]]]].astype(np.int32),
        "labels": a["labels"][inside],
        **{part: place[a[part][inside[a[part]]]] for part in PARTS},
    }
    arrays["adjacency_entries"] = np.array(2 * len(arrays["edges"]) + len(arrays["self_loops"]), dtype=np.int64)
    return Dataset(dataset.name, arrays, canonical_sha256(arrays), fingerprint(arrays))


FAMILY = Family(
    datasets=("cora", "citeseer", "pubmed"),
    decoders={"planetoid": decode_planetoid, "linqs": decode_linqs},
    fingerprint=fingerprint,
    splits={"planetoid": planetoid_split, "old_dgl": old_dgl_split, "random": random_split},
)
