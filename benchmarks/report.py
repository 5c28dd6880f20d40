"""Judge and report over 1,000 made-up runs and 200 claims, the size of all six papers at their own scale."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from itertools import islice, product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from numpy.typing import NDArray

from ctbench.judge import judge, load_claims, write_table
from ctbench.records import measurements, record
from ctbench.records.doubts import doubts
from ctbench.report import write_report
from ctbench.spec.run import PAPERS

EXPERIMENTS, DATASETS, MODELS, SEEDS = 4, 6, 7, 10
RUNS, CLAIMS = 1000, 200
POINTS = 10
"""Values of a curve that each seed measures beside one accuracy."""


def main(full: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        results, papers = Path(name) / "results", Path(name) / "papers"
        cells = make_up(results, papers)
        timed = {"judge": seconds(lambda: judged(results, papers))}
        timed["report"] = seconds(lambda: write_report(results, papers))
        size = (results / "report.html").stat().st_size / 2**20
        shown = ", ".join(f"{step} {spent:.1f} s" for step, spent in timed.items())
        print(
            f"{cells} runs, {CLAIMS} claims: {shown}, together {sum(timed.values()):.1f} s (10 s wanted); "
            f"report.html {size:.1f} MB (5 MB wanted)"
        )


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def judged(results: Path, papers: Path) -> None:
    """What `ctbench judge` does."""
    folders = record.planned(results)
    measured, timed = (record.gather(folders, name) for name in ("measurements", "timings"))
    rows = pd.concat([measured, timed], ignore_index=True)
    doubts(results, rows)
    measurements.write(measured, results / "measurements.parquet")
    claims, criteria = judge(rows, load_claims(folder=papers))
    write_table(claims, results / "claims.csv")
    write_table(criteria, results / "criteria.csv")


def make_up(results: Path, papers: Path) -> int:
    """Claims, layouts and records; returns the number of runs."""
    places = list(islice(product(PAPERS, range(EXPERIMENTS), range(DATASETS), range(MODELS)), RUNS))
    for i, (paper, e, d, m) in enumerate(places):
        names = {"paper": paper, "experiment": f"experiment_{e}", "dataset": f"data_{d}", "model": f"model_{m}"}
        write_run(results / "runs" / f"run-{i}", names, 80 + m, np.random.default_rng(i))
    (results / "plan.txt").write_text("\n".join(f"run-{i}" for i in range(len(places))))
    share = CLAIMS // len(PAPERS) + 1
    for k, paper in enumerate(PAPERS):
        folder = papers / paper
        folder.mkdir(parents=True)
        for e in range(EXPERIMENTS):
            (folder / f"experiment_{e}.py").touch()
        claims = [claim(f"{paper}-{i}", i) for i in range(min(share, CLAIMS - k * share))]
        (folder / "claims.yaml").write_text(yaml.safe_dump({"paper": paper, "title": paper, "claims": claims}))
        (folder / "report.yaml").write_text(yaml.safe_dump(layout(paper)))
    return len(places)


def write_run(folder: Path, names: dict[str, str], mean: float, rng: np.random.Generator) -> None:
    base = names | {"scale": "paper", "run": folder.name}
    seeds = np.arange(SEEDS)
    accuracy = mean + rng.normal(size=SEEDS)
    x, seed = (grid.ravel() for grid in np.meshgrid(np.arange(1.0, POINTS + 1), seeds))
    errors = np.exp(rng.normal(-np.log(x), 0.1))
    folder.mkdir(parents=True)
    parts = [
        rows(base | {"metric": "accuracy", "unit": "%"}, seed=seeds, value=accuracy),
        rows(base | {"metric": "error", "unit": "1"}, seed=seed, x=x, value=errors),
    ]
    pq.write_table(pa.concat_tables(parts), folder / "measurements.parquet")
    pq.write_table(measurements.SCHEMA.empty_table(), folder / "curves.parquet")
    clocks = rows(base | {"metric": "seconds", "unit": "s"}, seed=seeds, value=accuracy / 10)
    pq.write_table(clocks, folder / "timings.parquet")
    provenance = {"commit": "0" * 40, "dirty": False, "cpu": "a CPU", "threads": 1, "wall_seconds": 60.0}
    for name, content in (("spec", {"seeds": seeds.tolist()}), ("provenance", provenance), ("record", {})):
        (folder / f"{name}.json").write_text(json.dumps(content))


def rows(words: dict[str, str], **numbers: NDArray[Any]) -> pa.Table:
    """Measurements with the same words and other numbers."""
    n = len(numbers["value"])
    columns = {name: [words.get(name)] * n for name in measurements.SCHEMA.names} | numbers
    return pa.table(columns, schema=measurements.SCHEMA)


def claim(name: str, i: int) -> dict[str, Any]:
    """A claim of the usual size: a model over another on three data sets, and a number of the paper."""
    a, b = f"model_{i % MODELS}", f"model_{(i + 1 + i // MODELS) % MODELS}"
    cells = [{"dataset": f"data_{(i + d) % DATASETS}", "metric": "accuracy"} for d in range(3)]
    over = [
        {"label": f"{c['dataset']}: {a} over {b}", "kind": "greater", "a": c | {"model": a}, "b": c | {"model": b}}
        for c in cells
    ]
    number = {"label": f"{cells[0]['dataset']}: {a} against the paper's 84", "kind": "equals", "value": 84, "margin": 1}
    number |= {"a": cells[0] | {"model": a}}
    experiment = f"experiment_{i % EXPERIMENTS}"
    return {"id": name, "statement": f"{a} is better than {b}.", "experiment": experiment, "criteria": [*over, number]}


def layout(paper: str) -> dict[str, Any]:
    """A table and a figure for every experiment."""
    tables, figures = [], []
    for e in range(EXPERIMENTS):
        chosen = {"experiment": f"experiment_{e}"}
        tables.append({"name": f"{paper}_{e}", "title": "Accuracy", "select": chosen | {"metric": "accuracy"}})
        figure = {"name": f"{paper}_{e}_curve", "title": "Error", "caption": "", "select": chosen | {"metric": "error"}}
        figures.append(figure | {"x": "x", "hue": "model", "col": "dataset", "xlabel": "x", "ylabel": "error"})
    return {"tables": tables, "figures": figures}
