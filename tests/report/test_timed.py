"""Figures of curves, and against what clocks said."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ctbench.records import measurements
from ctbench.report import figures
from ctbench.report.layout import TableLayout, load_layout
from ctbench.report.sources import Results, Run, read_results
from ctbench.report.tables import table
from ctbench.report.timed import timed
from ctbench.spec.errors import UserError

LAYOUT = """
figures:
  - name: history
    title: Accuracy over training
    caption: "Each epoch."
    select: {experiment: training, metric: accuracy}
    table: curves
    x: x
    hue: model
    xlabel: epoch
    ylabel: accuracy
  - name: timeline
    title: Accuracy in time
    caption: "Each epoch."
    select: {experiment: training, metric: accuracy}
    table: curves
    against: train_seconds
    hue: model
    xlabel: time (s)
    ylabel: accuracy
  - name: pareto
    title: Accuracy against the time it takes
    caption: "Each number of steps."
    select: {experiment: [sweep, nowhere], metric: accuracy}
    against: eval_seconds
    hue: solver
    col: model
    xscale: log
    xlabel: time (s)
    ylabel: accuracy
  - name: absent
    title: Of an experiment without records
    caption: ""
    select: {experiment: nowhere, metric: accuracy}
    table: curves
    against: train_seconds
    xlabel: x
    ylabel: y
  - name: untimed
    title: Against a clock that nobody read
    caption: ""
    select: {experiment: sweep, metric: accuracy}
    against: lost_seconds
    xlabel: x
    ylabel: y
