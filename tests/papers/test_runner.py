"""Runs from spec to record: what is trained, what is taken from the store, and that interruptions leave no trace."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file
from scipy import sparse
from sklearn.datasets import load_digits

from ctbench import data
from ctbench.models._sparse import Graph
from ctbench.papers import _runner, experiment
from ctbench.papers._plan import plan
from ctbench.papers._runner import Workplace, execute
from ctbench.papers._stopping import Stoppable
from ctbench.papers.continuousnet.pendulum import exact
from ctbench.records import measurements, record
from ctbench.spec.config import Config
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json
from ctbench.spec.run import RunSpec
from ctbench.training import image_classification as images
from ctbench.training import linear_map, loop, node_classification, sweeps, vector_field
from ctbench.training.task import SeedResult, Task

PENDULUM = "continuousnet/pendulum"
SWING: dict[str, Any] = {
    "datasets": ["pendulum_0.1"],
    "models": {"euler": {}},
    "settings": {"iterations": 12, "hidden": [5], "duration": 5.0, "test_steps": [2, 5]},
}
DIGITS: dict[str, Any] = {
    "continuousnet/classification": {
        "datasets": ["digits"],
        "models": {"rk4_k1": {"epochs": 1, "options": {"width": 2, "stages": 1}}},
    },
    "continuousnet/manifestation": {"settings": {"schemes": ["rk4_classic", "euler"], "steps": [1, 2]}},
}


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the digits in it."""
    root = tmp_path_factory.mktemp("data")
    data.prepare("digits", root, log=lambda _: None)
    return root


@pytest.fixture(autouse=True)
def few_iterations_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (vector_field, linear_map):
        monkeypatch.setattr(module, "CHUNK", 4)
        monkeypatch.setattr(module, "SAMPLE", 4)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, ...], int]]:
    """Kind of task, seeds and number of steps done, of every training since the beginning of the test."""
    found: list[tuple[str, tuple[int, ...], int]] = []

    def counted(task: Stoppable, checkpoint: Path) -> list[SeedResult]:
        begun = len(record_steps(task))
        results = loop.run(task, checkpoint)
        found.append((type(task.task).__name__, tuple(r.seed for r in results), len(record_steps(task)) - begun))
        return results

    monkeypatch.setattr(_runner, "run_task", counted)
    return found


def record_steps(task: Task) -> list[int]:
    """The indices of the steps that a task does from now on."""
    if not hasattr(task, "done"):
        task.done, step = [], task.step
        task.step = lambda index: (task.done.append(index), step(index))
    return task.done


def specs(experiments: dict[str, Any], seeds: Any = 2) -> list[RunSpec]:
    return [job.spec for job in plan(Config(seeds=seeds, results=Path("nowhere"), experiments=experiments))]


def swing(seeds: Any = 2, **settings: Any) -> RunSpec:
    return specs({PENDULUM: {**SWING, "settings": {**SWING["settings"], **settings}}}, seeds)[0]


def do(spec: RunSpec, results: Path, preset: str = "smoke", data: Path = Path("none"), **options: Any) -> Path:
    """The folder of the run, done."""
    folder = results / preset / spec.run_id
    execute(spec, folder, Workplace(results / ".state", data, log=lambda _: None, **options))
    return folder


def numbers(folder: Path) -> dict[str, bytes]:
    """The bytes of all that a run measured and learned."""
    files = [folder / "measurements.parquet", folder / "curves.parquet", *sorted(folder.glob("weights/*"))]
    return {path.name: path.read_bytes() for path in files}


def test_a_record_is_whole(tmp_path: Path) -> None:
    spec = swing()
    folder = do(spec, tmp_path)
    rows = measurements.read(folder / "measurements.parquet")
    assert rows[["paper", "experiment", "dataset", "model", "run", "scale"]].drop_duplicates().values.tolist() == [
        ["continuousnet", "pendulum", "pendulum_0.1", "euler", spec.run_id, "reduced"]
    ]
    assert rows["seed"].unique().tolist() == [0, 1] and rows["value"].notna().all()
    assert sorted(path.name for path in folder.glob("weights/*")) == ["0.safetensors", "1.safetensors"]
    assert load_file(folder / "weights/1.safetensors")["weights.0"].shape == (2, 5)
    origin = read_json(folder / "provenance.json")
    assert set(origin) >= {
        *("command", "threads", "device", "commit", "dirty", "lock", "versions", "cpu", "cores", "gpu", "platform"),
        *("started", "wall_seconds", "process_seconds", "peak_memory_bytes", "data", "seeds"),
    }
    assert set(origin["seeds"]) == {"0", "1"} and origin["seeds"]["0"]["trained_together"] == 2
    assert record.is_done(spec, folder, record.read_record(folder)["code"])


