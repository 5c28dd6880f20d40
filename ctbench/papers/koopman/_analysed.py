"""What the Koopman experiments share: their frame, and a recorded training whose trajectory is analysed at the end."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from ctbench.papers._experiment import Experiment, row, smaller
from ctbench.spec.frozen import Frozen
from ctbench.training.task import Row, SeedResult
from ctbench.training.trajectory import Recorded, Trajectory


class KoopmanExperiment(Experiment):
    """An experiment of this project's design: the paper's own networks and sizes are not in the material available.

    Its full size is that of its settings' defaults and of `models`; whatever is smaller is a reduction.
    """

    paper = "koopman"
    datasets: ClassVar[tuple[str, ...]] = ("digits", "fashion_mnist")
    models: ClassVar[dict[str, dict[str, Any]]]
    sizes: ClassVar[tuple[str, ...]] = ("epochs",)

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        row({name: {} for name in self.datasets}, dataset, "data set", self.where)
        return row(self.models, model, "model", self.where)

    @property
    def where(self) -> str:
        """Its place in a configuration."""
        return f"experiments.koopman/{type(self).__module__.rpartition('.')[2]}"

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        full = self.Settings.model_validate(self.published(dataset, model)).model_dump()
        yield from smaller(settings, full, *self.sizes)

    def needs(self, dataset: str) -> str | None:
        return dataset

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (type(self).__module__,)


class Analysed(Recorded):
    """A training and what follows from its trajectory; a subclass says what, for one seed."""

    @abstractmethod
    def analysis(self, seed: int, trajectory: Trajectory) -> Iterator[Row]:
        """Measurements of the seed at this position of the group."""

    def history(self, seed: int, trajectory: Trajectory) -> Iterator[Row]:
        """Measurements over training; none unless a subclass has some."""
        yield from ()

    def results(self) -> list[SeedResult]:
        return [
            replace(
                trained,
                rows=[*trained.rows, *self.analysis(i, trajectory)],
                curves=[*trained.curves, *self.history(i, trajectory)],
            )
            for i, (trained, trajectory) in enumerate(zip(super().results(), self.trajectories(), strict=True))
        ]
