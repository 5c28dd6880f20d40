"""ContinuousNet, image classification beside its ResNet twin, of fixed or growing depth (CN-C6, C9, C10; E3, E5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ctbench.papers._experiment import Experiment, Inputs, model_code, over, row, smaller
from ctbench.solvers import SCHEMES as TABLEAUS
from ctbench.spec.errors import UserError, unknown
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.image_classification import ImageClassification, Settings

RECIPE: dict[str, Any] = {"epochs": 120, "milestones": (0.25, 0.5, 0.75), "batch": 128}
DIGITS: dict[str, Any] = {"epochs": 30, "milestones": (0.5, 0.73, 0.9), "batch": 64, "augment": "none"}
DATASETS: dict[str, dict[str, Any]] = {
    "cifar10": RECIPE,
    "cifar100": RECIPE,
    "fashion_mnist": {**RECIPE, "augment": "none"},
    "digits": {**DIGITS, "options": {"width": 8, "stages": 2}},
}
SCHEMES = {"euler": "euler", "midpoint": "midpoint", "rk4": "rk4_classic", "rk438": "rk4_38"}
VARIANTS: dict[str, dict[str, Any]] = {
    "pre": {"options": {"activation": "pre"}},
    "wide": {"options": {"activation": "pre", "widen": 4}},
    "skip": {"options": {"skip_init": True, "norm": False}},
    "noise": {"refine_noise": 0.1},
    "momentum": {"refine_momentum": "keep"},
    "bf16": {"precision": "bfloat16"},
    "epochs60": {"epochs": 60},
    "stages-released": {"options": {"stage_rule": "as_released"}},
    "stitch-released": {"options": {"stitch_norm": False}},
    "decay1e-4": {"weight_decay": 1e-4},
    "epsilon8": {"options": {"epsilon": 8.0}},
    "adjoint": {"options": {"gradient": "adjoint"}},
}
"""What a suffix of a model's name changes.

`decay1e-4` and `epsilon8` are the README's, which differ between the rows of its table; the released code rounds the
stage rule and leaves a norm of the stitch out; `epochs60` is long beside other reduced trainings.
"""
SCHEDULES = {1: (25 / 120,), 2: (30 / 160, 60 / 160), 3: (30 / 120, 50 / 120, 70 / 120)}
"""When bases double, by the number of doublings: the README's for one and three, the best of the notebooks' for two."""
LONG = (20 / 160, 40 / 160, 60 / 160, 70 / 160, 80 / 160)
"""The notebooks' schedule from 1 to 32 bases; four doublings are its first four."""


class Classification(Experiment):
    """Nets of equal size, one recipe, equal weight decay and equal epsilon.

    A model's name is a twin or a scheme, the number of bases, and what it varies: `rk4_k2`, `euler_k8_pre`; `resnet_k2`
    and `wideresnet_k8` have the depth of the ContinuousNet with as many bases; `rk4_k1to8` grows from 1 to 8 bases.
    """

    paper = "continuousnet"
    title = "Image classification"
    Settings = Settings
    group = 1

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.continuousnet/classification, {model} on {dataset}"
        return over(row(DATASETS, dataset, "data set", where), architecture(model, where))

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        if not dataset.startswith("cifar"):
            yield f"{dataset} instead of cifar10"
        assert isinstance(settings, Settings)
        expected = Settings.model_validate(over(architecture(model, ""), RECIPE))
        for option in ("width", "stages"):
            if (found := settings.options[option]) != expected.options[option]:
                yield f"{option} {found} instead of {expected.options[option]}"
        if settings.side is not None:
            yield f"images averaged to {settings.side} x {settings.side} pixels"
        for part, number in (("training", settings.train_images), ("test", settings.test_images)):
            if number is not None:
                yield f"{number} {part} images"
        yield from smaller(settings, expected.model_dump(), "epochs")

    def needs(self, dataset: str) -> str:
        return dataset

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        return "ctbench.training.image_classification", *model_code(settings.model, settings.options)

    def seconds(self, settings: Frozen) -> float:
        """Of all data sets the digits: others are slower, and their own records tell how much."""
        assert isinstance(settings, Settings)
        options = settings.options
        evaluations = TABLEAUS[options.get("scheme", "euler")].stages * options.get("bases", options.get("blocks", 1))
        pixels, width = ((settings.side or 8) / 8) ** 2, options["width"] / 8
        images = (settings.train_images or 1300) / 1300
        growth = 1 + sum((1 - share) * 2**i for i, share in enumerate(settings.refine))
        return 0.05 * settings.epochs * images * pixels * width * (2 + evaluations * growth)

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> ImageClassification:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset is not None
        return ImageClassification(settings, inputs.dataset.arrays, seeds[0], inputs.device)


def architecture(model: str, where: str) -> dict[str, Any]:
    """Settings from a name such as `rk4_k1to4_pre`. Raises UserError on another form."""
    name, *variants = re.split(r"_(?!k\d)", model)
    match = re.fullmatch(r"(resnet|wideresnet|euler|midpoint|rk4|rk438)_k([1-9]\d*)(?:to([1-9]\d*))?", name)
    if not match:
        raise UserError(
            f"{where}: found model {model!r}, expected a twin or a scheme, its bases and variants, such as resnet_k2, "
            "rk4_k1to8 or euler_k2_pre."
        )
    kind, start, final = match[1], int(match[2]), int(match[3] or match[2])
    found: dict[str, Any]
    if kind in SCHEMES:
        found = {"model": "continuousnet", "options": {"bases": start, "scheme": SCHEMES[kind]}}
    else:
        found = {"model": {"resnet": "resnet", "wideresnet": "wide_resnet"}[kind], "options": {"blocks": start + 1}}
    if final != start:
        found |= {"refine": schedule(start, final, where), "final_bases": final}
    for variant in variants:
        if variant not in VARIANTS:
            raise unknown("variant", variant, VARIANTS, where=f"{where}, model {model!r}")
        found = over(found, VARIANTS[variant])
    return found


def schedule(start: int, final: int, where: str) -> tuple[float, ...]:
    """When the bases double on the way from `start` to `final`. Raises UserError if doubling does not lead there."""
    doublings = (final // start).bit_length() - 1
    if final != start * 2**doublings or not 1 <= doublings <= len(LONG):
        raise UserError(
            f"{where}: found {start} to {final} bases, expected a final number that up to {len(LONG)} doublings reach."
        )
    return SCHEDULES.get(doublings, LONG[:doublings])


EXPERIMENT = Classification()
