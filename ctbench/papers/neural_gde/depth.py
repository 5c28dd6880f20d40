"""Neural GDE: GCN* with 2 to 6 layers, of which the paper takes the best (GDE-G5)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._citation import SeriesExperiment, along
from ctbench.papers.neural_gde._settings import GCN_STAR, trained


class Depth(SeriesExperiment):
    """`x` is the number of layers; with 4 it has those of GCDE, whose field has two between the first and the last."""

    paper = "neural_gde"
    title = "GCN* against depth"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/depth, {model} on {dataset}"
        base = trained(dataset, {"gcn_star": GCN_STAR}, model, where)
        return along(base, "layers", (2, 3, 4, 5, 6))


EXPERIMENT = Depth()
