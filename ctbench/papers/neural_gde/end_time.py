"""Neural GDE, figure 4: GCDE by dopri5 with a longer and longer end time S (GDE-G4)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._citation import SeriesExperiment, along
from ctbench.papers._experiment import over, row
from ctbench.papers.neural_gde._settings import DOPRI5, TRAINING

EPOCHS: dict[str, dict[str, Any]] = {"epochs_40": {"epochs": 40}, "epochs_400": {"epochs": 400}}


class EndTime(SeriesExperiment):
    """`x` is S. The paper stops the three curves at 40, 200 and 400 epochs; here all stop at 40, or all at 400."""

    paper = "neural_gde"
    title = "Resilience to the end time"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/end_time, {model} on {dataset}"
        base = over(row(TRAINING, dataset, "data set", where), {**DOPRI5, "learning_rate": 1e-2, "select_from": 0})
        return along({**base, **row(EPOCHS, model, "model", where)}, "end_time", (1.0, 5.0, 10.0))


EXPERIMENT = EndTime()
