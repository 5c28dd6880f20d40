"""NELL at label rate 0.001, arrays as in `planetoid`, without the standard validation nodes.

The file at hand has the graph, features, labels, training and test nodes of the Planetoid files `nell.0.001`, but not
their one-hot features of single nodes and their 500 validation nodes. It lists 2501 other labelled nodes instead: in
increasing order, every fifth of them, 500 in all, is our validation set. Of its 210 classes the 105 that have a
training node are kept, numbered anew; no labelled node has another. The original archive is not among the sources,
since its hash is not known here; it would be another data set.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from scipy import sparse

from ctbench.data._dataset import Family
from ctbench.data.planetoid import fingerprint, planetoid_split
from ctbench.spec.errors import UserError

FILE = "nell.0.001.npz"
KEYS = (
    "feat_data",
    "feat_indices",
    "feat_indptr",
    "feat_shape",
    "edges",
    "labels",
    "train",
    "test",
    "recovered_labelled",
)
VALIDATION, EVERY = 500, 5


def decode_arrays(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from `nell.0.001.npz`. Raises UserError on a file that lacks an array or is damaged."""
    del name
    path = folder / FILE
    try:
        with np.load(path, allow_pickle=False) as file:
            raw = {key: file[key] for key in KEYS}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path}: not readable ({error}); expected the arrays {', '.join(KEYS)}.") from None
    nodes, width = (int(size) for size in raw["feat_shape"])
    if raw["labels"].shape != (nodes,) or raw["edges"].max() >= nodes:
        raise UserError(f"{path}: labels {raw['labels'].shape} or edges do not fit the {nodes} rows of features.")
    if not np.isin(raw["labels"], [-1, *raw["labels"][raw["train"]]]).all():
        raise UserError(f"{path}: labels has a class without a training node.")
    parts = (raw["feat_data"], raw["feat_indices"].astype(np.int64), raw["feat_indptr"].astype(np.int64))
    features = sparse.csr_array(parts, shape=(nodes, width))
    features.sort_indices()
    classes = np.unique(raw["labels"][raw["train"]])
    return {
        "feature_indptr": features.indptr.astype(np.int64),
        "feature_indices": features.indices.astype(np.int32),
        "feature_values": features.data.astype(np.float32),
        "feature_shape": np.array([nodes, width], dtype=np.int64),
        "edges": raw["edges"].astype(np.int32),
        "self_loops": np.zeros(0, dtype=np.int32),
        "adjacency_entries": np.array(2 * len(raw["edges"]), dtype=np.int64),
        "labels": np.where(raw["labels"] < 0, -1, np.searchsorted(classes, raw["labels"])).astype(np.int64),
        "train": raw["train"].astype(np.int64),
        "validation": np.sort(raw["recovered_labelled"]).astype(np.int64)[::EVERY][:VALIDATION],
        "test": raw["test"].astype(np.int64),
    }


FAMILY = Family(
    datasets=("nell",),
    decoders={"arrays": decode_arrays},
    fingerprint=fingerprint,
    splits={"planetoid": planetoid_split},
)