def test_what_is_done_is_not_done_again(tmp_path: Path, trained: list) -> None:
    folder = do(swing(), tmp_path)
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    do(swing(), tmp_path)
    assert len(trained) == 1 and {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_more_seeds_train_only_the_new_ones(tmp_path: Path, trained: list) -> None:
    few = do(swing(10), tmp_path)
    more = do(swing([3, 11, 5, 10]), tmp_path)
    assert [seeds for _, seeds, _ in trained] == [tuple(range(10)), (11, 10)]
    before, after = (measurements.read(folder / "measurements.parquet").drop(columns="run") for folder in (few, more))
    for seed in (3, 5):
        assert (more / f"weights/{seed}.safetensors").read_bytes() == (few / f"weights/{seed}.safetensors").read_bytes()
        old, new = (frame[frame["seed"] == seed].reset_index(drop=True) for frame in (before, after))
        pd.testing.assert_frame_equal(new, old, check_exact=True)


def test_other_settings_train_anew(tmp_path: Path, trained: list) -> None:
    for spec in (swing(), swing(learning_rate=0.01), swing(hidden=[6])):
        do(spec, tmp_path)
    assert [seeds for _, seeds, _ in trained] == [(0, 1)] * 3


def test_other_code_trains_anew(tmp_path: Path, trained: list, monkeypatch: pytest.MonkeyPatch) -> None:
    do(swing(), tmp_path)
    monkeypatch.setattr(_runner, "code_hash", lambda modules: "0ther")
    folder = do(swing(), tmp_path)
    assert len(trained) == 2 and record.read_record(folder)["code"] == "0ther"


def test_presets_rows_and_experiments_share_their_cells(
    tmp_path: Path, trained: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = do(swing(), tmp_path)
    monkeypatch.setattr(_runner, "names", lambda: [PENDULUM, "continuousnet/again"])
    monkeypatch.setattr(_runner, "experiment_called", lambda name: experiment(PENDULUM))
    others = [
        do(swing(), tmp_path, preset="laptop"),
        do(RunSpec(**{**swing().model_dump(), "model": "of another name"}), tmp_path),
        do(RunSpec(**{**swing().model_dump(), "experiment": "again"}), tmp_path),
    ]
    assert len(trained) == 1
    value = measurements.read(first / "measurements.parquet")["value"]
    for folder in others:
        rows = measurements.read(folder / "measurements.parquet")
        assert rows["value"].equals(value) and (rows["run"] == folder.name).all()


class Stop(BaseException):
    """Stands for a signal: nothing catches it."""


@pytest.fixture
def save_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAVE_SECONDS", 0.0)
    monkeypatch.setattr(loop, "SAVE_SHARE", float("inf"))


def stopped(task: Task, at: int) -> Task:
    """The task; it breaks off when step `at` is done and not yet saved."""
    step = task.step

    def until(index: int) -> None:
        step(index)
        if index == at:
            raise Stop

    task.step = until
    return task


def test_a_begun_group_goes_first_from_where_it_stood(
    tmp_path: Path, trained: list, save_always: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_runner, "run_task", lambda task, checkpoint: loop.run(stopped(task, 2), checkpoint))
        with pytest.raises(Stop):
            do(swing(3), tmp_path)
    do(swing([2, 3, 4]), tmp_path)
    steps = vector_field.VectorField(*vector_arguments(swing().settings)).steps
    assert trained == [("VectorField", (0, 1, 2), steps - 2), ("VectorField", (3, 4), steps)]
    do(swing(3), tmp_path)
    assert len(trained) == 2


def test_a_kill_between_two_seeds_keeps_the_first(
    tmp_path: Path, trained: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = _runner.Store.keep

    def first_alone(store: _runner.Store, result: SeedResult, origin: dict) -> None:
        if result.seed == 1:
            raise Stop
        keep(store, result, origin)

    with monkeypatch.context() as patch, pytest.raises(Stop):
        patch.setattr(_runner.Store, "keep", first_alone)
        do(swing(), tmp_path / "a")
    stopped_run, whole = do(swing(), tmp_path / "a"), do(swing(), tmp_path / "b")
    assert numbers(stopped_run) == numbers(whole)


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 half a file", None])
def test_a_damaged_checkpoint_starts_afresh(
    tmp_path: Path, trained: list, save_always: None, monkeypatch: pytest.MonkeyPatch, damage: bytes | None
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(_runner, "run_task", lambda task, checkpoint: loop.run(stopped(task, 2), checkpoint))
        with pytest.raises(Stop):
            do(swing(), tmp_path / "a")
    [checkpoint] = (tmp_path / "a").glob(".state/*/group-*/state.pt")
    content = checkpoint.read_bytes()
    checkpoint.write_bytes(content[: len(content) // 2] if damage is None else damage)
    damaged, whole = do(swing(), tmp_path / "a"), do(swing(), tmp_path / "b")
    assert numbers(damaged) == numbers(whole) and trained[0] == trained[1]


def diverging() -> list[RunSpec]:
    """A training at a learning rate of a million, and its sweep."""
    classification = {**DIGITS["continuousnet/classification"], "settings": {"learning_rate": 1e6}}
    return specs({**DIGITS, "continuousnet/classification": classification}, seeds=1)


def test_a_diverging_run_is_a_record(tmp_path: Path, digits: Path) -> None:
    spec, _ = diverging()
    rows = measurements.read(do(spec, tmp_path, data=digits) / "measurements.parquet").set_index("metric")
    assert np.isnan(rows.loc["test_accuracy", "value"]) and rows.loc["parameters", "value"] > 0
    assert rows.loc["diverged", "x"] == 0 and rows.loc["diverged", "unit"] == "norm"


def test_a_sweep_of_diverged_weights_measures_nothing(tmp_path: Path, digits: Path) -> None:
    parent, sweep = diverging()
    do(parent, tmp_path, data=digits)
    rows = measurements.read(do(sweep, tmp_path, data=digits) / "measurements.parquet")
    assert rows["value"].isna().all()


def test_a_sweep_starts_from_its_parents_weights(tmp_path: Path, digits: Path, trained: list) -> None:
    parent, sweep = specs(DIGITS)
    assert sweep.parent == parent.run_id and sweep.seeds == parent.seeds
    rows = measurements.read(do(parent, tmp_path, data=digits) / "measurements.parquet")
    swept = measurements.read(do(sweep, tmp_path, data=digits) / "measurements.parquet")
    assert [kind for kind, _, _ in trained] == ["ImageClassification"] * 2 + ["Manifestation"] * 2
    own = swept[(swept["solver"] == "rk4_classic") & (swept["steps"] == 1) & (swept["metric"] == "test_accuracy")]
    accuracy = rows[rows["metric"] == "test_accuracy"]
    assert own["value"].tolist() == accuracy["value"].tolist() and accuracy["value"].nunique() == 2


def test_a_sweep_follows_when_its_parent_is_trained_otherwise(tmp_path: Path, digits: Path, trained: list) -> None:
    slow = {"settings": {"learning_rate": 0.01}}
    classification = DIGITS["continuousnet/classification"]
    for experiments in (DIGITS, {**DIGITS, "continuousnet/classification": {**classification, **slow}}):
        for spec in specs(experiments, seeds=1):
            do(spec, tmp_path, data=digits)
    assert [kind for kind, _, _ in trained] == ["ImageClassification", "Manifestation"] * 2


def test_a_sweep_follows_when_other_code_trains_its_parent(
    tmp_path: Path, digits: Path, trained: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, sweep = specs(DIGITS, seeds=1)
    for extra in ((), ("ctbench.models.mlp",)):
        kind = type(experiment(parent.name))
        code = kind.code
        monkeypatch.setattr(
            kind, "code", lambda self, settings, code=code, extra=extra: (*code(self, settings), *extra)
        )
        for spec in (parent, sweep):
            do(spec, tmp_path, data=digits)
    assert [kind for kind, _, _ in trained] == ["ImageClassification", "Manifestation"] * 2


def test_a_sweep_without_its_parent_says_so(tmp_path: Path, digits: Path) -> None:
    parent, sweep = specs(DIGITS, seeds=1)
    with pytest.raises(UserError, match=f"{parent.run_id}.*no such file"):
        do(sweep, tmp_path, data=digits)
    folder = do(parent, tmp_path, data=digits)
    weights = folder / "weights/0.safetensors"
    weights.unlink()
    save_file({"other": torch.zeros(1)}, weights)
    weights.write_bytes(weights.read_bytes()[:-2])
    with pytest.raises(UserError, match=r"0\.safetensors.*cannot be read"):
        do(sweep, tmp_path, data=digits)


def test_missing_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ctbench data prepare digits"):
        do(specs(DIGITS)[0], tmp_path, data=tmp_path)


def test_another_runs_folder_is_refused(tmp_path: Path) -> None:
    folder = do(swing(), tmp_path)
    before = numbers(folder)
    with pytest.raises(UserError, match="collision"):
        execute(swing(3), folder, Workplace(tmp_path / ".state", tmp_path, log=lambda _: None))
    assert numbers(folder) == before


FULL = """
import resource, sys
from ctbench.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
sys.exit(main(sys.argv[1:]))
"""


def test_a_full_disk_is_told_and_the_run_can_go_on(tmp_path: Path) -> None:
    """No file can grow beyond 20 kB: the weights, of 40 kB, fail as on a full disk."""
    spec = swing(hidden=[50, 90])
    record.write_spec(spec, tmp_path / spec.run_id)
    (tmp_path / "c.yaml").write_text(f"results: {tmp_path}\n")
    command = ["run", tmp_path / spec.run_id / "spec.json", "--config", tmp_path / "c.yaml"]
    found = subprocess.run([sys.executable, "-c", FULL, *map(str, command)], capture_output=True, text=True)
    assert found.returncode == 2 and found.stderr.startswith("ctbench: ") and "Traceback" not in found.stderr
    assert not list(tmp_path.rglob(".seed-*"))


def made_up_graph(model: str) -> Callable[[], Task]:
    """Two seeds on thirty nodes of three classes."""
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((30, 30)) < 0.2, 1)
    features = sparse.csr_array(rng.random((30, 8)) * (rng.random((30, 8)) < 0.5))
    graph = Graph(features, sparse.csr_array((upper | upper.T).astype(float)), classes=3)
    order = np.stack([rng.permutation(30) for _ in range(2)])
    split = {"train": order[:, :12], "validation": order[:, 12:20], "test": order[:, 20:]}
    settings = node_classification.Settings(model=model, epochs=8, evaluate_every=2, select_from=2)
    labels = rng.integers(0, 3, 30)
    return lambda: node_classification.NodeClassification(settings, graph, labels, split, (4, 9))


def few_digits() -> dict[str, np.ndarray]:
    """Two hundred of scikit-learn's digits."""
    bunch = load_digits()
    pixels, labels = bunch.images[:200, :, :, None].astype(np.uint8) * 15, bunch.target[:200].astype(np.int64)
    return {
        "train_images": pixels[:150],
        "train_labels": labels[:150],
        "test_images": pixels[150:],
        "test_labels": labels[150:],
    }


def image_training(**changes: Any) -> images.ImageClassification:
    """Depth grows from one basis to four, with noise."""
    options: dict[str, Any] = {"width": 2, "stages": 1, "scheme": "midpoint"}
    recipe: dict[str, Any] = {"model": "continuousnet", "options": options, "epochs": 4, "batch": 50}
    settings = images.Settings(**{**recipe, "refine": (0.25, 0.5), "refine_noise": 0.1, **changes})
    return images.ImageClassification(settings, few_digits(), seed=3)


def trained_images() -> sweeps.Trained:
    """The weights with which a training of two bases begins, as if it had ended so."""
    task = image_training(refine=(), options={"width": 2, "stages": 1, "bases": 2})
    return sweeps.Trained(task.settings, task.network.state_dict(), few_digits(), seed=3)


def vector_arguments(settings: dict[str, Any]) -> tuple:
    typed = vector_field.Settings(**settings)
    return typed, exact(0.1 * np.arange(51)), exact(np.array(0.0)), exact(np.array(2.0)), (4, 9)


def vector_training() -> Task:
    return vector_field.VectorField(*vector_arguments(swing().settings))


def matrix_training() -> Task:
    settings: dict[str, Any] = {"formulas": ("trapezoid",), "spacing": 0.1, "dt": 0.1, "iterations": 12}
    trajectory = np.random.default_rng(0).random((50, 3))
    return linear_map.LinearMap(
        linear_map.Settings(**settings, learning_rate=0.05, batch=25, milestones=(5,)), trajectory, np.eye(3), (4, 9)
    )


POINTS: dict[str, Any] = {"schemes": ("euler", "rk4_38"), "steps": (1, 2)}
TASKS: dict[str, Callable[[], Task]] = {
    **{f"graph_{model}": made_up_graph(model) for model in ("gcn", "gcde", "cgnn")},
    "images": image_training,
    "images_momentum": lambda: image_training(refine_momentum="keep"),
    "manifestation": lambda: sweeps.Manifestation(sweeps.ManifestationSettings(**POINTS), trained_images()),
    "fewer_units": lambda: sweeps.FewerUnits(sweeps.FewerUnitsSettings(), trained_images()),
    "adjoint": lambda: sweeps.AdjointGradient(sweeps.AdjointSettings(**POINTS), trained_images()),
    "vector_field": vector_training,
    "linear_map": matrix_training,
}


def comparable(results: list[SeedResult]) -> Iterator[tuple]:
    """Everything in the results but what the clock said."""
    for result in results:
        yield result.seed, *(repr(row) for row in [*result.rows, *result.curves])
        yield tuple((name, tensor.numpy().tobytes()) for name, tensor in sorted(result.weights.items()))


@pytest.mark.parametrize("name", TASKS)
def test_interruptions_leave_no_trace(name: str, tmp_path: Path, save_always: None) -> None:
    make, checkpoint = TASKS[name], tmp_path / "state.pt"
    undisturbed = make()
    expected = list(comparable(loop.run(undisturbed)))
    for at in (0, 1, undisturbed.steps // 2, undisturbed.steps - 1):
        with pytest.raises(Stop):
            loop.run(stopped(make(), at), checkpoint)
        assert checkpoint.exists() == (at > 0)
    again = make()
    done = record_steps(again)
    assert list(comparable(loop.run(again, checkpoint))) == expected
    assert done == [undisturbed.steps - 1]


DRIVER = """
import sys
from ctbench.training import loop
loop.SAVE_SECONDS, loop.SAVE_SHARE = 0.2, 1.0
from ctbench.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.slow
def test_a_run_killed_three_times_is_bit_identical(tmp_path: Path) -> None:
    """Real processes, SIGKILL at random moments after the first checkpoint of each."""
    spec = swing(2, iterations=20_000, hidden=[50], duration=200.0)
    found = {}
    for name, kills in (("killed", 3), ("undisturbed", 0)):
        folder = tmp_path / name / "runs" / spec.run_id
        record.write_spec(spec, folder)
        (tmp_path / f"{name}.yaml").write_text(f"results: {tmp_path / name}\n")
        arguments = ["run", str(folder / "spec.json"), "--config", str(tmp_path / f"{name}.yaml")]
        command = [sys.executable, "-c", DRIVER, *arguments]
        for _ in range(kills):
            before = [path.stat().st_mtime_ns for path in checkpoints(tmp_path / name)]
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            while process.poll() is None and [p.stat().st_mtime_ns for p in checkpoints(tmp_path / name)] == before:
                time.sleep(0.02)
            time.sleep(random.uniform(0, 1.0))
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL, "it had ended before it could be killed"
            assert not (folder / "record.json").exists()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found[name] = numbers(folder)
    assert found["killed"] == found["undisturbed"] and len(found["killed"]) == 4


def checkpoints(results: Path) -> list[Path]:
    return sorted(results.glob(".state/*/group-*/state.pt"))
