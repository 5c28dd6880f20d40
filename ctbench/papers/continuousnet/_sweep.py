"""What the sweeps over trained image classifiers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from ctbench.papers._experiment import Experiment, Inputs
from ctbench.papers.continuousnet.classification import EXPERIMENT as CLASSIFICATION
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.image_classification import Settings
from ctbench.training.sweeps import Sweep, Trained


def has_several_bases(trained: RunSpec) -> bool:
    """Whether a net ends its training with more than one basis."""
    return trained.settings["options"].get("bases", 1) > 1 or bool(trained.settings["refine"])


class ImageSweep(Experiment):
    """Starts from every trained net of the classification that it accepts."""

    paper = "continuousnet"
    parent = "continuousnet/classification"
    group = 1
    kind: ClassVar[Callable[[Any, Trained], Sweep]]

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        return {}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        yield from ()

    def needs(self, dataset: str) -> str:
        return dataset

    def accepts(self, parent: RunSpec) -> bool:
        return parent.settings["model"] == "continuousnet"

    def code(self, settings: Frozen) -> tuple[str, ...]:
        schemes = [f"ctbench.solvers.tableaux.{scheme}" for scheme in getattr(settings, "schemes", ())]
        models = [f"ctbench.models.{model}" for model in ("continuousnet", "resnet", "wide_resnet")]
        return "ctbench.training.sweeps", *models, *schemes

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Sweep:
        trained = CLASSIFICATION.settings(inputs.trained)
        assert isinstance(trained, Settings) and inputs.dataset
        (seed,) = seeds
        net = Trained(trained, inputs.weights[seed], inputs.dataset.arrays, seed, inputs.device)
        return type(self).kind(self.settings(spec), net)
