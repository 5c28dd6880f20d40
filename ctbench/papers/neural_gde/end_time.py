"""Neural GDE, figure 4: GCDE by dopri5 with a longer and longer end time S (GDE-G4)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._citation import SeriesExperiment, along
from ctbench.papers._experiment import over
from ctbench.papers.neural_gde._settings import DOPRI5, trained

REDRAWN: dict[str, Any] = {**DOPRI5, "learning_rate": 1e-2, "select_from": 0}
RK4 = over(REDRAWN, {"options": {"method": "fixed", "scheme": "rk4_38", "steps": 20}})
ONE_MASK = over(REDRAWN, {"options": {"redraw": False}})
VARIANTS: dict[str, dict[str, Any]] = {
    "epochs_40": {**REDRAWN, "epochs": 40},
    "epochs_400": {**REDRAWN, "epochs": 400},
    "epochs_40_one_mask": {**ONE_MASK, "epochs": 40},
    "epochs_400_rk4": {**RK4, "epochs": 400},
    "epochs_400_one_mask": {**ONE_MASK, "epochs": 400},
}


class EndTime(SeriesExperiment):
    """`x` is S. The paper stops the three curves at 40, 200 and 400 epochs; here all stop at 40, or all at 400.

    With a mask of dropout drawn anew at every evaluation the field is not smooth: dopri5 takes so many steps at S = 10
    that one seed needs about 15 GiB. `rk4` takes 20 steps of the 3/8 rule instead; `one_mask` keeps one mask a solve,
    which amplifies what it lets through along all of S.
    """

    paper = "neural_gde"
    title = "Resilience to the end time"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/end_time, {model} on {dataset}"
        return along(trained(dataset, VARIANTS, model, where), "end_time", (1.0, 5.0, 10.0))


EXPERIMENT = EndTime()
