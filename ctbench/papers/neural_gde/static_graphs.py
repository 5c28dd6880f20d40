"""Neural GDE, table 1: node classification with a continuum of layers (GDE-G1, G2, G3, G9, G11, G12)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._citation import CitationExperiment
from ctbench.papers._experiment import over
from ctbench.papers.neural_gde._settings import MODELS, on_graph, trained


class StaticGraphs(CitationExperiment):
    """GCN* and GCDE alike: Adam, 2000 epochs, the epoch of lowest validation loss among the second half.

    The data set `cora_old_dgl` is Cora on the split that the authors' notebook prints. `gcde_notebook` has the settings
    of that notebook; `gade` and `gmde` have attention and messages as their field.
    """

    paper = "neural_gde"
    title = "Static node classification"

    def needs(self, dataset: str) -> str:
        return dataset.removesuffix("_old_dgl")

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/static_graphs, {model} on {dataset}"
        return over(trained(self.needs(dataset), MODELS, model, where), on_graph(dataset))


EXPERIMENT = StaticGraphs()
