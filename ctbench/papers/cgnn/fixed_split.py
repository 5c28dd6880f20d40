"""CGNN, table of the fixed split: node classification on Cora, Citeseer, Pubmed and NELL (CGNN-C1, C3, C4, C12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from ctbench.papers._citation import CitationExperiment
from ctbench.papers._experiment import row
from ctbench.papers.cgnn._settings import rows
from ctbench.spec.frozen import Frozen


class FixedSplit(CitationExperiment):
    """GCN as Kipf and Welling train it, GAT as Velickovic et al. do, CGNN with the settings of its released code."""

    paper = "cgnn"
    title = "Node classification on the fixed split"
    split: ClassVar[str] = "planetoid"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.cgnn, {model} on {dataset}"
        return row(rows(dataset, self.split, where), model, "model", where)

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        yield from super().reductions(dataset, model, settings)
        if dataset == "nell":
            yield "validation nodes other than the standard ones, no one-hot features, settings of Cora"


EXPERIMENT = FixedSplit()
