"""What a run costs beside its bare loop: spec, store, checkpoints, record, provenance."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import torch

from ctbench.papers import experiments
from ctbench.papers._experiment import Experiment, Inputs, expand
from ctbench.papers._runner import Workplace, execute
from ctbench.spec.config import load_config
from ctbench.spec.run import RunSpec
from ctbench.training.task import SeedResult, Task, measured

REPEATS = 5


class Null(Task):
    """A model that does nothing for five milliseconds a step, 600 steps."""

    steps = 600

    def step(self, index: int) -> None:
        end = time.perf_counter() + 0.005
        while time.perf_counter() < end:
            pass

    def state(self) -> dict[str, Any]:
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        pass

    def results(self) -> list[SeedResult]:
        return [SeedResult(0, [measured("nothing", 0.0, "1")])]


def main(full: bool) -> None:
    torch.set_num_threads(1)
    config = load_config(Path("config.yaml"))
    specs = {(s.name, s.model): s for s in expand(config, experiments())}
    spec = specs["cgnn/fixed_split", "gcn"]
    experiment = experiments()[spec.name]
    place = Workplace(Path(), config.data, log=lambda _: None)
    compare("null model, 3 s", spec.model_copy(update={"seeds": (0,)}), place, experiment, lambda: Null())
    compare("GCN on Cora, 10 seeds", spec, place, experiment, None)


def compare(
    name: str, spec: RunSpec, place: Workplace, experiment: Experiment, make: Callable[[], Task] | None
) -> None:
    """Print whole run against bare loop, medians of alternating repeats."""
    from ctbench.data import load

    inputs = Inputs(load("cora", place.data), None, {}, "cpu")
    whole, bare = [], []
    for _ in range(REPEATS):
        task = make() if make else experiment.task(spec, spec.seeds, inputs)
        begin = time.perf_counter()
        for index in range(task.steps):
            task.step(index)
        task.results()
        bare.append(time.perf_counter() - begin)
        with tempfile.TemporaryDirectory() as folder:
            here = replace(place, state=Path(folder) / "state")
            given = make() if make else experiment.task(spec, spec.seeds, inputs)
            with patch.object(type(experiment), "task", lambda *_, given=given: given):
                begin = time.perf_counter()
                execute(spec, Path(folder) / "run", here)
                whole.append(time.perf_counter() - begin)
    over = median(w / b for w, b in zip(whole, bare, strict=True)) - 1
    print(f"harness, {name}: run {median(whole):.2f} s, bare loop {median(bare):.2f} s, overhead {100 * over:.1f} %")
