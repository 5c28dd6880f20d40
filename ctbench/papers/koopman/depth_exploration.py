"""Exploratory: does anything in the spectrum of training follow the number of layers (beside KOOP-C1 and K5)?

The abstract does not say what the depth is read from, so this judges no claim: it shows spectra against depth.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field

from ctbench.papers._experiment import Inputs
from ctbench.papers.koopman._analysed import KoopmanExperiment
from ctbench.papers.koopman._spectra import Net, Spectra
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.images import Arrays
from ctbench.training.trajectory import Recorded, Recording

MODELS: dict[str, dict[str, Any]] = {"exploratory": {}}


class Settings(Frozen):
    """Trainings of several depths, several nets of each; the spectrum is that of the last `window` epochs."""

    depths: tuple[int, ...] = (1, 2, 3, 4)
    nets: int = Field(2, ge=1, description="Nets of each depth that one seed trains.")
    width: int = Field(32, ge=1)
    epochs: int = Field(400, ge=1)
    learning_rate: float = Field(0.5, gt=0)
    window: int = Field(100, ge=2, description="Epochs of the spectrum.")
    rank: int = Field(10, ge=1)


class DepthExploration(KoopmanExperiment):
    """Dense nets with one to four hidden layers of equal width."""

    title = "Exploration: depth and the spectrum of training"
    Settings = Settings
    models = MODELS
    sizes = ("nets", "epochs")
    group = 1

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.0025 * settings.epochs * settings.nets * sum(settings.depths)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Spectra:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset
        nets = tuple(1000 * seeds[0] + j for j in range(settings.nets))
        return Spectra(
            seeds[0],
            [
                Net(str(depth), partial(training, settings, depth, inputs.dataset.arrays, nets, inputs.device))
                for depth in settings.depths
            ],
            settings.rank,
        )


def training(settings: Settings, depth: int, arrays: Arrays, nets: tuple[int, ...], device: str) -> Recorded:
    """Nets of one depth."""
    dense = DenseSettings(
        hidden=(settings.width,) * depth, epochs=settings.epochs, learning_rate=settings.learning_rate
    )
    recording = Recording(window=settings.window + 1, precision="float64")
    return Recorded(DenseClassification(dense, arrays, nets, device), recording)


EXPERIMENT = DepthExploration()
