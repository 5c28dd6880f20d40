"""Neural GDE, extended version: forecasts of genetic regulatory networks (GDE-G13). The design is this project's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import Field

from ctbench.papers._experiment import Experiment, Inputs, model_code, over, row, smaller
from ctbench.papers.neural_gde._genes import NETWORKS, NOISE, STEP, simulate
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.ensemble_forecasting import Forecasting, Persistence, Series
from ctbench.training.ensemble_forecasting import Settings as Training

MODELS: dict[str, dict[str, Any]] = {
    "neural_gsde": {"model": "latent_dynamics", "options": {"stochastic": True}},
    "latent_gde": {"model": "latent_dynamics", "options": {}},
    "latent_ode": {"model": "latent_dynamics", "options": {"graph": False, "latent": 12, "hidden": 48}},
    "gru_d": {"model": "gru_d", "options": {}},
    "persistence": {"model": None},
}


class Settings(Training):
    """Training, and the cells that are observed: times are in lifetimes of a transcript."""

    window: int = Field(10, ge=1, description="Observations before the forecast, at random times of `past`.")
    past: float = Field(8.0, gt=0)
    ahead: int = Field(8, ge=1, description="Times of the forecast, `step` apart.")
    step: float = Field(1.0, gt=0)
    keep: float = Field(0.5, gt=0, le=1, description="Share of these that the training sees, at random.")
    train_cells: int = Field(64, ge=1)
    test_cells: int = Field(32, ge=1)


class GeneNetworks(Experiment):
    """A forecast of all genes of a cell from ten noisy observations at irregular times.

    All models are trained alike, by the score of a few draws from their prediction (CRPS), on the same cells, and
    judged on others: error of the mean, and how often what is observed falls into the predicted intervals.
    """

    paper = "neural_gde"
    title = "Genetic regulatory networks"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/gene_networks, {model} on {dataset}"
        row({name: {} for name in NETWORKS}, dataset, "data set", where)
        return over({"iterations": 1000}, row(MODELS, model, "model", where))

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        published = self.Settings.model_validate(self.published(dataset, model)).model_dump()
        compared = () if model == "persistence" else ("iterations", "batch")
        return smaller(settings, published, *compared, "train_cells", "test_cells")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        models = model_code(settings.model, {}) if settings.model else ()
        return "ctbench.papers.neural_gde._genes", "ctbench.papers.neural_gde.gene_networks", *models

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        each = {"latent_dynamics": 8e-3, "gru_d": 2e-3}.get(str(settings.model), 0.0)
        return 0.2 + settings.iterations * each * settings.batch / 8

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Forecasting | Persistence:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        kind = Persistence if settings.model is None else Forecasting
        return kind(settings, observed(spec.dataset, settings, seeds), seeds, inputs.device)


def observed(dataset: str, settings: Settings, seeds: tuple[int, ...]) -> Series:
    """Cells of a network as they are observed: noise, irregular times, for every seed its own."""
    network, cells = NETWORKS[dataset], settings.train_cells + settings.test_cells
    past, stride = round(settings.past / STEP), round(settings.step / STEP)
    if settings.window > past + 1:
        raise UserError(f"window: found {settings.window}, expected at most {past + 1}, the times within `past`.")
    whole = simulate(network, seeds, cells, settings.past + settings.ahead * settings.step)
    parts: dict[str, list[np.ndarray]] = {"times": [], "values": [], "kept": [], "future": []}
    truth = whole[:, :, past + stride :: stride]
    for path, later, seed in zip(whole, truth, seeds, strict=True):
        rng = generator("noise", seed, "observations")
        when = np.sort(rng.permuted(np.tile(np.arange(past + 1), (cells, 1)), axis=1)[:, : settings.window])
        seen = np.take_along_axis(path, when[..., None], axis=1)
        kept = rng.random((cells, settings.ahead)) < settings.keep
        kept[np.arange(cells), rng.integers(0, settings.ahead, cells)] = True
        parts["times"].append(STEP * (when - past))
        parts["values"].append(seen + rng.normal(0, NOISE, seen.shape))
        parts["kept"].append(kept)
        parts["future"].append(later + rng.normal(0, NOISE, later.shape))
    arrays = {name: np.stack(found) for name, found in parts.items()}
    return Series(**arrays, truth=truth, adjacency=network.adjacency, step=settings.step, train=settings.train_cells)


EXPERIMENT = GeneNetworks()
