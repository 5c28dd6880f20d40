"""What the experiments on citation graphs share: from a prepared data set to a training."""

from __future__ import annotations

from abc import ABC

import numpy as np
from scipy import sparse

from ctbench.data import Dataset, split
from ctbench.models._sparse import Graph
from ctbench.papers._experiment import Experiment, Inputs
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.node_classification import NodeClassification, Settings

SECONDS_PER_EPOCH = 0.02


def graph_of(dataset: Dataset, features: str) -> Graph:
    """Features normalised to row sums of one (binarised first if asked for), and the symmetric adjacency."""
    arrays, shape = dataset.arrays, tuple(int(n) for n in dataset.arrays["feature_shape"])
    parts = (arrays["feature_values"], arrays["feature_indices"], arrays["feature_indptr"])
    x = sparse.csr_array(parts, shape=shape, dtype=np.float64)
    if features.startswith("binary"):
        x.data = np.ones_like(x.data)
    total = np.asarray(x.sum(axis=1)).ravel()
    x = sparse.csr_array(np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)[:, None] * x)
    u, v = arrays["edges"].T
    ones = np.ones(2 * len(u))
    adjacency = sparse.csr_array((ones, (np.r_[u, v], np.r_[v, u])), shape=(shape[0], shape[0]))
    return Graph(x, adjacency, classes=int(arrays["labels"].max()) + 1)


class CitationExperiment(Experiment, ABC):
    """Node classification on a citation graph; subclasses give the tables of settings."""

    Settings = Settings

    def needs(self, dataset: str) -> str:
        return dataset

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        return "ctbench.papers._citation", f"ctbench.models.{settings.model}"

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return settings.epochs * SECONDS_PER_EPOCH

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> NodeClassification:
        """The training of a group of seeds, each on its own split where the split is random."""
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset is not None
        splits = [split(inputs.dataset, settings.split, generator("data split", seed)) for seed in seeds]
        stacked = {part: np.stack([s[part] for s in splits]).astype(np.int64) for part in splits[0]}
        graph = graph_of(inputs.dataset, settings.features)
        return NodeClassification(settings, graph, inputs.dataset.arrays["labels"], stacked, seeds, inputs.device)
