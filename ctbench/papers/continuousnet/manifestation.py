"""ContinuousNet, manifestation sweep: trained nets under other schemes and numbers of steps (CN-C7, C8; E4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ctbench.papers._experiment import Experiment, Inputs
from ctbench.papers.continuousnet.classification import EXPERIMENT as CLASSIFICATION
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.image_classification import Manifestation, ManifestationSettings, Settings


class ManifestationSweep(Experiment):
    """Every trained ContinuousNet under Euler, midpoint and both RK4 schemes; weights and statistics as trained."""

    paper = "continuousnet"
    title = "Manifestation sweep"
    Settings = ManifestationSettings
    parent = "continuousnet/classification"
    group = 1

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        return {}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        yield from ()

    def needs(self, dataset: str) -> str:
        return dataset

    def accepts(self, parent: RunSpec) -> bool:
        return parent.settings["model"] == "continuousnet"

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, ManifestationSettings)
        schemes = [f"ctbench.solvers.tableaux.{scheme}" for scheme in settings.schemes]
        return "ctbench.training.image_classification", "ctbench.models.continuousnet", *schemes

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, ManifestationSettings)
        return 0.01 * len(settings.schemes) * sum(settings.steps)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Manifestation:
        settings, trained = self.settings(spec), CLASSIFICATION.settings(inputs.trained)
        assert isinstance(settings, ManifestationSettings) and isinstance(trained, Settings) and inputs.dataset
        images, seed = inputs.dataset.arrays, seeds[0]
        return Manifestation(settings, trained, inputs.weights[seed], images, seed, inputs.device)


EXPERIMENT = ManifestationSweep()
