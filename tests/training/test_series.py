"""Tasks in a row, resumed anywhere; what networks keep for their gradients, and how long their passes take."""

import io
import math

import numpy as np
import pytest
import torch
from scipy import sparse

from ctbench.models._sparse import Graph
from ctbench.training.loop import run
from ctbench.training.node_classification import NodeClassification, Settings
from ctbench.training.passes import Passes
from ctbench.training.saved import kept
from ctbench.training.series import GradientMemory, Point, Series

NODES = 40


def training(seeds: tuple[int, ...] = (0, 1), epochs: int = 4, **settings: object) -> NodeClassification:
    rng, labels = np.random.default_rng(0), np.arange(NODES) % 3
    upper = np.triu(rng.random((NODES, NODES)) < 0.1, 1)
    x = sparse.csr_array(np.eye(3)[labels] + 0.8 * rng.random((NODES, 3)))
    graph = Graph(x, sparse.csr_array((upper | upper.T).astype(float)), classes=3)
    index = {"train": np.arange(9), "validation": np.arange(9, 20), "test": np.arange(20, 40)}
    split = {part: np.tile(rows, (len(seeds), 1)) for part, rows in index.items()}
    return NodeClassification(Settings(epochs=epochs, **settings), graph, labels, split, seeds)


def depths() -> Series:
    def point(layers: int) -> Point:
        return Point(layers, 4, lambda: training(model="gcn", options={"layers": layers}))

    return Series([point(layers) for layers in (2, 4, 8)])


def memory(model: str, **options: object) -> float:
    (result,) = run(GradientMemory(training((0,), model=model, options=options)))
    return result.rows[0]["value"]


def test_rows_carry_x_and_equal_those_of_the_task_alone() -> None:
    for result, alone in zip(run(depths()), run(training(model="gcn", options={"layers": 4})), strict=True):
        assert sorted({row["x"] for row in result.rows}) == [2, 4, 8]
        assert [r for r in result.rows if r["x"] == 4] == [{**row, "x": 4} for row in alone.rows]


@pytest.mark.parametrize("stop", range(1, 12))
def test_a_series_resumed_anywhere_ends_the_same(stop: int) -> None:
    begun = depths()
    for index in range(stop):
        begun.step(index)
    file = io.BytesIO()
    torch.save(begun.state(), file)
    file.seek(0)
    resumed = depths()
    resumed.restore(torch.load(file, weights_only=True))
    for index in range(stop, resumed.steps):
        resumed.step(index)
    assert [r.rows for r in resumed.results()] == [r.rows for r in run(depths())]


def test_kept_counts_a_storage_once_and_no_parameter() -> None:
    w, x = torch.ones(3, 3, requires_grad=True), torch.ones(5, 3)
    result, size = kept(lambda: (x @ w) * (x @ w), [w])
    assert result.shape == (5, 3) and size == 3 * 15 * 4


@pytest.mark.parametrize("model, key", [("gcn", "layers"), ("gat", "layers"), ("cgnn_discrete", "end_time")])
def test_memory_grows_in_proportion_to_depth(model: str, key: str) -> None:
    at = [memory(model, **{key: n}) for n in (2, 4, 6)]
    assert at[1] - at[0] == pytest.approx(at[2] - at[1], rel=0.01) and at[1] > at[0]


def test_only_the_adjoint_keeps_memory_flat_in_time() -> None:
    flat = [memory("cgnn", method="adjoint", end_time=t) for t in (2, 20)]
    growing = [memory("cgnn", method="dopri5", end_time=t) for t in (2, 20)]
    assert flat[0] == flat[1] and growing[1] > 2 * growing[0]
    flat = [memory("gcde", method="adjoint", end_time=t, hidden=8) for t in (1, 5)]
    assert flat[0] == flat[1]


def passes(**options: object) -> Passes:
    return Passes(training((3,), model="gcde", options=options), training((3,), model="gcn"), 20)


DOPRI5: dict[str, object] = {"method": "dopri5", "field_layers": 1}


@pytest.mark.parametrize("options, stages", [({"scheme": "midpoint"}, 2), ({"scheme": "rk4_38"}, 4)])
def test_more_evaluations_than_the_gcn_take_longer(options: dict[str, object], stages: int) -> None:
    (result,) = run(passes(**options))
    assert [(row["metric"], row["value"]) for row in result.rows] == [("nfe_training", stages)]
    timed = {row["metric"]: row["value"] for row in result.timings}
    assert set(timed) == {f"{way}_{what}" for way in ("forward", "backward") for what in ("ms", "over_gcn")}
    assert all(math.isfinite(value) and value > 0 for value in timed.values())
    assert timed["forward_over_gcn"] > 1 and timed["backward_over_gcn"] > 1


def test_times_are_medians_and_ratios_those_of_medians() -> None:
    timed = passes()
    timed.seconds = [[0.004, 0.006, 0.001, 0.002], [0.004, 0.006, 0.001, 0.002], [9.0, 9.0, 9.0, 9.0]]
    (result,) = timed.results()
    assert [row["value"] for row in result.timings] == pytest.approx([4, 6, 4, 3])


@pytest.mark.parametrize("stop", [1, 10])
def test_timed_passes_resumed_anywhere_evaluate_the_same(stop: int) -> None:
    begun, resumed = passes(**DOPRI5), passes(**DOPRI5)
    for index in range(stop):
        begun.step(index)
    resumed.restore(begun.state())
    for index in range(stop, resumed.steps):
        resumed.step(index)
    assert resumed.results()[0].rows == run(passes(**DOPRI5))[0].rows != []
