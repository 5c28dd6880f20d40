"""Exact experiments with several models: the settings name the model, as a finished result is found again by them."""

from __future__ import annotations

from typing import Any

from ctbench.papers._exact import ExactExperiment
from ctbench.spec.frozen import Frozen


class ModelSettings(Frozen):
    """`model` is that of the run."""

    model: str = ""


class ModelExperiment(ExactExperiment):
    """Two models of one experiment never have the same settings."""

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        return {**super().published(dataset, model), "model": model}
