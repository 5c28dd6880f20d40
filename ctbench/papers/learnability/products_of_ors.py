"""Products of ORs, F_I(x, z) = prod_{i in I} (x_i or z_i) over {-1, +1}^2n (LRN-M17, M18).

The paper's "or" is the larger of the two; the other reading takes -1 for true, as parities do, and so the smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field

from ctbench.models._explicit import Affine, Network, network
from ctbench.papers._exact import Check, ExactExperiment, bits, pieces
from ctbench.papers.learnability._cube import parity, points, signs
from ctbench.papers.learnability.parities import alternating
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

LARGEST = 8
"""n up to which all pairs of the 2^n functions are multiplied over all 4^n inputs."""
LARGEST_NET = 12
"""n up to which one net is evaluated at all 4^n inputs."""
BATCH = 50
"""Codes drawn together."""
READINGS = {"or_is_max": np.maximum, "or_is_min": np.minimum}


class Settings(Frozen):
    """Up to which n the functions are enumerated, and how many random codes are drawn."""

    n: int = Field(7, ge=1, le=LARGEST, description="All pairs of functions and all inputs, from 1 to n.")
    nets_n: int = Field(10, ge=1, le=LARGEST_NET, description="The explicit net on all inputs, from 1 to n.")
    code_lengths: tuple[int, ...] = Field((24, 48, 96), min_length=1, description="n of the codes; multiples of 12.")
    codes: int = Field(2000, ge=1, multiple_of=50, description="Random codes drawn for each length.")


def members(n: int, reading: str) -> np.ndarray:
    """F_I for every I on all inputs (x, z), [2^n, 4^n]."""
    x = points(2 * n)
    ors = READINGS[reading](x[:, :n], x[:, n:]).T
    found = np.ones((1, 4**n))
    for factor in ors:
        found = np.vstack([found, found * factor])
    return found


def near_orthogonality(settings: Settings) -> Iterator[Row]:
    """|<F_I, F_J>| = 2^-|I symmetric difference J|, and E F = 2^-n for the product of all n ORs."""
    for n in range(1, settings.n + 1):
        sets = np.arange(1 << n)
        predicted = 0.5 ** np.bitwise_count(sets[:, None] ^ sets)
        for reading in READINGS:
            family = members(n, reading)
            gram = np.abs(family @ family.T) / 4**n
            yield measured(f"correlation_error_{reading}", np.abs(gram - predicted).max(), "1", x=n)
        yield measured("mean_of_the_product", abs(members(n, "or_is_max")[-1].mean()) * 2**n, "ratio", x=n)
        yield measured("pairs", 4**n, "count", x=n)


def kept_coordinates(settings: Settings) -> Iterator[Row]:
    """One function of 2n bits is the parity of n bits in disguise: a bit of z either shows x_i or hides it."""
    n = settings.n
    x = points(2 * n)
    shown = x[:, n:] < 0
    of_shown = np.where(shown, x[:, :n], 1).prod(1)
    yield measured("hidden_parity_error", np.abs(members(n, "or_is_max")[-1] - of_shown).max(), "1", x=n)
    full = parity(n, (1 << n) - 1)
    yield measured("all_shown_error", np.abs(members(n, "or_is_max")[-1][shown.all(1)] - full).max(), "1", x=n)


def explicit_net(n: int) -> Network:
    """Theorem 21: F_n at depth 3 and width n: [(-x_i - z_i)/2]+ if both are -1, then the parity of their number."""
    both = Affine.of(np.hstack([-np.eye(n), -np.eye(n)]) / 2)
    return network(both, Affine.of(np.ones((n, n)), -np.arange(n)), alternating(n))


def explicit_nets(settings: Settings) -> Iterator[Row]:
    """The net of depth 3 on all 4^n inputs: largest error and hinge loss."""
    for n in range(1, settings.nets_n + 1):
        net, error, hinge = explicit_net(n), 0.0, 0.0
        for numbers in pieces(4**n):
            x = 1 - 2 * bits(numbers, 2 * n)
            truth, found = np.maximum(x[:, :n], x[:, n:]).prod(1), net.exactly(x)[:, 0]
            error = max(error, float(np.abs(found - truth).max()))
            hinge += float(np.maximum(1 - truth * found, 0).sum())
        yield measured("net_error", error, "1", x=n)
        yield measured("net_hinge", hinge / 4**n, "1", x=n)
        yield measured("net_width", max(len(layer.bias) for layer in net.layers), "count", x=n)
        yield measured("net_inputs", 4**n, "count", x=n)


def codes(settings: Settings) -> Iterator[Row]:
    """Lemma 33: d = 2^(n/12) random vectors are pairwise n/4 apart with probability at least 1 - d^2 e^(-n/8) / 2."""
    for n in settings.code_lengths:
        d, rng = round(2 ** (n / 12)), generator("noise", n)
        apart = 0
        for _ in range(0, settings.codes, BATCH):
            code = signs(rng.integers(0, 2, (BATCH, d, n))).astype(np.float32)
            closest = (code @ code.swapaxes(1, 2) - n * np.eye(d, dtype=np.float32)).max((1, 2))
            apart += int((closest <= n / 2).sum())  # the inner product is n - 2 distance
        bound = 1 - d**2 * np.exp(-n / 8) / 2
        yield measured("code_success", apart / settings.codes, "1", x=n)
        yield measured("code_success_bound", bound, "1", x=n)
        yield measured("code_success_below_bound", apart / settings.codes < bound, "count", x=n)
        yield measured("codes", settings.codes, "count", x=n)


class ProductsOfOrs(ExactExperiment):
    """All pairs of functions over all inputs."""

    paper = "learnability"
    title = "Products of ORs"
    Settings = Settings
    objects: ClassVar = {"products_of_ors": {"exact": {}}}
    sizes = ("n", "nets_n", "codes")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield lambda: near_orthogonality(settings)
        yield lambda: kept_coordinates(settings)
        yield lambda: explicit_nets(settings)
        yield lambda: codes(settings)


EXPERIMENT = ProductsOfOrs()
