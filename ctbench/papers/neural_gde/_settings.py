"""Settings of the static half of the Neural GDE paper, by data set and model (its appendix C.1 and table 3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ctbench.papers._experiment import over, row

SELECTION: dict[str, Any] = {"epochs": 2000, "select_by": "loss", "select_from": 1000}
TRAINING: dict[str, dict[str, Any]] = {
    "cora": {**SELECTION, "learning_rate": 1e-3, "weight_decay": 5e-4},
    "citeseer": {**SELECTION, "learning_rate": 1e-3, "weight_decay": 5e-4},
    "pubmed": {**SELECTION, "learning_rate": 1e-2, "weight_decay": 1e-3},
}
GCN_STAR: dict[str, Any] = {
    "model": "gcn",
    "options": {"hidden": 64, "dropout": 0.6, "hidden_dropout": 0.0, "init": "uniform"},
}
DOPRI5: dict[str, Any] = {"model": "gcde", "options": {"method": "dopri5", "field_layers": 1}}
"""The paper's dopri5 version drops the second layer of the field; it names no tolerances, the notebook's are used."""
QUICK: dict[str, Any] = {"epochs": 400, "select_from": 200, "learning_rate": 0.01}
MODELS: dict[str, dict[str, Any]] = {
    "gcn_star": GCN_STAR,
    "gcde_rk2": {"model": "gcde", "options": {"scheme": "midpoint"}},
    "gcde_rk4": {"model": "gcde", "options": {"scheme": "rk4_38"}},
    "gcde_dopri5": DOPRI5,
    "gcde_dopri5_fixed_mask": over(DOPRI5, {"options": {"redraw": False}}),
    "gcde_notebook": {
        "model": "gcde",
        "epochs": 3000,
        "select_from": 2999,
        "learning_rate": 1e-3,
        "options": {"dropout": 0.4},
    },
    "gade": {"model": "gcde", **QUICK, "options": {"field": "attention", "field_dropout": 0.6}},
    "gmde": {
        "model": "gcde",
        **QUICK,
        "options": {"field": "message", "field_dropout": 0.6, "field_layers": 1, "end_time": 0.1},
    },
}
"""The paper has no settings for the last two; with GCDE's neither learns. End time 0.1 tames sums of messages."""


def trained(dataset: str, models: Mapping[str, dict[str, Any]], model: str, where: str) -> dict[str, Any]:
    """Settings of a row of `models` on a graph. Raises UserError if either is not known, naming `where`."""
    return over(row(TRAINING, dataset, "data set", where), row(models, model, "model", where))


def on_graph(dataset: str) -> dict[str, Any]:
    """The split that a data set's label names."""
    return {"split": "old_dgl"} if dataset.endswith("_old_dgl") else {}
