"""Exploratory: are the spectra of a ResNet's and of a ContinuousNet's training different (KOOP-E1)?

The nets of Queiruga et al. (2020) seen by the method of Manojlovic et al. (2020); no paper asks it.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from pydantic import Field

from ctbench.papers._experiment import Inputs, model_code
from ctbench.papers.continuousnet.classification import architecture
from ctbench.papers.koopman._analysed import KoopmanExperiment
from ctbench.papers.koopman._spectra import Net, Spectra
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.image_classification import ImageClassification
from ctbench.training.image_classification import Settings as TrainingSettings
from ctbench.training.images import Arrays
from ctbench.training.trajectory import Recorded, Recording

KINDS = {"resnet": "resnet_k1", "euler": "euler_k1", "rk4": "rk4_k1"}

MODELS: dict[str, dict[str, Any]] = {"exploratory": {}}


class Settings(Frozen):
    """SGD with momentum at a constant rate; a snapshot after every iteration, projected."""

    nets: int = Field(2, ge=1, description="Nets of each kind that one seed trains.")
    width: int = Field(8, ge=1)
    stages: int = Field(2, ge=1)
    epochs: int = Field(10, ge=1)
    batch: int = Field(64, ge=2)
    learning_rate: float = Field(0.05, gt=0)
    dimensions: int = Field(512, ge=1, description="Of the random projection.")
    delays: int = Field(8, ge=1)
    rank: int = Field(10, ge=1)


class ResidualNets(KoopmanExperiment):
    """A ResNet, and ContinuousNets trained in Euler and in RK4, of equal size on equal images."""

    title = "Exploration: spectra of ResNet and ContinuousNet"
    Settings = Settings
    models = MODELS
    sizes = ("nets", "width", "stages", "epochs")
    datasets = ("digits",)
    group = 1

    def code(self, settings: Frozen) -> tuple[str, ...]:
        models = [("resnet", {}), ("continuousnet", {"scheme": "euler"}), ("continuousnet", {"scheme": "rk4_classic"})]
        return (__name__, *(module for model, options in models for module in model_code(model, options)))

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 0.05 * settings.epochs * settings.nets * (3 + 3 + 6) * settings.width / 8

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Spectra:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset
        arrays = inputs.dataset.arrays
        nets = [
            Net(kind, partial(training, settings, name, arrays, 1000 * seeds[0] + j), delays=settings.delays)
            for kind, name in KINDS.items()
            for j in range(settings.nets)
        ]
        return Spectra(seeds[0], nets, settings.rank)


def training(settings: Settings, name: str, arrays: Arrays, seed: int) -> Recorded:
    """One net, on the CPU: a GPU replays whole steps and shows no iterations."""
    found = architecture(name, "koopman/residual_nets")
    options = {**found["options"], "width": settings.width, "stages": settings.stages}
    trained = TrainingSettings.model_validate(
        {
            "model": found["model"],
            "options": options,
            "epochs": settings.epochs,
            "milestones": (),
            "batch": settings.batch,
            "learning_rate": settings.learning_rate,
            "augment": "none",
        }
    )
    recording = Recording(unit="iteration", dimensions=settings.dimensions)
    return Recorded(ImageClassification(trained, arrays, seed, "cpu"), recording)


EXPERIMENT = ResidualNets()
