"""From a prepared series on a graph to forecasts of all keep rates or spreads; settings of the paper's section 4.3."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import Field

from ctbench.data import Dataset, split
from ctbench.papers._experiment import Experiment, Inputs, model_code, smaller
from ctbench.spec.frozen import Frozen, validated
from ctbench.spec.run import RunSpec
from ctbench.training.forecasting import BASELINES, GraphSeries, Settings, forecast
from ctbench.training.series import Point, Series

SERIES: dict[str, dict[str, Any]] = {
    "corridor": {"unit": "km/h"},
    "metr_la_week": {"unit": "mph"},
    "pemsd7m": {"unit": "mph"},
    "chickenpox": {"unit": "sd"},
}
"""Data sets and the unit of their readings."""
PAPERS_OWN = "pemsd7m"
MODELS: dict[str, dict[str, Any]] = {
    **{name: {"model": name} for name in BASELINES},
    "gru": {"model": "gru"},
    "gcgru": {"model": "gcgru"},
    "gcde_gru": {"model": "gcde_gru"},
}
SECONDS = {"gru": 1e-6, "gcgru": 5e-6, "gcde_gru": 1.2e-5}
"""For a window, a station and a state component, in training."""


class SweptSettings(Settings):
    """A forecast along keep rates or along spreads of the gaps; `x` of a measurement is the value, rates in percent."""

    vary: Literal["keep", "spread"] = "keep"
    values: tuple[float, ...] = Field((0.3, 0.5, 0.7, 1.0), min_length=1)

    def at(self, value: float) -> Settings:
        """The settings of one point. Raises UserError on a value that is no rate or no spread."""
        content = self.model_dump(exclude={"vary", "values"})
        return validated(Settings, {**content, self.vary: value}, f"values: {value}")


class ForecastExperiment(Experiment, ABC):
    """One-step forecasts on an undersampled series; subclasses give the tables of settings."""

    paper = "neural_gde"
    Settings = SweptSettings

    def needs(self, dataset: str) -> str:
        return dataset

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        assert isinstance(settings, SweptSettings)
        published = SweptSettings.model_validate(self.published(dataset, model))
        fields = ("masks", "inputs") if settings.model in BASELINES else ("epochs", "masks", "inputs")
        yield from smaller(settings, published.model_dump(), *fields)
        for option in ("hidden", "method"):
            found, expected = settings.options.get(option), published.options.get(option)
            if found != expected:
                yield f"{option} {found} instead of {expected}"
        if absent := sorted(set(published.values) - set(settings.values)):
            yield f"without {settings.vary} {', '.join(f'{value:g}' for value in absent)}"

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, SweptSettings)
        own = () if settings.model in BASELINES else model_code(settings.model, settings.options)
        return "ctbench.training.forecasting", "ctbench.training.series", *own

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, SweptSettings)
        shares = sum(settings.values if settings.vary == "keep" else [settings.keep] * len(settings.values))
        windows = 2000 * shares * (settings.epochs + settings.masks / 10)
        return 0.2 + windows * SECONDS.get(settings.model, 0.0) * 20 * settings.options.get("hidden", 0)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Series:
        settings = self.settings(spec)
        assert isinstance(settings, SweptSettings) and inputs.dataset is not None
        series, points = graph_series(inputs.dataset), []
        for value in settings.values:
            make = partial(forecast, settings.at(value), series, seeds, inputs.device)
            x = 100 * value if settings.vary == "keep" else value
            points.append(Point(round(x, 9), steps_of(settings.at(value)), make))
        return Series(points)


def steps_of(settings: Settings) -> int:
    """Steps of a forecast's task."""
    epochs = 0 if settings.model in BASELINES else settings.epochs
    return epochs + (1 if settings.keep == 1 else settings.masks)


def graph_series(dataset: Dataset) -> GraphSeries:
    """The training and the test part by time; the validation part between them is left out."""
    arrays, parts = dataset.arrays, split(dataset, "chronological")
    readings = np.array(arrays["readings"], np.float64)
    times, unit = np.arange(len(readings), dtype=np.float64), SERIES[dataset.name]["unit"]
    return GraphSeries(
        readings, times, np.array(arrays["weights"]), float(arrays["period"]), parts["train"], parts["test"], unit
    )
