"""Theorem 16: networks of linear size for disjointness and the inner product, on all inputs (BEN-V1, BEN-V2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ctbench.papers._exact import Check, bits, pieces, up_to
from ctbench.papers.benign_functions._boolean import on_bits, on_numbers, sampled_pairs
from ctbench.papers.benign_functions._models import ModelExperiment, ModelSettings
from ctbench.papers.benign_functions._nets import BOOLEAN, HIDDEN
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

MOST = 1024  # beyond it the dense weights of the triangle wave take too much memory


class Settings(ModelSettings):
    """Up to which d all 4^d inputs are checked, and where inputs are sampled."""

    exact_up_to: Annotated[int, up_to(13, "all 4^d inputs", "larger d are sampled, name them under `sampled`")] = 8
    sampled: tuple[Annotated[int, Field(ge=1, le=MOST)], ...] = (100, 1000)
    samples: int = Field(2000, ge=1)


def function_of(model: str) -> str:
    """The Boolean function that a network of `BOOLEAN` computes."""
    return "disjointness" if model == "disjointness" else "inner_product"


def on_all_inputs(model: str, d: int) -> Iterator[Row]:
    """Largest error over {0, 1}^2d, and the network's size."""
    net, worst = BOOLEAN[model](d), 0.0
    for numbers in pieces(4**d):
        values = net.exactly(bits(numbers, 2 * d))[:, 0]
        worst = max(worst, float(np.abs(values - on_numbers(function_of(model), numbers, d)).max()))
    yield measured("largest_error", worst, "1", x=d)
    yield measured("cases", 4**d, "count", x=d)
    yield measured("hidden_neurons", net.hidden, "neurons", x=d)
    yield measured("hidden_beyond_count", net.hidden - HIDDEN[model](d), "neurons", x=d)
    yield measured("depth", net.depth, "layers", x=d)


def on_samples(model: str, d: int, samples: int) -> Iterator[Row]:
    """Largest error over sampled inputs."""
    net, z = BOOLEAN[model](d), sampled_pairs(d, samples, generator("noise", 0, d))
    worst = np.abs(net.exactly(z)[:, 0] - on_bits(function_of(model), z)).max()
    yield measured("largest_error_sampled", worst, "1", x=d)
    yield measured("cases_sampled", samples, "count", x=d)
    yield measured("hidden_neurons", net.hidden, "neurons", x=d)
    yield measured("hidden_beyond_count", net.hidden - HIDDEN[model](d), "neurons", x=d)
    yield measured("depth", net.depth, "layers", x=d)


class Constructions(ModelExperiment):
    """The paper leaves the parity of the inner product to the reader; three readings are built."""

    paper = "benign_functions"
    title = "Networks of linear size for disjointness and the inner product"
    Settings = Settings
    objects: ClassVar = {"boolean_cube": {name: {} for name in BOOLEAN}}
    sizes = ("exact_up_to", "samples")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for d in range(1, settings.exact_up_to + 1):
            yield partial(on_all_inputs, model, d)
        for d in settings.sampled:
            yield partial(on_samples, model, d, settings.samples)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 1.0 + 4**settings.exact_up_to * 1e-6


EXPERIMENT = Constructions()
