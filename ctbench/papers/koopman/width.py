"""Width and the spectrum of training (KOOP-K8, after Redman et al., NeurIPS 2024).

One hidden layer without bias, SGD; the output layer's weights after every iteration, in delays that make the state
equally large for every width.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from pydantic import Field

from ctbench.papers._experiment import Inputs
from ctbench.papers.koopman._analysed import KoopmanExperiment
from ctbench.papers.koopman._spectra import Net, Spectra
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.images import Arrays
from ctbench.training.trajectory import Recorded, Recording, Trajectory

MODELS: dict[str, dict[str, Any]] = {"output_layer": {}}


class Settings(Frozen):
    """Trainings of several widths, several nets of each."""

    widths: tuple[int, ...] = (5, 10, 40)
    nets: int = Field(10, ge=1, description="Nets of each width that one seed trains.")
    iterations: int = Field(1000, ge=1)
    batch: int = Field(60, ge=1)
    learning_rate: float = Field(0.1, gt=0)
    state: int = Field(320, ge=1, description="Hidden units times delays.")
    rank: int = Field(10, ge=1)


def output_layer(trajectory: Trajectory, iterations: int) -> np.ndarray:
    """The last weights of every snapshot, of the first `iterations` of training."""
    *_, (a, b) = trajectory.layout.values()
    return trajectory.weights[: iterations + 1, -a * b :]


class Width(KoopmanExperiment):
    """Three widths; `state` / width delays, which for ten hidden units are 32 as in the authors' code.

    The authors trained on MNIST: 1000 iterations of 60 images are one epoch of it, and of the digits 46.
    """

    title = "Width and the spectrum of training"
    Settings = Settings
    models = MODELS
    sizes = ("nets", "iterations")
    group = 1

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        if dataset == "digits":
            yield "digits instead of MNIST"
        yield from super().reductions(dataset, model, settings)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.001 * settings.iterations * len(settings.widths) * (1 + settings.nets / 10)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Spectra:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset
        nets = tuple(1000 * seeds[0] + j for j in range(settings.nets))
        return Spectra(
            seeds[0],
            [
                Net(
                    str(width),
                    partial(training, settings, width, inputs.dataset.arrays, nets, inputs.device),
                    partial(output_layer, iterations=settings.iterations),
                    max(1, settings.state // width),
                )
                for width in settings.widths
            ],
            settings.rank,
        )


def training(settings: Settings, width: int, arrays: Arrays, nets: tuple[int, ...], device: str) -> Recorded:
    """Nets of one width, as long as the epochs that hold the iterations."""
    each = -(-len(arrays["train_labels"]) // settings.batch)
    dense = DenseSettings(
        hidden=(width,),
        bias=False,
        epochs=-(-settings.iterations // each),
        batch=settings.batch,
        learning_rate=settings.learning_rate,
    )
    return Recorded(DenseClassification(dense, arrays, nets, device), Recording(unit="iteration"))


EXPERIMENT = Width()
