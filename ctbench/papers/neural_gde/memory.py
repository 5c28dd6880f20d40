"""Neural GDE: memory of a training step against steps and end time, with and without the adjoint (GDE-G10)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._citation import SeriesExperiment, along
from ctbench.papers._experiment import over
from ctbench.papers.neural_gde._settings import DOPRI5, trained

ROWS: dict[str, dict[str, Any]] = {
    "gcde_dopri5": over(DOPRI5, {"options": {"redraw": False}}),
    "gcde_adjoint": over(DOPRI5, {"options": {"redraw": False, "method": "adjoint"}}),
}


class Memory(SeriesExperiment):
    """`x` is the end time; counted are the bytes that the forward pass saves for the gradient.

    One dropout mask a solve: redrawn at every evaluation it would drive the step size.
    """

    paper = "neural_gde"
    seeded = False
    title = "Memory against end time"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/memory, {model} on {dataset}"
        base = trained(dataset, ROWS, model, where)
        return along(base, "end_time", (1.0, 2.0, 5.0, 10.0), "memory")


EXPERIMENT = Memory()
