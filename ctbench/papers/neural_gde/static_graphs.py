"""Neural GDE, table 1: node classification with a continuum of layers (GDE-G1, G2, G12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ctbench.papers._citation import CitationExperiment
from ctbench.papers._experiment import row, smaller
from ctbench.spec.frozen import Frozen

TRAINING: dict[str, dict[str, Any]] = {
    "cora": {"learning_rate": 1e-3, "weight_decay": 5e-4},
    "citeseer": {"learning_rate": 1e-3, "weight_decay": 5e-4},
    "pubmed": {"learning_rate": 1e-2, "weight_decay": 1e-3},
}
MODELS: dict[str, dict[str, Any]] = {
    "gcn_star": {
        "model": "gcn",
        "options": {"hidden": 64, "dropout": 0.6, "hidden_dropout": 0.0, "init": "uniform"},
    },
    "gcde_rk2": {"model": "gcde", "options": {"scheme": "midpoint", "steps": 1}},
    "gcde_rk4": {"model": "gcde", "options": {"scheme": "rk4_38", "steps": 1}},
}


class StaticGraphs(CitationExperiment):
    """GCN* and GCDE alike: Adam, 2000 epochs, the epoch of lowest validation loss among the second half."""

    paper = "neural_gde"
    title = "Static node classification"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/static_graphs, {model} on {dataset}"
        selection = {"epochs": 2000, "select_by": "loss", "select_from": 1000, "evaluate_every": 1}
        return {**row(MODELS, model, "model", where), **row(TRAINING, dataset, "data set", where), **selection}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "epochs", "select_from", "evaluate_every")


EXPERIMENT = StaticGraphs()
