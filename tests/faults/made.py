"""A tiny campaign whose runs are real processes, and what a fault cost it."""

import importlib
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

from ctbench.cli import main
from ctbench.papers._plan import Job, plan, write_plan
from ctbench.spec.config import PRESETS, merge, read_yaml

importlib.import_module("torch._dynamo")  # as the first step of an optimiser does; a forked process has it then
SWING = {"iterations": 40, "hidden": [8], "duration": 6.0, "test_steps": [2, 5]}


@dataclass
class Campaign:
    """A configuration of one tiny run, in a folder of its own."""

    folder: Path
    results: Path
    job: Job
    config: Path

    @property
    def said(self) -> str:
        """All that the processes said so far."""
        path = self.folder / "said.txt"
        return path.read_text() if path.exists() else ""

    def start(self, *options: str, before: Callable[[], object] = int) -> ForkProcess:
        """`ctbench run` in a process of its own; torch is there already, so it begins at once."""
        arguments = ["run", str(self.job.folder / "spec.json"), "--config", str(self.config), *options]
        arguments = [arguments, self.folder / "said.txt", before]
        process = multiprocessing.get_context("fork").Process(target=_child, args=arguments)
        process.start()
        return process

    def run(self, *options: str, **more: Any) -> int:
        """The exit code of `ctbench run`; a signal is a negative number."""
        process = self.start(*options, **more)
        process.join()
        assert process.exitcode is not None
        return process.exitcode

    def numbers(self) -> dict[str, bytes]:
        """The bytes of all that was measured and learned."""
        tables = [self.job.folder / f"{name}.parquet" for name in ("measurements", "curves")]
        return {path.name: path.read_bytes() for path in [*tables, *sorted(self.job.folder.glob("weights/*"))]}

    def finished(self) -> dict[str, int]:
        """When each finished seed was kept: what is trained again gets a new time."""
        return {str(path): path.stat().st_ctime_ns for path in self.results.glob(".state/*/seed-*/provenance.json")}

    def training(self) -> bool:
        return any(self.results.glob(".state/*/group-*/seeds.json"))

    def toll(self, expected: dict[str, bytes], kept: dict[str, int] | None = None) -> tuple[int, int]:
        """Finished seeds (`kept`) that were trained again, and files whose bytes are not the expected ones."""
        now, found = self.finished(), self.numbers()
        lost = sum(now.get(path) != when for path, when in (kept or {}).items())
        return lost, sum(found.get(name) != expected.get(name) for name in {*found, *expected})


def _child(arguments: list[str], said: Path, before: Callable[[], object]) -> None:
    sys.stdout = sys.stderr = said.open("a", buffering=1)
    before()
    sys.exit(main(arguments))


def campaign(folder: Path, results: Path | None = None) -> Campaign:
    """One net, two seeds; results in `folder`, or elsewhere."""
    folder.mkdir(parents=True, exist_ok=True)
    results = results or folder / "results"
    overrides = overriding(results)
    config = merge(overrides, "made")
    [job] = plan(config)
    return Campaign(folder, results, job, write_plan(config, [job], overrides))


def overriding(results: Path) -> dict[str, Any]:
    """The configuration, over preset smoke."""
    others = dict.fromkeys(read_yaml(PRESETS / "smoke.yaml")["experiments"])
    swing = {"datasets": ["pendulum_0.1"], "models": {"rk4": None}, "settings": SWING}
    return {
        "preset": "smoke",
        "seeds": 2,
        "results": str(results),
        "data": str(results / "data"),
        "experiments": {**others, "continuousnet/pendulum": swing},
    }


def recorded(fault: str, lost: int, wrong: int) -> None:
    """Asserts that nothing was lost and nothing is wrong; tells it to the file that CTBENCH_FAULTS names, if any."""
    if path := os.environ.get("CTBENCH_FAULTS"):
        with Path(path).open("a") as file:
            file.write(json.dumps({"fault": fault, "lost": lost, "wrong": wrong}) + "\n")
    assert (lost, wrong) == (0, 0)


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
