"""Recording: the right snapshots, the same training, the same after a kill, bounded memory, other nets refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ctbench.models.resnet import ResNet
from ctbench.spec.errors import UserError
from ctbench.training import trajectory as recording_module
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.image_classification import ImageClassification, Settings
from ctbench.training.images import Arrays
from ctbench.training.linear_map import LinearMap
from ctbench.training.linear_map import Settings as LinearSettings
from ctbench.training.loop import load, run, save
from ctbench.training.modes import dynamic_modes
from ctbench.training.series import Series
from ctbench.training.task import Task
from ctbench.training.trajectory import Recorded, Recording, Trajectory, projection

RECORDINGS = [
    Recording(),
    Recording(every=2, start=3),
    Recording(window=2),
    Recording(unit="iteration", every=3),
    Recording(unit="iteration", start=7, window=4, precision="float64"),
    Recording(dimensions=5),
]
SEEDS = (3, 1)


def dense(toy: Arrays, **changes: object) -> DenseClassification:
    settings = DenseSettings.model_validate({"hidden": (4,), "epochs": 6, "batch": 12, **changes})
    return DenseClassification(settings, toy, SEEDS)


def convolutional(toy: Arrays) -> ImageClassification:
    options = ResNet.Options(width=2, stages=1, blocks=1).model_dump()
    settings = Settings(model="resnet", options=options, epochs=6, batch=12, augment="none")
    return ImageClassification(settings, toy, 3)


def linear() -> LinearMap:
    settings = LinearSettings(
        spacing=0.1, iterations=500, batch=4, learning_rate=0.01, formulas=("one_step",), dt=0.1, points=20
    )
    trajectory = np.random.default_rng(0).normal(size=(20, 2))
    return LinearMap(settings, trajectory, np.eye(2), SEEDS)


TASKS: dict[str, Callable[[Arrays], Task]] = {
    "dense": dense,
    "convolutional": convolutional,
    "one step ahead": lambda _: linear(),
}


CASES = [("dense", r) for r in RECORDINGS] + [
    (n, r) for n in TASKS if n != "dense" for r in (RECORDINGS[1], RECORDINGS[4])
]


@pytest.mark.parametrize("name, recording", CASES, ids=str)
@pytest.mark.parametrize("killed", [1, 4])
def test_a_killed_recording_goes_on_as_if_never_killed(
    name: str, recording: Recording, killed: int, toy: Arrays, tmp_path: Path
) -> None:
    """Also where it starts late, and was killed before."""
    whole = Recorded(TASKS[name](toy), recording)
    run(whole)
    first = Recorded(TASKS[name](toy), recording)
    for index in range(killed):
        first.step(index)
    save(tmp_path / "state.pt", killed, first)
    assert load(tmp_path / "state.pt")
    second = Recorded(TASKS[name](toy), recording)
    run(second, tmp_path / "state.pt")
    for a, b in zip(whole.trajectories(), second.trajectories(), strict=True):
        np.testing.assert_array_equal(a.weights, b.weights)
        np.testing.assert_array_equal(a.times, b.times)
    for a, b in zip(whole.results(), second.results(), strict=True):
        assert all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)


def test_recording_changes_nothing_of_the_training(toy: Arrays) -> None:
    bare, recorded = run(dense(toy)), run(Recorded(dense(toy), Recording(unit="iteration")))
    assert [r.rows for r in bare] == [r.rows for r in recorded]
    for a, b in zip(bare, recorded, strict=True):
        assert all(torch.equal(a.weights[name], b.weights[name]) for name in a.weights)


def test_snapshots_are_the_weights_at_their_times(toy: Arrays) -> None:
    plain, seen = dense(toy), []
    for index in range(plain.steps):
        seen.append(torch.cat([p.detach().flatten(1) for p in plain.network.parameters()], 1).numpy())
        plain.step(index)
    recorded = Recorded(dense(toy), Recording(every=2, precision="float64"))
    run(recorded)
    for seed, found in enumerate(recorded.trajectories()):
        assert found.times.tolist() == [0, 2, 4, 6]
        np.testing.assert_array_equal(found.weights[:3], [seen[k][seed] for k in (0, 2, 4)])


def test_iterations_are_those_of_the_optimiser(toy: Arrays) -> None:
    """32 images in batches of 12 are three iterations an epoch; tests after a training are none of its steps."""
    recorded = Recorded(dense(toy), Recording(unit="iteration", every=4, start=2))
    run(recorded)
    assert recorded.trajectories()[0].times.tolist() == [2, 6, 10, 14, 18]
    assert recorded.units == 18


def test_the_window_bounds_what_is_held(toy: Arrays) -> None:
    recorded = Recorded(dense(toy), Recording(unit="iteration", window=5))
    run(recorded)
    assert recorded.trajectories()[1].times.tolist() == [14, 15, 16, 17, 18]
    assert len(recorded.snapshots) == 5


@pytest.mark.parametrize("unit", ["step", "iteration"])
def test_too_much_memory_is_refused_at_the_beginning(unit: str, toy: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording_module, "LIMIT", 6000)
    with pytest.raises(UserError, match="Set `window`, `every` or `dimensions`"):
        Recorded(dense(toy), Recording.model_validate({"unit": unit})).step(0)
    Recorded(dense(toy), Recording.model_validate({"unit": unit, "dimensions": 20})).step(0)


def test_a_projection_keeps_the_eigenvalues_of_few_modes() -> None:
    rng = np.random.default_rng(0)
    known = np.array([1.0, 0.9, 0.5])
    W = known ** np.arange(30)[:, None] @ rng.normal(size=(3, 5000))
    place, sign = projection(5000, 40)
    small = torch.zeros(30, 40, dtype=torch.float64).index_add_(1, place, torch.from_numpy(W) * sign).numpy()
    np.testing.assert_allclose(np.sort(dynamic_modes(small).eigenvalues.real), np.sort(known), atol=1e-9)
    ratio = np.linalg.norm(projected(10_000, 400)) / np.sqrt(10_000)
    assert ratio == pytest.approx(1, abs=0.2)


def projected(n: int, k: int) -> np.ndarray:
    place, sign = projection(n, k)
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(1, n)))
    return torch.zeros(1, k, dtype=torch.float64).index_add_(1, place, x * sign).numpy()


def test_a_file_holds_the_trajectory_and_refuses_another_network(toy: Arrays, tmp_path: Path) -> None:
    recorded = Recorded(dense(toy), Recording())
    run(recorded)
    path, whole = tmp_path / "0.safetensors", recorded.trajectories()[0]
    whole.write(path)
    found = Trajectory.read(path, recorded.layout)
    np.testing.assert_array_equal(found.weights, whole.weights)
    assert found.times.tolist() == whole.times.tolist() and dict(found.layout) == dict(whole.layout)
    assert path.stat().st_size < whole.weights.nbytes + 1000
    other = Recorded(dense(toy, hidden=(5,)), Recording())
    with pytest.raises(
        UserError, match=r"snapshots of another network; weights\.0: found \(64, 4\), expected \(64, 5\)"
    ):
        Trajectory.read(path, other.layout)
    with pytest.raises(UserError, match="another network or another recording"):
        other.restore(recorded.state())


@pytest.mark.parametrize("content", [b"", b"no trajectory", None])
def test_what_is_no_trajectory_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"x\.safetensors: (found no|there is no such) trajectory"):
        Trajectory.read(path)


def test_what_trains_no_network_cannot_be_recorded() -> None:
    with pytest.raises(UserError, match="Series: it trains no single network"):
        Recorded(Series([]), Recording())


def test_a_recording_without_snapshots_says_so(toy: Arrays) -> None:
    recorded = Recorded(dense(toy), Recording(start=100))
    run(recorded)
    with pytest.raises(UserError, match="no snapshot in 6 units; the first 100 are left out"):
        recorded.trajectories()
