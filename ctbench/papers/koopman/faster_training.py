"""Does pruning by Koopman modes make training faster (KOOP-C4, K3)?

Hidden units are removed after some epochs, so that the net that trains on is really smaller; the clock counts it all:
the epochs before, the analysis, and the epochs after, until the training loss is at its target.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from pydantic import Field, model_validator

from ctbench.papers._experiment import Inputs
from ctbench.papers.koopman._analysed import KoopmanExperiment
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.images import Arrays
from ctbench.training.modes import dynamic_modes
from ctbench.training.task import Row, SeedResult, Task, measured
from ctbench.training.trajectory import Recorded, Recording

WAYS = ("whole", "koopman", "magnitude", "random")

MODELS: dict[str, dict[str, Any]] = {"units": {}}


class Settings(DenseSettings):
    """A wide net, when it is pruned, to how many units, and when it has arrived."""

    hidden: tuple[int, ...] = Field((256,), min_length=1, max_length=1)
    epochs: int = Field(600, ge=1, description="At most.")
    before: int = Field(40, ge=2, description="Epochs of the whole net, all recorded.")
    rank: int = Field(6, ge=1)
    units: int = Field(64, ge=1, description="Hidden units that stay.")
    target: float = Field(0.1, gt=0, description="Training loss at which the clock stops.")

    @model_validator(mode="after")
    def _something_is_left(self) -> Settings:
        if not self.before < self.epochs or not self.units < self.hidden[0]:
            raise ValueError(
                f"{self.before} of {self.epochs} epochs come before pruning and {self.units} of {self.hidden[0]} units "
                "stay; expected fewer of each"
            )
        return self


class FasterTraining(Task):
    """One seed: the whole net and its pruned copies go on in turns, an epoch each, so that all share the machine."""

    def __init__(self, settings: Settings, arrays: Arrays, seed: int, device: str = "cpu") -> None:
        self.settings, self.arrays, self.seed, self.device = settings, arrays, seed, device
        self.steps = settings.epochs
        self.start = Recorded(DenseClassification(settings, arrays, (seed,), device), Recording(precision="float64"))
        self.ways: dict[str, DenseClassification] = {}
        self.seconds = dict.fromkeys(WAYS, 0.0)
        self.arrived: dict[str, int] = {}

    def step(self, index: int) -> None:
        if index < self.settings.before:
            begin = time.perf_counter()
            self.start.step(index)
            for way in WAYS:
                self.seconds[way] += time.perf_counter() - begin
        for way in () if index < self.settings.before else WAYS:
            if way not in self.arrived:
                begin = time.perf_counter()
                training = self.ways[way] if way in self.ways else self.pruned(way)
                training.step(index)
                self.seconds[way] += time.perf_counter() - begin
                if training.history[-1][0] <= self.settings.target:
                    self.arrived[way] = index + 1

    def pruned(self, way: str) -> DenseClassification:
        """The net as it stands after the first epochs, with the units that a way keeps; what this takes is timed."""
        units = self.settings.hidden[0]
        keep = np.arange(units) if way == "whole" else np.sort(np.argsort(-self.scores(way))[: self.settings.units])
        self.ways[way] = self.small(len(keep))
        network = self.start.network
        for name, p in self.ways[way].network.named_parameters():
            old, axis = network.get_parameter(name).detach(), {"weights.1": 1, "biases.1": None}.get(name, 2)
            p.data.copy_(old if axis is None else old.index_select(axis, torch.from_numpy(keep).to(old.device)))
        return self.ways[way]

    def small(self, units: int) -> DenseClassification:
        """A training like this one of a net with so many units."""
        settings = self.settings.model_copy(update={"hidden": (units,)})
        return DenseClassification(settings, self.arrays, (self.seed,), self.device)

    def scores(self, way: str) -> np.ndarray:
        """Of every hidden unit, [units]: the norm of the scores of all its weights."""
        (trajectory,) = self.start.trajectories()
        if way == "random" or not np.isfinite(trajectory.weights).all():
            return generator("noise", self.seed, "pruning").random(self.settings.hidden[0])
        if way == "koopman":
            weights = dynamic_modes(trajectory.weights[self.settings.before // 2 :], self.settings.rank).fixed_point()
        else:
            weights = trajectory.weights[-1]
        layout = trajectory.layout
        parts = np.split(weights, np.cumsum([np.prod(shape) for shape in layout.values()])[:-1])
        of = {name: part.reshape(shape) for (name, shape), part in zip(layout.items(), parts, strict=True)}
        inputs = np.square(of["weights.0"]).sum(0) + np.square(of["biases.0"][0])
        return inputs + np.square(of["weights.1"]).sum(1)

    def state(self) -> dict[str, Any]:
        return {
            "start": self.start.state(),
            "ways": {way: (t.settings.hidden[0], t.state()) for way, t in self.ways.items()},
            "seconds": self.seconds,
            "arrived": self.arrived,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.start.restore(state["start"])
        self.ways = {}
        for way, (units, saved) in state["ways"].items():
            self.ways[way] = self.small(units)
            self.ways[way].restore(saved)
        self.seconds, self.arrived = state["seconds"], state["arrived"]

    def results(self) -> list[SeedResult]:
        rows: list[Row] = []
        timings: list[Row] = []
        for way in WAYS:
            seconds = {w: self.seconds[w] if w in self.arrived else np.nan for w in (way, "whole")}
            rows.append(measured(f"epochs_{way}", self.arrived.get(way, np.nan), "epochs"))
            rows.append(measured(f"test_accuracy_{way}", self.ways[way].accuracy()[0], "%"))
            timings.append(measured(f"seconds_{way}", seconds[way], "s"))
            timings.append(measured(f"time_ratio_{way}", seconds[way] / seconds["whole"], "ratio"))
        return [SeedResult(self.seed, rows, timings=timings)]


class FasterTrainingByPruning(KoopmanExperiment):
    """A hidden layer of 256 units of which 64 stay after 40 epochs."""

    title = "Training time with units pruned"
    Settings = Settings
    models = MODELS
    group = 1

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.012 * settings.epochs * settings.hidden[0] / 256

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> FasterTraining:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset
        return FasterTraining(settings, inputs.dataset.arrays, seeds[0], inputs.device)


EXPERIMENT = FasterTrainingByPruning()
