"""CGNN, figure of memory against depth: what a training step keeps for its gradient (CGNN-C7)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._citation import SeriesExperiment, along
from ctbench.papers._experiment import over, row
from ctbench.papers.cgnn._settings import rows
from ctbench.papers.cgnn.depth import DEPTHS

ROWS: dict[str, dict[str, Any]] = {
    "gcn": {"model": "gcn", "vary": "layers"},
    "gat": {"model": "gat", "vary": "layers"},
    "cgnn_discrete": {"model": "cgnn_discrete", "vary": "end_time"},
    "cgnn_adjoint": {"model": "cgnn", "vary": "end_time", "options": {"method": "adjoint"}},
    "cgnn_dopri5": {"model": "cgnn", "vary": "end_time", "options": {"method": "dopri5"}},
    "cgnn_exponential": {"model": "cgnn", "vary": "end_time"},
}


class Memory(SeriesExperiment):
    """CGNN by the adjoint method, by back-propagation through dopri5, and by our exponential action.

    The paper draws what its graphics card had allocated; counted here are the bytes that the forward pass saves.
    """

    paper = "cgnn"
    seeded = False
    title = "Memory against depth"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.cgnn/memory, {model} on {dataset}"
        found = row(ROWS, model, "model", where)
        base = rows(dataset, "planetoid", where)[found["model"]]
        return along(over(base, {"options": found.get("options", {})}), found["vary"], DEPTHS, "memory")


EXPERIMENT = Memory()
