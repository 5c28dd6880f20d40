"""Neural GDE: time of a forward and of a backward pass, beside those of the GCN (GDE-G12; the authors' notebook)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ctbench.papers._citation import SECONDS_PER_EPOCH, CitationExperiment, training
from ctbench.papers._experiment import Inputs, model_code, smaller
from ctbench.papers.neural_gde._settings import GCN_STAR, MODELS, trained
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.passes import Passes, PassSettings


class Compute(CitationExperiment):
    """The GCN is GCN* with two layers; its own row compares it with itself and tells how sure a ratio is."""

    paper = "neural_gde"
    title = "Time of a pass"
    Settings = PassSettings
    group = 1

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/compute, {model} on {dataset}"
        base = trained(dataset, MODELS, model, where)
        return {**base, "passes": 20, "gcn": GCN_STAR["options"]}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        yield from smaller(settings, self.published(dataset, model), "passes")

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return *super().code(settings), *model_code("gcn", {}), "ctbench.training.passes"

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, PassSettings)
        evaluations = 10 if settings.options.get("method", "fixed") == "fixed" else 100
        return evaluations * settings.passes * SECONDS_PER_EPOCH

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Passes:
        settings = self.settings(spec)
        assert isinstance(settings, PassSettings) and inputs.dataset is not None
        own, gcn = (training(each, inputs.dataset, seeds, inputs.device) for each in (settings, settings.compared()))
        return Passes(own, gcn, settings.passes)


EXPERIMENT = Compute()
