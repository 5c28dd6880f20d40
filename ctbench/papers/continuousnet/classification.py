"""ContinuousNet, image classification beside its ResNet twin (CN-C6; E3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ctbench.papers._experiment import Experiment, Inputs, model_code, row, smaller
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.image_classification import ImageClassification, Settings

RECIPE: dict[str, Any] = {
    "epochs": 120,
    "milestones": (30, 60, 90),
    "batch": 128,
    "learning_rate": 0.1,
    "weight_decay": 5e-4,
}
DIGITS: dict[str, Any] = {"epochs": 30, "milestones": (15, 22, 27), "batch": 64, "augment": "none"}
DATASETS: dict[str, dict[str, Any]] = {
    "cifar10": RECIPE,
    "fashion_mnist": {**RECIPE, "augment": "none"},
    "digits": {**RECIPE, **DIGITS},
}
SMALL = {"digits": {"width": 8, "stages": 2}}
SCHEMES = {"euler": "euler", "midpoint": "midpoint", "rk4": "rk4_classic", "rk438": "rk4_38"}


class Classification(Experiment):
    """Nets of equal size, one recipe, equal weight decay and equal epsilon.

    A model's name is `resnet` or scheme and number of bases, such as `rk4_k1`; `resnet_k2` has the depth of K = 2.
    """

    paper = "continuousnet"
    title = "Image classification"
    Settings = Settings
    group = 1

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.continuousnet/classification, {model} on {dataset}"
        recipe = row(DATASETS, dataset, "data set", where)
        return {**recipe, **architecture(model, where, SMALL.get(dataset, {}))}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        if dataset != "cifar10":
            yield f"{dataset} instead of cifar10"
        assert isinstance(settings, Settings)
        published = {**RECIPE, **architecture(model, "", {})}
        for option in ("width", "stages"):
            expected = {"width": 16, "stages": 3}[option]
            if (found := settings.options[option]) != expected:
                yield f"{option} {found} instead of {expected}"
        yield from smaller(settings, published, "epochs")

    def needs(self, dataset: str) -> str:
        return dataset

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        return "ctbench.training.image_classification", *model_code(settings.model, settings.options)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return settings.epochs * 0.5

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> ImageClassification:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset is not None
        return ImageClassification(settings, inputs.dataset.arrays, seeds[0], inputs.device)


def architecture(model: str, where: str, small: dict[str, int]) -> dict[str, Any]:
    """Model and options from a name such as `rk4_k2`. Raises UserError on another form."""
    match = re.fullmatch(r"(resnet|euler|midpoint|rk4|rk438)(?:_k([1-9][0-9]*))?", model)
    if not match:
        raise UserError(f"{where}: found model {model!r}, expected `resnet` or a scheme and bases, such as rk4_k1.")
    kind, bases = match[1], int(match[2] or 1)
    if kind == "resnet":
        return {"model": "resnet", "options": {**small, "blocks": bases + 1}}
    return {"model": "continuousnet", "options": {**small, "bases": bases, "scheme": SCHEMES[kind], "epsilon": 1.0}}


EXPERIMENT = Classification()
