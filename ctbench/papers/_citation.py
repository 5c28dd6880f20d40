"""What the experiments on citation graphs share: from a prepared data set to a training."""

from __future__ import annotations

from abc import ABC

import numpy as np

from ctbench.data import split
from ctbench.data.planetoid import largest_component
from ctbench.papers._experiment import Experiment, Inputs, model_code
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.node_classification import NodeClassification, Settings, graph_of

SECONDS_PER_EPOCH = 0.02


class CitationExperiment(Experiment, ABC):
    """Node classification on a citation graph; subclasses give the tables of settings."""

    Settings = Settings

    def needs(self, dataset: str) -> str:
        return dataset

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        return "ctbench.training.node_classification", *model_code(settings.model, settings.options)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return settings.epochs * SECONDS_PER_EPOCH

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> NodeClassification:
        """The training of a group of seeds, each on its own split where the split is random."""
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset is not None
        if settings.component == "largest" and settings.split == "old_dgl":
            raise UserError("split: found 'old_dgl' with component 'largest'; expected 'planetoid' or 'random'.")
        dataset = largest_component(inputs.dataset) if settings.component == "largest" else inputs.dataset
        splits = [split(dataset, settings.split, generator("data split", seed)) for seed in seeds]
        stacked = {part: np.stack([s[part] for s in splits]).astype(np.int64) for part in splits[0]}
        graph = graph_of(dataset.arrays, settings.features)
        return NodeClassification(settings, graph, dataset.arrays["labels"], stacked, seeds, inputs.device)
