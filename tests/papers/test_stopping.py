"""A run that is asked to end saves its state, exits with 75, and ends with the same bytes when it is run again."""

import os
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from ctbench.papers import _stopping
from ctbench.papers._plan import plan
from ctbench.papers._runner import Workplace, execute
from ctbench.papers._stopping import Stop, Stoppable, StoppedError
from ctbench.spec.config import Config
from ctbench.training import loop, vector_field
from ctbench.training.task import SeedResult, Task


class Counting(Task):
    """Adds up its steps."""

    steps = 10

    def __init__(self) -> None:
        self.sum = 0

    def step(self, index: int) -> None:
        self.sum += index

    def state(self) -> dict[str, Any]:
        return {"sum": self.sum}

    def restore(self, state: dict[str, Any]) -> None:
        self.sum = state["sum"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(None, [{"sum": self.sum}])]


class After(Stop):
    """Stops before the step of this index."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.left = index

    def check(self, needed: float = 0.0) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoppedError("enough")


@pytest.mark.parametrize("index", [0, 1, 9])
def test_a_stopped_task_goes_on_where_it_was(tmp_path: Path, index: int) -> None:
    path = tmp_path / "state.pt"
    with pytest.raises(StoppedError):
        loop.run(Stoppable(Counting(), After(index), path), path)
    assert loop.load(path) == {"step": index, "task": {"sum": sum(range(index))}}
    [result] = loop.run(Stoppable(Counting(), Stop(), path), path)
    assert result.rows == [{"sum": 45}]


def test_the_time_that_the_next_step_needs_counts() -> None:
    stop = Stop(minutes=1)
    stop.check()
    stop.check(needed=40)
    with pytest.raises(StoppedError, match="time limit"):
        stop.check(needed=50)
    Stop().check(needed=1e9)


def test_a_limit_keeps_a_reserve(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(_stopping.time, "monotonic", lambda: now[0])
    short, long = Stop(minutes=1), Stop(minutes=60)
    now[0] = 46.0
    long.check()
    with pytest.raises(StoppedError):
        short.check()
    now[0] = 3541.0
    with pytest.raises(StoppedError):
        long.check()


def test_a_signal_is_noted_once(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    stop = Stop()
    with stop.listening():
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(StoppedError, match="SIGTERM"):
            stop.check()
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == before


SWING: dict[str, Any] = {
    "datasets": ["pendulum_0.1"],
    "models": {"euler": {}},
    "settings": {"iterations": 12, "hidden": [5], "duration": 5.0, "test_steps": [2, 5]},
}


def numbers(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in [folder / "measurements.parquet", *folder.glob("weights/*")]}


@pytest.mark.parametrize("index", [0, 1, 2])
def test_a_stopped_run_ends_with_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: int) -> None:
    monkeypatch.setattr(vector_field, "CHUNK", 4)
    found = []
    for name, stops in (("left alone", [Stop()]), ("stopped", [After(index), Stop()])):
        [job] = plan(Config(seeds=2, results=tmp_path / name, experiments={"continuousnet/pendulum": SWING}))
        for stop in stops:
            place = Workplace(tmp_path / name / ".state", tmp_path, log=lambda _: None, stop=stop)
            with pytest.raises(StoppedError) if isinstance(stop, After) else nullcontext():
                execute(job.spec, job.folder, place)
        found.append(numbers(job.folder))
    assert found[0] == found[1] and len(found[0]) == 3
