import numpy as np
import pytest
import torch
from scipy import sparse

from ctbench.models import MODELS
from ctbench.models._graph import GraphModel
from ctbench.models._sparse import Graph
from ctbench.training.loop import run
from ctbench.training.node_classification import NodeClassification, Settings, decay_groups

NODES = 40


def task(seeds: tuple[int, ...] = (0, 1), device: str = "cpu", **settings: object) -> NodeClassification:
    rng = np.random.default_rng(0)
    labels = np.arange(NODES) % 3
    same = labels[:, None] == labels[None]
    upper = np.triu(rng.random((NODES, NODES)) < np.where(same, 0.3, 0.03), 1)
    x = sparse.csr_array(np.eye(3)[labels] + 0.8 * rng.random((NODES, 3)))
    graph = Graph(x, sparse.csr_array((upper | upper.T).astype(float)), classes=3)
    index = {"train": np.arange(9), "validation": np.arange(9, 20), "test": np.arange(20, 40)}
    split = {part: np.tile(rows, (len(seeds), 1)) for part, rows in index.items()}
    chosen = Settings.model_validate({"model": "gcn", "epochs": 15} | settings)
    return NodeClassification(chosen, graph, labels, split, seeds, device)


def curve(result: list[dict], metric: str) -> list[float]:
    return [row["value"] for row in result if row["metric"] == metric]


@pytest.mark.parametrize("select_by, select_from", [("accuracy", 0), ("loss", 5)])
def test_the_reported_epoch_is_the_first_best_on_validation(select_by: str, select_from: int) -> None:
    for result in run(task(select_by=select_by, select_from=select_from)):
        validation = curve(result.curves, "validation_accuracy")
        score = validation if select_by == "accuracy" else [-x for x in curve(result.curves, "validation_loss")]
        best = select_from + int(np.argmax(score[select_from:]))
        reported = {row["metric"]: row["value"] for row in result.rows}
        assert reported["selected_epoch"] == best
        assert reported["validation_accuracy"] == pytest.approx(validation[best])
        assert reported["test_accuracy"] == pytest.approx(curve(result.curves, "test_accuracy")[best])
        assert reported["test_accuracy_last"] == pytest.approx(curve(result.curves, "test_accuracy")[-1])


@pytest.mark.parametrize(
    "model, options",
    [
        *((name, {}) for name in MODELS if issubclass(MODELS[name], GraphModel)),
        ("cgnn", {"equation": "released", "source": "detached"}),
        ("cgnn", {"method": "dopri5"}),
        ("wcgnn", {"augment": 4}),
        ("gcde", {"method": "dopri5", "field_layers": 1}),
        ("gcde", {"method": "dopri5", "redraw": False}),
        ("gcde", {"field": "attention"}),
        ("gcde", {"field": "message", "end_time": 0.01}),
    ],
)
def test_training_together_equals_training_alone(model: str, options: dict[str, object]) -> None:
    settings = {"model": model, "options": options, "epochs": 50, "learning_rate": 1e-3}
    together = run(task((4, 9), **settings))
    for result, seed in zip(together, (4, 9), strict=True):
        alone = run(task((seed,), **settings))[0]
        assert result.rows == alone.rows
        for name, tensor in alone.weights.items():
            torch.testing.assert_close(result.weights[name], tensor, rtol=0, atol=1e-5)


NO_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=[pytest.mark.gpu, NO_GPU])])
@pytest.mark.parametrize(
    "model, options",
    [
        ("gcn", {"dropout": 0, "hidden_dropout": 0}),
        ("gcde", {"dropout": 0, "field_dropout": 0, "scheme": "rk4_38"}),
        ("cgnn", {"dropout": 0}),
    ],
)
def test_every_device_gives_the_numbers_of_the_processor(model: str, options: dict[str, object], device: str) -> None:
    """Without dropout, whose masks each device draws for itself; with it, that it trains there at all."""
    settings = {"model": model, "options": options, "epochs": 50, "learning_rate": 1e-3}
    for found, expected in zip(run(task(device=device, **settings)), run(task(**settings)), strict=True):
        for name, tensor in expected.weights.items():
            torch.testing.assert_close(found.weights[name], tensor, rtol=0, atol=1e-4)
        losses = curve(expected.curves, "validation_loss")
        assert curve(found.curves, "validation_loss") == pytest.approx(losses, rel=1e-4)
    for result in run(task(device=device, model=model, learning_rate=0.05)):
        assert all(np.isfinite(row["value"]) for row in result.rows)


def test_it_learns() -> None:
    rows = [row["value"] for r in run(task(learning_rate=0.05)) for row in r.rows if row["metric"] == "test_accuracy"]
    assert min(rows) > 60


def test_decay_of_the_first_layer_alone() -> None:
    groups = decay_groups(task(decayed="first_layer").network, Settings(model="gcn", decayed="first_layer"))
    assert [g["weight_decay"] for g in groups] == [5e-4, 0.0]
    assert [len(g["params"]) for g in groups] == [2, 2]


def test_a_diverging_seed_is_a_result() -> None:
    broken = task()
    with torch.no_grad():
        broken.network.first.weight[1].fill_(float("nan"))
    sound, diverged = run(broken)
    assert all(np.isfinite(row["value"]) for row in sound.rows)
    rows = {row["metric"]: row for row in diverged.rows}
    assert np.isnan(rows["test_accuracy"]["value"]) and rows["diverged"]["x"] == 0
    assert rows["parameters"]["value"] > 0
