"""What the experiments on citation graphs share: from a prepared data set to a training, or to a series of them."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import Field

from ctbench.data import Dataset, split
from ctbench.data.planetoid import largest_component
from ctbench.papers._experiment import Experiment, Inputs, model_code, smaller
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.node_classification import NodeClassification, Settings, graph_of
from ctbench.training.series import GradientMemory, Point, Series
from ctbench.training.task import Task

SECONDS_PER_EPOCH = 0.02


class CitationExperiment(Experiment, ABC):
    """Node classification on a citation graph; subclasses give the tables of settings."""

    Settings = Settings

    def needs(self, dataset: str) -> str:
        return dataset

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        published = self.Settings.model_validate(self.published(dataset, model)).model_dump()
        return smaller(settings, published, "epochs", "select_from", "evaluate_every")

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        return "ctbench.training.node_classification", *model_code(settings.model, settings.options)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return settings.epochs * SECONDS_PER_EPOCH

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Task:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset is not None
        return training(settings, inputs.dataset, seeds, inputs.device)


class SeriesSettings(Settings):
    """A training, or what it keeps for the gradient, along the values of one of the model's options."""

    vary: str = Field(description="The option.")
    values: tuple[float, ...] = Field(min_length=1)
    quantity: Literal["accuracy", "memory"] = "accuracy"

    def at(self, value: float) -> Settings:
        """The settings of one point. Raises UserError if the model has no such option."""
        if self.vary not in self.options:
            raise UserError(
                f"vary: found {self.vary!r}, expected an option of {self.model}: {', '.join(self.options)}."
            )
        content = self.model_dump(exclude={"vary", "values", "quantity"})
        changed = int(value) if isinstance(self.options[self.vary], int) else value
        return Settings.model_validate({**content, "options": {**self.options, self.vary: changed}})


class SeriesExperiment(CitationExperiment, ABC):
    """The same along depth, end time or steps; `x` of a measurement is the value."""

    Settings = SeriesSettings

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return *super().code(settings), "ctbench.training.series"

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, SeriesSettings)
        return 2 * len(settings.values) * super().seconds(settings) if settings.quantity == "accuracy" else 1.0

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Series:
        settings = self.settings(spec)
        assert isinstance(settings, SeriesSettings) and inputs.dataset is not None
        points = []
        for value in settings.values:
            make = partial(training, settings.at(value), inputs.dataset, seeds or (0,), inputs.device)
            if settings.quantity == "accuracy":
                points.append(Point(value, settings.epochs, make))
            else:
                points.append(Point(value, GradientMemory.steps, lambda make=make: GradientMemory(make())))
        return Series(points)


def training(settings: Settings, dataset: Dataset, seeds: tuple[int, ...], device: str) -> NodeClassification:
    """The training of a group of seeds, each on its own split where the split is random."""
    if settings.component == "largest":
        if settings.split == "old_dgl":
            raise UserError("split: found 'old_dgl' with component 'largest'; expected 'planetoid' or 'random'.")
        dataset = largest_component(dataset)
    splits = [split(dataset, settings.split, generator("data split", seed)) for seed in seeds]
    stacked = {part: np.stack([s[part] for s in splits]).astype(np.int64) for part in splits[0]}
    graph = graph_of(dataset.arrays, settings.features)
    return NodeClassification(settings, graph, dataset.arrays["labels"], stacked, seeds, device)


def along(base: dict[str, Any], option: str, values: tuple[float, ...], quantity: str = "accuracy") -> dict[str, Any]:
    """Settings of a series from those of a training."""
    return {**base, "vary": option, "values": values, "quantity": quantity}
