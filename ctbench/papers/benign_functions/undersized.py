"""Networks trained on the inner product, from too few neurons to enough (BEN-V13). The paper has no experiments.

What training does not find may still be expressible: a failure here says nothing about a lower bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ctbench.papers._exact import bits
from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.benign_functions._boolean import on_numbers
from ctbench.papers.benign_functions._nets import PARITY, inner_product
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.truth_table import Settings, TruthTable

DATASETS = {f"inner_product_{d}": d for d in range(1, 7)}
"""Up to d = 6 the whole table, 4^d rows, is a batch."""


class Undersized(Experiment):
    """Two hidden layers of equal width; the best of a seed's restarts counts."""

    paper = "benign_functions"
    title = "Under-sized networks trained on the inner product"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.benign_functions/undersized, {model} on {dataset}"
        row({name: {} for name in DATASETS}, dataset, "data set", where)
        return {**Settings.model_validate({}).model_dump(), **row({"two_layers": {}}, model, "model", where)}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (__name__,)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return settings.iterations * settings.restarts * sum(settings.widths) * 2e-6

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> TruthTable:
        settings, d = self.settings(spec), DATASETS[spec.dataset]
        assert isinstance(settings, Settings)
        numbers = np.arange(4**d)
        explicit = min(inner_product(d, form).hidden for form in PARITY)
        values = on_numbers("inner_product", numbers, d)
        return TruthTable(settings, bits(numbers, 2 * d), values, d, explicit, seeds, inputs.device)


EXPERIMENT = Undersized()
