"""Sizes counted on the networks, beside the shapes of the lower bounds, which have no constants (BEN-V12)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import log2
from typing import Annotated, ClassVar

from pydantic import Field

from ctbench.models._explicit import Network
from ctbench.papers._exact import Check
from ctbench.papers.benign_functions._models import ModelExperiment, ModelSettings
from ctbench.papers.benign_functions._nets import BOOLEAN, inner_product, rounding
from ctbench.papers.benign_functions.constructions import MOST
from ctbench.spec.frozen import Frozen
from ctbench.training.task import Row, measured


class Settings(ModelSettings):
    """The d at which networks are built. From 8 on the shapes are positive."""

    sizes: tuple[Annotated[int, Field(ge=8, le=MOST)], ...] = Field((8, 16, 32, 64, 128, 256, 512, 1024), min_length=2)


SHAPES: dict[str, Callable[[int], float]] = {
    "mean_square_shape": lambda d: (d / 2 - log2(3)) / log2(d),
    "maximum_shape": lambda d: d / 2 - 1,
}
"""Theorem 13 from R(IP_d) >= d/2 - log2 3 (standard, quoted), a comparison counted as log2 d bits; Corollary 15."""


def extended(d: int) -> Network:
    """The inner product's extension: 6d neurons (Corollary 18)."""
    return inner_product(d).after(rounding(2 * d))


NETWORKS: dict[str, Callable[[int], Network]] = {**BOOLEAN, "extension": extended}


def counted(model: str, d: int) -> Iterator[Row]:
    """Hidden neurons of the network built at d; of the extension also over each shape."""
    hidden = NETWORKS[model](d).hidden
    yield measured("hidden_neurons", hidden, "neurons", x=d)
    if model == "extension":
        yield measured("hidden_beyond_count", hidden - 6 * d, "neurons", x=d)
        for name, shape in SHAPES.items():
            yield measured(f"over_{name}", hidden / shape(d), "ratio", x=d)


def drawn(model: str, d: int) -> Iterator[Row]:
    """The height of a shape: it says how a bound grows, never how large it is."""
    yield measured("shape", SHAPES[model](d), "neurons", x=d)


class SizeCurves(ModelExperiment):
    """Shapes are closed forms normalised to constant 1; only their growth means something."""

    paper = "benign_functions"
    title = "Size against d"
    Settings = Settings
    objects: ClassVar = {"counted": {name: {} for name in NETWORKS}, "shape_only": {name: {} for name in SHAPES}}

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for d in settings.sizes:
            yield partial(drawn if model in SHAPES else counted, model, d)

    def seconds(self, settings: Frozen) -> float:
        return 2.0


EXPERIMENT = SizeCurves()
