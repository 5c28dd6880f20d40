"""A small made-up folder of results of two papers, one of which has a layout."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctbench.judge import write_table
from ctbench.judge.verdicts import DTYPES
from ctbench.records import measurements

sys.path.insert(0, str(Path(__file__).parent))

LAYOUT = """
tables:
  - name: accuracy
    title: "Accuracy & more, 100 %"
    select: {experiment: split, metric: accuracy}
    rows: model
    columns: dataset
    corner: Model
    unit: "%"
    labels: {cora: Cora, gcn: GCN, cgnn: "CGNN_x (paper's)", worse: "worse | net"}
    published: {gcn: {cora: [81.8, 0.8]}, cgnn: {cora: [84.2]}, gat: {cora: [82.6, 0.7]}}
    others: [{row: gcn, label: "re-run", values: {cora: [81.25, 0.5]}}]
  - name: unmeasured
    title: A table without numbers
    select: {experiment: nowhere}
figures:
  - name: curve
    title: Error by step
    caption: "What it shows."
    select: {experiment: sweep, metric: error}
    x: x
    hue: solver
    row: dataset
    col: model
    centre: median
    xscale: log
    yscale: log
    xlabel: step
    ylabel: error
    reference: {file: authors.csv, label: authors}
    mark: {column: dataset, pattern: "pendulum_([0-9.]+)$", label: training step}
  - name: seeds
    title: Every seed
    caption: "All of them."
    select: {experiment: split, metric: accuracy}
    kind: points
    x: model
    col: dataset
    xlabel: ""
    ylabel: accuracy
    reference: {table: accuracy, label: paper}
  - name: absent
    title: A figure without numbers
    caption: ""
    select: {experiment: nowhere}
    x: x
    xlabel: x
    ylabel: y
"""
CLAIMS = """
paper: cgnn
title: "Nets & <graphs>"
authors: [A. Author]
arxiv: "1234.56789"
year: 2019
"""
PROVENANCE = {
    "command": "ctbench run x.json",
    "commit": "0123456789abcdef",
    "dirty": True,
    "cpu": "A CPU",
    "gpu": "none",
    "threads": 2,
    "wall_seconds": 125.2,
    "peak_memory_bytes": 2**29,
    "versions": {"python": "3.11.7"},
    "data": {"cora": {"sha256": "ab" * 32, "fingerprint": {"nodes": 2708, "mean": 0.5, "split": "f00d"}}},
    "started": "2026-01-02T03:04:05+00:00",
}


def split_rows():
    rng = np.random.default_rng(0)
    base = {"paper": "cgnn", "experiment": "split", "metric": "accuracy", "unit": "%", "scale": "reduced"}
    paired = rng.normal(0, 1, 8)
    for dataset, models in {
        "cora": {"gcn": 81, "cgnn": 81.0, "worse": 60},
        "citeseer": {"gcn": 70, "cgnn": 75},
    }.items():
        for model, mean in models.items():
            for seed in range(8):
                value = mean + paired[seed] + 0.5 * (-1) ** (seed + len(model)) + rng.normal(0, 0.1)
                value = np.nan if (dataset, model, seed) == ("citeseer", "gcn", 3) else value
                yield base | {"dataset": dataset, "model": model, "seed": seed, "value": value, "run": f"run-{model}"}


def sweep_rows():
    rng = np.random.default_rng(1)
    base = {
        "paper": "cgnn",
        "experiment": "sweep",
        "metric": "error",
        "unit": "1",
        "scale": "paper",
        "run": "run-sweep",
    }
    for dataset in ("pendulum_0.1", "pendulum_0.01"):
        for solver in ("euler", "midpoint"):
            for x in (1e-3, 1e-2, 1e-1):
                for seed in range(6):
                    value = np.nan if seed == 5 and x == 1e-1 else float(x * np.exp(rng.normal(0, 0.1)))
                    where = {"dataset": dataset, "model": "euler", "solver": solver, "x": x, "seed": seed}
                    yield base | where | {"value": value}


def claims_frame():
    full = {
        "claim_id": "C-1",
        "paper": "cgnn",
        "statement": "A <b>bold</b> claim & more.",
        "experiment": "split",
        "quantity": "difference (%)",
        "paper_value": 2.4,
        "paper_source": "a table",
        "measured": -5.5612,
        "ci_low": -6.42,
        "ci_high": -4.7,
        "n": 8,
        "criterion": "Cora: a; b: mean > 0; second: mean > 1",
        "verdict": "partly reproduced",
        "scale": "reduced",
        "detail": "Cora: a; b: pass, -5.6 [-6.4, -4.7], n = 8; second: fail, 0.1; not run: third; fourth",
        "runs": "run-cgnn run-gone",
    }
    bare = {"statement": "Another.", "verdict": "not run", "detail": "no experiment yet"}
    rows = [full, bare | {"claim_id": "C-2", "paper": "cgnn"}, bare | {"claim_id": "K-1", "paper": "koopman"}]
    return pd.DataFrame(rows).reindex(columns=list(DTYPES)).astype(DTYPES)


def fill(folder: Path) -> Path:
    """Claims, criteria, measurements and records in `folder`."""
    from made_criteria import CRITERIA, criteria_frame

    write_table(claims_frame(), folder / "claims.csv")
    write_table(criteria_frame(*CRITERIA), folder / "criteria.csv")
    measurements.write(measurements.table([*split_rows(), *sweep_rows()]), folder / "measurements.parquet")
    for name in ("run-cgnn", "run-gcn", "run-sweep"):
        run = folder / "runs" / name
        run.mkdir(parents=True)
        spec = {"seeds": [0, 1], "reduced": ["8 seeds instead of 100"] if name != "run-sweep" else []}
        (run / "spec.json").write_text(json.dumps(spec))
        (run / "provenance.json").write_text(json.dumps(PROVENANCE))
        (run / "record.json").write_text("{}")
    return folder


@pytest.fixture(scope="session")
def papers(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    (folder / "cgnn").mkdir()
    (folder / "cgnn" / "report.yaml").write_text(LAYOUT)
    (folder / "cgnn" / "claims.yaml").write_text(CLAIMS)
    points = "dataset,model,solver,x,value,low,high,n\npendulum_0.1,euler,euler,0.01,0.02,0.01,0.03,5\n"
    (folder / "cgnn" / "authors.csv").write_text(f"# a source\n{points}")
    return folder


@pytest.fixture(scope="session")
def written(tmp_path_factory, papers) -> Path:
    """A results folder with its report."""
    from ctbench.report import write_report

    folder = fill(tmp_path_factory.mktemp("results") / "tiny")
    write_report(folder, papers)
    return folder


@pytest.fixture
def fresh(tmp_path) -> Path:
    """A results folder without a report."""
    return fill(tmp_path / "tiny")
