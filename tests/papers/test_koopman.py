"""The Koopman experiments: norms and masks in closed form, operators of nodes on linear motion, names refused."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ctbench.data.digits import FAMILY
from ctbench.papers import experiments
from ctbench.papers._experiment import Inputs
from ctbench.papers.koopman._analysed import KoopmanExperiment
from ctbench.papers.koopman._spectra import Net, Spectra
from ctbench.papers.koopman.denoising import clean, sobolev
from ctbench.papers.koopman.faster_training import FasterTraining
from ctbench.papers.koopman.faster_training import Settings as FasterSettings
from ctbench.papers.koopman.prediction import nodes, predict
from ctbench.papers.koopman.pruning import Pruning, kept, overlap
from ctbench.papers.koopman.pruning import Settings as PruningSettings
from ctbench.papers.koopman.spectrum import Settings, Spectrum
from ctbench.papers.koopman.width import output_layer
from ctbench.spec.errors import UserError
from ctbench.spec.run import RunSpec
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.images import Arrays
from ctbench.training.loop import run
from ctbench.training.task import Row
from ctbench.training.trajectory import Recorded, Recording

KOOPMAN = [name for name in experiments() if name.startswith("koopman/")]


@pytest.fixture(scope="module")
def toy() -> Arrays:
    """Sixty digits for training and as many for the test."""
    arrays = FAMILY.decoders["sklearn"]("digits", Path())
    return {name: array[:60] for name, array in arrays.items()}


def value(rows: list[Row], metric: str, x: float | None = None) -> float:
    (found,) = [row["value"] for row in rows if row["metric"] == metric and (x is None or row.get("x") == x)]
    return found


@pytest.mark.parametrize("order", [0.0, 0.5, 1.0])
def test_the_sobolev_norm_of_a_wave_is_known(order: float) -> None:
    """cos(2 pi k x) has squared L2 norm 1/2; H^-s divides it by the weight of k, relative to that of 1."""
    x = torch.arange(64, dtype=torch.float64) / 64
    for k in (1, 3, 10):
        weight = ((1 + (2 * np.pi * k) ** 2) / (1 + (2 * np.pi) ** 2)) ** -order
        assert float(sobolev(torch.cos(2 * np.pi * k * x), order)) == pytest.approx(weight / 2)
    constant = (1 + (2 * np.pi) ** 2) ** order
    assert float(sobolev(torch.ones(64, dtype=torch.float64), order)) == pytest.approx(constant)


def test_order_zero_is_the_mean_square() -> None:
    residual = torch.randn(3, 50, dtype=torch.float64)
    torch.testing.assert_close(sobolev(residual, 0.0), residual.square().mean(-1))
    odd = torch.randn(51, dtype=torch.float64)
    torch.testing.assert_close(sobolev(odd, 0.0), odd.square().mean())


def test_the_signal_has_the_stated_size() -> None:
    assert np.sqrt(np.mean(clean(np.arange(512) / 512) ** 2)) == pytest.approx(np.sqrt((1 + 0.25 + 0.0625) / 2))


def test_masks_keep_the_largest_and_overlap_counts() -> None:
    mask = kept(np.array([0.1, 5.0, 3.0, 0.2]), 0.5)
    assert mask.tolist() == [False, True, True, False]
    assert overlap(mask, np.array([True, True, False, False])) == 0.5
    assert kept(np.zeros(10), 0.8).sum() == 2


def test_pruning_measures_copies_and_leaves_the_training_alone(toy: Arrays) -> None:
    settings = PruningSettings(
        hidden=(4,), epochs=30, window=10, rank=3, stages=(20, 30), scored=15, pruned=25, sparsities=(0.0, 0.999)
    )
    pruning = Pruning(settings, DenseClassification(settings, toy, (0, 1)))
    results, bare = run(pruning), run(DenseClassification(settings, toy, (0, 1)))
    for found, plain in zip(results, bare, strict=True):
        assert value(found.rows, "test_accuracy") == value(plain.rows, "test_accuracy")
        nothing = {value(found.rows, f"{way}_accuracy", 0.0) for way in ("koopman", "magnitude", "random")}
        assert len(nothing) == 1 and value(found.rows, "early_overlap", 0.0) == 1.0


def test_nodes_hold_every_weight_once() -> None:
    layout = {"weights.0": (3, 4), "weights.1": (4, 2), "biases.0": (1, 4), "biases.1": (1, 2)}
    found = list(nodes(layout))
    assert sorted(np.concatenate(found).tolist()) == list(range(26))
    assert [len(node) for node in found] == [4] * 4 + [5] * 2
    assert found[0].tolist() == [0, 4, 8, 20]


def test_operators_of_nodes_predict_a_linear_training_exactly() -> None:
    rng = np.random.default_rng(0)
    layout = {"weights.0": (2, 3), "biases.0": (1, 3)}
    path = np.zeros((80, 9))
    for node in nodes(layout):
        basis = rng.normal(size=(3, 3))
        path[:, node] = (np.array([1.0, 0.95, 0.8]) ** np.arange(80)[:, None]) @ basis
    np.testing.assert_allclose(predict(path[:40], layout, 40), path[79], atol=1e-8)


def test_the_output_layer_is_the_end_of_a_snapshot(toy: Arrays) -> None:
    settings = DenseSettings(hidden=(4,), bias=False, epochs=1)
    recorded = Recorded(DenseClassification(settings, toy, (0,)), Recording(precision="float64"))
    run(recorded)
    last = recorded.network.get_parameter("weights.1")[0].detach().numpy()
    np.testing.assert_array_equal(output_layer(recorded.trajectories()[0], 1)[-1], last.ravel())


def test_equal_nets_are_nearer_than_nets_of_another_rate(toy: Arrays) -> None:
    def net(kind: str, rate: float) -> Net:
        settings = DenseSettings(hidden=(4,), epochs=30, learning_rate=rate)
        return Net(kind, lambda: Recorded(DenseClassification(settings, toy, (0, 1)), Recording(precision="float64")))

    (found,) = run(Spectra(5, [net("slow", 0.01), net("fast", 3.0)], rank=5))
    assert found.seed == 5
    assert value(found.rows, "distance_slow_fast") > value(found.rows, "within_slow_fast") > 0
    assert len(found.curves) == 20


def test_a_diverged_training_is_a_result_without_a_spectrum(toy: Arrays) -> None:
    settings = Settings(hidden=(4,), epochs=40, learning_rate=1.0, shown=(20,), fit=20, ahead=10, predicted_from=(20,))
    training = DenseClassification(settings, toy, (0,))
    torch.nn.init.constant_(training.network.get_parameter("weights.0"), torch.inf)
    (found,) = run(Spectrum(settings, training))
    for metric in ("final_share_near_one", "prediction_error", "test_accuracy"):
        assert np.isnan(value(found.rows, metric))
    assert "diverged" in {row["metric"] for row in found.rows}


def test_pruned_nets_are_smaller_and_go_on_from_the_same_weights(toy: Arrays) -> None:
    settings = FasterSettings(hidden=(12,), epochs=30, before=10, rank=3, units=4, target=1e-9)
    task = FasterTraining(settings, toy, 0)
    for index in range(10):
        task.step(index)
    whole = task.start.network
    for way in ("koopman", "magnitude", "random"):
        network = task.pruned(way).network
        assert network.get_parameter("weights.0").shape == (1, 64, 4)
        columns = whole.get_parameter("weights.0")[0].T.tolist()
        assert all(column in columns for column in network.get_parameter("weights.0")[0].T.tolist())
    torch.testing.assert_close(task.pruned("whole").losses(), task.start.task.losses())  # pyright: ignore
    (result,) = run(FasterTraining(settings, toy, 0))
    assert np.isnan(value(result.rows, "epochs_koopman"))


@pytest.mark.parametrize("name", KOOPMAN)
def test_unknown_names_are_refused(name: str) -> None:
    experiment = experiments()[name]
    assert isinstance(experiment, KoopmanExperiment)
    with pytest.raises(UserError, match="no_such"):
        experiment.published("no_such", next(iter(experiment.models)))
    dataset = "signal_2" if name.endswith("denoising") else experiment.datasets[0]
    with pytest.raises(UserError, match="no_such"):
        experiment.published(dataset, "no_such")


@pytest.mark.parametrize("changes", [{"epochs": 30, "shown": [10]}, {"predicted_from": [10]}])
def test_windows_before_the_training_are_refused(changes: dict[str, object]) -> None:
    spec = RunSpec(paper="koopman", experiment="spectrum", dataset="digits", model="converged", settings=changes)
    with pytest.raises(UserError, match="before the training"):
        experiments()["koopman/spectrum"].task(spec, (0,), Inputs(None, None, {}, "cpu"))
