"""Telgarsky's function, the tent composed with itself: pieces and slope (BEN-V14)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np

from ctbench.papers._exact import Check, ExactExperiment, up_to
from ctbench.papers.benign_functions._nets import wave
from ctbench.spec.frozen import Frozen
from ctbench.training.task import Row, measured


class Settings(Frozen):
    """Up to how many compositions."""

    compositions: Annotated[int, up_to(14, "all 2^k pieces in exact float64", "more need more than 53 bits")] = 10


def composed(k: int) -> Iterator[Row]:
    """Slopes of phi_k between multiples of 2^-(k+1), two to a piece, from exact values."""
    net, places = wave(k), k + 1
    x = np.arange(2**places + 1)[:, None] / 2.0**places
    y = net.exactly(x, places)[:, 0]
    slopes = np.diff(y) * 2.0**places
    yield measured("slope_over_power", np.abs(slopes).max() / 2**k, "ratio", x=k)
    yield measured("slope", np.abs(slopes).max(), "1", x=k)
    yield measured("pieces_beyond_power", 1 + np.count_nonzero(np.diff(slopes)) - 2**k, "count", x=k)
    yield measured("triangles_beyond_power", np.count_nonzero(y == 1) - 2 ** (k - 1), "count", x=k)
    yield measured("hidden_neurons", net.hidden, "neurons", x=k)
    yield measured("cases", len(slopes), "count", x=k)


class TriangleWaves(ExactExperiment):
    """A benign function may be only polynomially steep in its dimension; this one is exponential in its depth."""

    paper = "benign_functions"
    title = "Slope of composed triangle waves"
    Settings = Settings
    objects: ClassVar = {"unit_interval": {"telgarsky": {}}}
    sizes = ("compositions",)

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for k in range(1, settings.compositions + 1):
            yield partial(composed, k)


EXPERIMENT = TriangleWaves()
