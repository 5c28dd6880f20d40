"""CGNN, figure of accuracy against depth: layers of GCN and GAT, end time of CGNN (CGNN-C5, C6)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._citation import SeriesExperiment, along
from ctbench.papers._experiment import row
from ctbench.papers.cgnn._settings import rows

DEPTHS = (2, 4, 8, 12, 16, 20)
MODELS = {
    "gcn": "layers",
    "gat": "layers",
    "cgnn_discrete": "end_time",
    "cgnn": "end_time",
    "cgnn_listed_alpha": "end_time",
    "cgnn_released": "end_time",
    "cgnn_no_source": "end_time",
    "cgnn_no_source_listed_alpha": "end_time",
    "cgnn_no_source_released": "end_time",
}
"""What deepens each model."""


class Depth(SeriesExperiment):
    """Everything as on the fixed split but the depth; `x` is the number of layers, of steps, or the end time."""

    paper = "cgnn"
    title = "Accuracy against depth"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.cgnn/depth, {model} on {dataset}"
        option = row({name: {"vary": option} for name, option in MODELS.items()}, model, "model", where)
        return along(rows(dataset, "planetoid", where)[model], option["vary"], DEPTHS)


EXPERIMENT = Depth()
