"""Lemma 23: many 1-Lipschitz functions far from each other, and when they outnumber the networks (BEN-V11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ctbench.papers._exact import Check, ExactExperiment, bits, up_to
from ctbench.papers.benign_functions._extension import Points, around, corners, extension, leaving, steepest
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

HEIGHT = 0.25

SHOWN = (8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 256, 384, 512, 1024)
"""The d of the curves of exponents."""

Dimension = Annotated[int, up_to(16, "all 2^d corners", "larger d show the same")]


class Settings(Frozen):
    """Dimensions of the functions, sampled points, pairs of functions at each dimension."""

    sizes: tuple[Dimension, ...] = Field((2, 4, 6, 8), min_length=1)
    samples: int = Field(200_000, ge=100)
    pairs: int = Field(5, ge=1)


def member(psi: np.ndarray) -> Callable[[Points], np.ndarray]:
    """f_psi = sum_z psi(z) max(0, 1/4 - dist(x, A_z)) for psi [2^d] of bits; corner z has number sum z_i 2^i."""
    powers = 2 ** np.arange(len(psi).bit_length() - 1)
    return extension(lambda z: psi[(z @ powers).astype(np.int64)], height=HEIGHT, slope=1.0)


def distances(d: int, settings: Settings) -> Iterator[Row]:
    """|f - f'|^2 in L2(mu) over Ham / (16 2^d): exact by a point in every A_z, and by Monte Carlo; steepest pairs."""
    rng = generator("noise", 0, d)
    exact, sampled, steep = [], [], 0.0
    every = around(bits(np.arange(2**d), d), rng)
    for _ in range(settings.pairs):
        psi, other = rng.integers(0, 2, (2, 2**d))
        psi[0], other[0] = 1, 0  # they differ
        f, g = member(psi), member(other)
        expected = (psi != other).sum() / (16 * 2**d)
        exact.append(((f(every) - g(every)) ** 2).mean() / expected)
        x = around(corners(settings.samples, d, rng), rng)
        sampled.append(((f(x) - g(x)) ** 2).mean() / expected)
        z = corners(settings.samples // 100, d, rng)
        steep = max(steep, steepest(f, *leaving(z, rng)), steepest(f, around(z, rng), rng.random(z.shape)))
    yield measured("distance_ratio", max(exact, key=lambda r: abs(r - 1)), "ratio", x=d)
    yield measured("distance_ratio_sampled", max(sampled, key=lambda r: abs(r - 1)), "ratio", x=d)
    yield measured("steepest_pair", steep, "1", x=d)
    yield measured("cases", settings.pairs * 2**d, "count", x=d)
    yield measured("cases_sampled", settings.pairs * settings.samples, "count", x=d)


def printed(d: int) -> float:
    """log2 |H| / 2^d >= 1 - 8 * 16 d eps^2 at eps = 1/d, as printed."""
    return 1 - 128 / d


def by_volume(d: int) -> float:
    """The same by the entropy bound of a Hamming ball's volume: functions nearer than 2 eps differ in 64 eps^2 2^d."""
    p = 64 / d**2
    return 1 + p * np.log2(p) + (1 - p) * np.log2(1 - p) if p < 0.5 else 0.0


def outnumber(exponent: Callable[[int], float]) -> int:
    """The smallest d from which on exponent(d) 2^d > d^(log2 d), the bits that describe a network, up to d = 2000."""
    holds = [exponent(d) > 0 and np.log2(exponent(d)) + d > np.log2(d) ** 2 for d in range(1, 2001)]
    return len(holds) - holds[::-1].index(False) + 1


def thresholds() -> Iterator[Row]:
    """From which d the argument works: rounding the exponent to 1/2 first, as printed, and two ways without."""
    yield measured("works_from_rounded", outnumber(lambda d: 0.5 if printed(d) >= 0.5 else 0.0), "d")
    yield measured("works_from_printed", outnumber(printed), "d")
    yield measured("works_from_volume", outnumber(by_volume), "d")
    yield measured("vacuous_up_to", max(d for d in range(1, 2001) if printed(d) <= 0), "d")
    for d in SHOWN:
        yield measured("exponent_printed", max(printed(d), 0.0), "1", x=d)
        yield measured("exponent_volume", by_volume(d), "1", x=d)


class Packing(ExactExperiment):
    """Existence of the family is a proof; its distances, slopes and constants are numbers."""

    paper = "benign_functions"
    title = "A family of distant 1-Lipschitz functions"
    Settings = Settings
    objects: ClassVar = {"support": {"bumps": {}}}
    sizes = ("samples", "pairs")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for d in settings.sizes:
            yield partial(distances, d, settings)
        yield thresholds

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return len(settings.sizes) * settings.pairs * settings.samples * 1e-6


EXPERIMENT = Packing()
