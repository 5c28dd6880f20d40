"""How steep the extension of a Boolean function is, and the networks themselves (BEN-V3, BEN-V5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from ctbench.papers._exact import Check
from ctbench.papers.benign_functions._boolean import on_bits
from ctbench.papers.benign_functions._extension import (
    Points,
    around,
    bump_share,
    corners,
    extension,
    leaving,
    steepest,
)
from ctbench.papers.benign_functions._models import ModelExperiment, ModelSettings
from ctbench.papers.benign_functions._nets import BOOLEAN, PARITY, summed
from ctbench.papers.benign_functions.constructions import MOST
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

EXTENDED = ("inner_product_extension", "disjointness_extension", "random_extension")


class Settings(ModelSettings):
    """The d (for 2d inputs) at which slopes are measured, and the number of pairs or points."""

    sizes: tuple[Annotated[int, Field(ge=1, le=MOST)], ...] = Field((2, 8, 32, 128), min_length=1)
    pairs: int = Field(20_000, ge=2)


def boolean(name: str, d: int) -> Callable[[Points], np.ndarray]:
    """A Boolean function of 2d bits; the random one is a hash of the bits that knows no structure."""
    if name != "random":
        return partial(on_bits, name)
    odd = generator("init", 0, d).integers(0, 2**62, 2 * d, dtype=np.uint64) | np.uint64(1)

    def scrambled(z: Points) -> np.ndarray:
        key = (z.astype(np.uint64) * odd).sum(1, dtype=np.uint64)
        return ((key * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(63)).astype(np.int64)

    return scrambled


def of_extension(name: str, d: int, pairs: int) -> Iterator[Row]:
    """The steepest of many pairs: on rays that leave a cube, between neighbouring cubes, and uniform (x is d)."""
    rng, g = generator("noise", 0, d), boolean(name, d)
    f = extension(g)
    z = corners(pairs, 2 * d, rng)
    bumps = z[g(z) == 1]
    if name == "disjointness":  # uniform inputs almost surely intersect
        bumps = np.hstack([z[:, :d], (1 - z[:, :d]) * z[:, d:]])
    flipped = np.where(np.arange(2 * d) == rng.integers(0, 2 * d, (len(bumps), 1)), 1 - bumps, bumps)
    adversarial = max(
        steepest(f, *leaving(bumps, rng)),
        steepest(f, around(bumps, rng), around(flipped, rng)),
        steepest(f, around(bumps, rng), rng.random(bumps.shape)),
    )
    uniform = rng.random((2, pairs, 2 * d))
    yield measured("steepest_pair", adversarial, "1", x=d)
    yield measured("steepest_random_pair", steepest(f, *uniform), "1", x=d)
    yield measured("cases", 3 * len(bumps) + pairs, "count", x=d)
    if name == "inner_product":
        ones = 0.5 - 2.0 ** (-d - 1)
        yield measured("share_not_zero", float((f(uniform[0]) > 0).mean()), "1", x=d)
        yield measured("share_not_zero_formula", ones * bump_share(2 * d), "1", x=d)


def of_network(model: str, d: int, points: int) -> Iterator[Row]:
    """The Lipschitz constant of a network on the solid cube, which is attained where x_i + y_i > 1 for all i.

    The network is P(s) for a piecewise linear P and s = sum [x_i + y_i - 1]+, whose gradient has entries 0 and 1; so
    max |P'| sqrt(2d) bounds the slope. P' is constant between multiples of 1/2, so the bound is exact.
    """
    net, rng = BOOLEAN[model](d), generator("noise", 0, d)
    outer = summed([(1, -1, 1)]) if model == "disjointness" else PARITY[model.removeprefix("inner_product_")](d)
    middles = np.arange(2 * d)[:, None] / 2 + 0.25
    bound = float(np.abs(outer.gradient(middles)).max()) * np.sqrt(2 * d)
    share = rng.integers(1, 2**12 + 1, (points, 2 * d)) / 2**12 * rng.random((points, 1))
    inside = 1 - share * 0.499  # every x_i + y_i > 1
    near_zero = 0.5 + rng.random((points, 2 * d)) / (4 * d)  # and s < 1, where disjointness is steep
    everywhere = rng.random((points, 2 * d))
    norms = [np.linalg.norm(net.gradient(x), axis=1).max() for x in (inside, near_zero, everywhere)]
    yield measured("lipschitz_constant", max(norms), "1", x=d)
    yield measured("lipschitz_over_bound", max(norms) / bound, "ratio", x=d)
    yield measured("lipschitz_over_sqrt_2d", max(norms) / np.sqrt(2 * d), "ratio", x=d)
    yield measured("lipschitz_random_points", norms[-1], "1", x=d)
    yield measured("cases", 3 * points, "count", x=d)


class Lipschitz(ModelExperiment):
    """`extension` is Proposition 17's f, `networks` the networks of Theorem 16 read as functions on [0, 1]^2d."""

    paper = "benign_functions"
    title = "Lipschitz constants of the extension and of the networks"
    Settings = Settings
    objects: ClassVar = {
        "extension": {name: {} for name in EXTENDED},
        "networks": {name: {"pairs": 500} for name in BOOLEAN},
    }

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for d in settings.sizes:
            if model in EXTENDED:
                yield partial(of_extension, model.removesuffix("_extension"), d, settings.pairs)
            else:
                yield partial(of_network, model, d, settings.pairs)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 1.0 + sum(settings.sizes) * settings.pairs * 2e-6


EXPERIMENT = Lipschitz()
