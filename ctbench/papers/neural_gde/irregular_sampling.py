"""Irregular sampling by itself: models told the real gaps against the same models told a constant gap (GDE-G14)."""

from __future__ import annotations

from typing import Any

from ctbench.papers._experiment import over, row
from ctbench.papers.neural_gde._traffic import MODELS, ForecastExperiment

AXES: dict[str, dict[str, Any]] = {
    "corridor": {"vary": "keep", "values": (0.3, 0.5, 0.7, 1.0)},
    "corridor_spread": {"vary": "spread", "values": (0.0, 1.0, 2.0, 4.0), "keep": 0.5},
}
RECURRENT = ("gcgru", "gcde_gru")
ROWS: dict[str, dict[str, Any]] = {
    **{name: MODELS[name] for name in RECURRENT},
    **{f"{name}_constant": over(MODELS[name], {"gaps": "constant"}) for name in RECURRENT},
}


class IrregularSampling(ForecastExperiment):
    """On `corridor` the error against the share of times kept; on `corridor_spread` half the times are kept and the
    standard deviation of the gaps varies, from every second time (0) to bursts. The design is this project's own.

    A model told a constant gap is told times at the mean gap after the window's first.
    """

    title = "Real gaps against a constant gap"

    def needs(self, dataset: str) -> str:
        return dataset.removesuffix("_spread")

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/irregular_sampling, {model} on {dataset}"
        return over(row(AXES, dataset, "data set", where), row(ROWS, model, "model", where))


EXPERIMENT = IrregularSampling()
