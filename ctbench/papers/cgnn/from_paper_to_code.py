"""CGNN on Cora: what moves the number between the paper's description and the released code, one change at a time."""

from __future__ import annotations

from typing import Any

from scipy.special import logit

from ctbench.papers._citation import CitationExperiment
from ctbench.papers._experiment import over, row
from ctbench.papers.cgnn._settings import RELEASED, rows

CHANGES: dict[str, dict[str, Any]] = {
    "as_printed": {},
    "self_loops": {"options": {"self_loop": 0.555}},
    "released_operator": {"options": {"equation": "released", "self_loop": 0.555}},
    "released_without_loops": {"options": {"equation": "released"}},
    "alpha_as_listed": {"options": {"alpha_logit": float(logit(0.918))}},
    "detached_source": {"options": {"source": "detached"}},
    "no_input_dropout": {"options": {"dropout": 0.0}},
    "row_normalised": {"features": "row_normalised"},
    "raw_features": {"features": "raw"},
    "old_dgl_split": {"split": "old_dgl"},
    "largest_component": {"component": "largest"},
    "selected_by_loss": {"select_by": "loss"},
    "epochs_100": {"epochs": 100},
    "as_released": over({"options": {"self_loop": 0.555}}, RELEASED),
}


class FromPaperToCode(CitationExperiment):
    """Each row is CGNN as printed with one change; the last has both that the released code makes."""

    paper = "cgnn"
    title = "What moves the number on Cora"

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.cgnn/from_paper_to_code, {model} on {dataset}"
        return over(rows(dataset, "planetoid", where)["cgnn"], row(CHANGES, model, "model", where))


EXPERIMENT = FromPaperToCode()