"""
SEEDS, EPOCHS, STEPS = range(4), range(40), (1, 2, 4)


def rows(experiment: str, model: str, metric: str, value, points) -> list[dict]:
    base = {"paper": "cgnn", "experiment": experiment, "dataset": "cora", "model": model, "metric": metric}
    run = {"unit": "1", "scale": "paper", "run": f"{experiment}-{model}"}
    return [{**base, **run, **point, "value": value(**point)} for point in points]


def accuracy(seed: int, x: float = 0, steps: int = 8, **_) -> float:
    return 90 - 30 / (1 + x) - 8 / steps + seed / 4


def seconds(seed: int, x: float = 0, steps: int = 1, solver: str = "euler") -> float:
    return (1 + x) * steps * (1 if solver == "euler" else 2) * (1 + seed / 100)


def record(folder: Path, **tables: list[dict]) -> Run:
    folder.mkdir(parents=True)
    for name, content in tables.items():
        measurements.write(measurements.table(content), folder / f"{name}.parquet")
    return Run(folder.name, folder)


@pytest.fixture
def results(tmp_path) -> Results:
    epochs = [{"seed": seed, "x": float(x)} for seed in SEEDS for x in EPOCHS]
    sweep = [
        {"seed": seed, "solver": solver, "steps": n} for seed in SEEDS for solver in ("euler", "rk4") for n in STEPS
    ]
    runs, measured = [], []
    for model in ("a", "b"):
        final = rows("training", model, "accuracy", accuracy, [{"seed": seed} for seed in SEEDS])
        found = rows("sweep", model, "accuracy", accuracy, sweep)
        measured += [*final, *found]
        curves = rows("training", model, "accuracy", accuracy, epochs)
        clocks = rows("training", model, "train_seconds", seconds, epochs)
        runs.append(record(tmp_path / f"training-{model}", measurements=final, curves=curves, timings=clocks))
        clocks = rows("sweep", model, "eval_seconds", seconds, [point for point in sweep if point["steps"] < 4])
        runs.append(record(tmp_path / f"sweep-{model}", measurements=found, timings=clocks))
    return Results(
        tmp_path, pd.DataFrame(), pd.DataFrame(), measurements.table(measured), {run.run_id: run for run in runs}
    )


@pytest.fixture
def drawn(tmp_path, results):
    """The figures of the layout by name."""
    source = tmp_path / "cgnn"
    source.mkdir()
    (source / "report.yaml").write_text(LAYOUT)
    layout = load_layout(source)
    return {item.name: figures.figure(item, layout, results, source, tmp_path) for item in layout.figures}


def test_what_was_measured_is_drawn_and_the_rest_is_absent(drawn) -> None:
    assert {name for name, figure in drawn.items() if figure is None} == {"absent", "untimed"}
    for name in ("history", "timeline", "pareto"):
        assert all(path.stat().st_size > 1000 for path in drawn[name].files)


def test_captions_and_notes_tell_what_is_shown(drawn) -> None:
    assert drawn["history"].caption.endswith("Line and band: mean and its 95 % t interval, 4 seeds.")
    assert "interval, at the median of the measured times, 4 seeds." in drawn["timeline"].caption
    assert drawn["pareto"].notes[0] == "Not drawn: 16 of 48 values, whose eval_seconds no clock measured."
    assert "accuracy against time (s), from" in drawn["pareto"].alt


def test_an_epoch_stands_at_the_median_of_its_seeds_times(results) -> None:
    found = timed(results.curves, results.timings, "train_seconds")
    assert len(found) == len(results.curves)
    np.testing.assert_allclose(found["train_seconds"], (1 + found["x"]) * 1.015)


def test_a_point_of_a_sweep_has_the_clock_of_its_solver_and_steps(results) -> None:
    found = timed(results.measurements.query("experiment == 'sweep'"), results.timings, "eval_seconds")
    stages = found["solver"].map({"euler": 1, "rk4": 2}).astype(float)
    expected = (stages * found["steps"].astype(float) * 1.015).where(found["steps"] < 4)
    np.testing.assert_allclose(found["eval_seconds"], expected)


def test_a_result_stands_at_the_end_of_its_training(results) -> None:
    found = timed(results.measurements.query("experiment == 'training'"), results.timings, "train_seconds")
    np.testing.assert_allclose(found["train_seconds"], 40 * 1.015)


def test_one_time_belongs_to_all_epochs_of_its_seed(results) -> None:
    clock = measurements.table(rows("training", "a", "training_time", seconds, [{"seed": seed} for seed in SEEDS]))
    found = timed(results.curves.query("model == 'a'"), clock, "training_time")
    np.testing.assert_allclose(found["training_time"], 1.015)


def test_results_without_a_seed_are_timed(results) -> None:
    plain = rows("sweep", "c", "accuracy", lambda **_: 1.0, [{"solver": "euler"}])
    clock = rows("sweep", "c", "eval_seconds", lambda **_: 2.0, [{"solver": "euler"}])
    found = timed(measurements.table(plain), measurements.table(clock), "eval_seconds")
    assert found["eval_seconds"].tolist() == [2.0]


def test_records_without_curves_or_timings_count_as_empty(tmp_path) -> None:
    old = record(tmp_path / "old", measurements=[])
    results = Results(tmp_path, pd.DataFrame(), pd.DataFrame(), measurements.table([]), {"old": old})
    assert results.curves.empty and results.timings.empty
    assert list(results.timings.columns) == list(measurements.DTYPES)


def test_timings_are_read_only_when_asked_for(tmp_path, results) -> None:
    (tmp_path / "training-a" / "timings.parquet").write_bytes(b"broken")
    assert len(results.curves)
    with pytest.raises(UserError, match=r"training-a/timings\.parquet: not a readable measurement file"):
        assert results.timings.empty


def test_a_table_may_show_what_clocks_said_in_runs_that_measured_nothing_else(fresh) -> None:
    clocks = rows("passes", "a", "pass_seconds", lambda seed: 2.0 + seed, [{"seed": seed} for seed in SEEDS])
    record(fresh / "runs" / "passes-a", timings=clocks)
    (fresh / "runs" / "passes-a" / "record.json").write_text("{}")
    layout = TableLayout(name="passes", title="", select={"experiment": "passes"}, table="timings")
    sheet = table(layout, read_results(fresh), "cgnn")
    assert sheet is not None and sheet.records["mean"].tolist() == [3.5]
