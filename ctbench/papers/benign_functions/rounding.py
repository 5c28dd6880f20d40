"""Proposition 17 (2): two neurons an input turn a network of a Boolean function into one of its extension (BEN-V4)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ctbench.papers._exact import Check
from ctbench.papers.benign_functions._boolean import on_bits, sampled_pairs
from ctbench.papers.benign_functions._extension import GRID, around, extension
from ctbench.papers.benign_functions._models import ModelExperiment, ModelSettings
from ctbench.papers.benign_functions._nets import BOOLEAN, rounding
from ctbench.papers.benign_functions.constructions import MOST, function_of
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured


class Settings(ModelSettings):
    """The d at which points of the support of mu are sampled, and how many."""

    sizes: tuple[Annotated[int, Field(ge=1, le=MOST)], ...] = Field((2, 8, 32, 128), min_length=1)
    samples: int = Field(5000, ge=1)


def on_support(model: str, d: int, samples: int) -> Iterator[Row]:
    """Largest |N - f| over points of the support, faces of the cubes included; neurons beyond m + 2 * 2d."""
    rng, net = generator("noise", 0, d), BOOLEAN[model](d)
    whole = net.after(rounding(2 * d))
    x = around(sampled_pairs(d, samples, rng), rng)
    f = extension(partial(on_bits, function_of(model)))
    yield measured("largest_error", np.abs(whole.exactly(x, GRID)[:, 0] - f(x)).max(), "1", x=d)
    yield measured("cases", samples, "count", x=d)
    yield measured("hidden_neurons", whole.hidden, "neurons", x=d)
    yield measured("hidden_beyond_count", whole.hidden - (net.hidden + 2 * 2 * d), "neurons", x=d)


class Rounding(ModelExperiment):
    """The error is measured where mu has mass: outside, the network is another function than f."""

    paper = "benign_functions"
    title = "Networks of the extension by rounding the inputs"
    Settings = Settings
    objects: ClassVar = {"support": {name: {} for name in BOOLEAN}}
    sizes = ("samples",)

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for d in settings.sizes:
            yield partial(on_support, model, d, settings.samples)


EXPERIMENT = Rounding()
