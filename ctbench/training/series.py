"""One quantity against depth, end time and the like: tasks one after another, and what each keeps for its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ctbench.training.node_classification import NodeClassification
from ctbench.training.saved import kept
from ctbench.training.task import SeedResult, Task, measured


@dataclass(frozen=True)
class Point:
    """A task at one place of a series.

    Attributes:
        x: the place.
        steps: of the task.
        make: makes the task; called when its turn comes, and again when a series is resumed.
    """

    x: float
    steps: int
    make: Callable[[], Task]


class Series(Task):
    """The tasks of all points, in order; rows carry the point's `x`. Curves and weights are not kept."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points, self.steps = tuple(points), sum(point.steps for point in points)
        self.done: list[list[dict[str, Any]]] = []
        self.task: Task | None = None
        self.position = 0

    def step(self, index: int) -> None:
        point = self.points[len(self.done)]
        self.task = self.task or point.make()
        self.task.step(self.position)
        self.position += 1
        if self.position == point.steps:
            self.done.append(
                [{"seed": r.seed, "rows": [{**row, "x": point.x} for row in r.rows]} for r in self.task.results()]
            )
            self.task, self.position = None, 0

    def state(self) -> dict[str, Any]:
        return {"done": self.done, "position": self.position, "task": self.task and self.task.state()}

    def restore(self, state: dict[str, Any]) -> None:
        self.done, self.position = state["done"], state["position"]
        self.task = None
        if state["task"] is not None:
            self.task = self.points[len(self.done)].make()
            self.task.restore(state["task"])

    def results(self) -> list[SeedResult]:
        by_seed: dict[int | None, list[dict[str, Any]]] = {}
        for point in self.done:
            for found in point:
                by_seed.setdefault(found["seed"], []).extend(found["rows"])
        return [SeedResult(seed, rows) for seed, rows in by_seed.items()]


class GradientMemory(Task):
    """What one training step of a network keeps for the gradient, in MB for a seed; without randomness."""

    steps = 1

    def __init__(self, training: NodeClassification) -> None:
        self.training, self.bytes = training, 0

    def step(self, index: int) -> None:
        training = self.training
        training.network.train()
        _, self.bytes = kept(
            lambda: training.loss(training.network(training.dropout), "train"), training.network.parameters()
        )

    def state(self) -> dict[str, Any]:
        return {"bytes": self.bytes}

    def restore(self, state: dict[str, Any]) -> None:
        self.bytes = state["bytes"]

    def results(self) -> list[SeedResult]:
        share = self.bytes / 1e6 / len(self.training.seeds)
        return [SeedResult(None, [measured("saved_memory", share, "MB")])]
