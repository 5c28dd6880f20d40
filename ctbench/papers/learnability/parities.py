"""Parities chi_I over {-1, +1}^n seen by fixed features, by any one function, and by a gradient (LRN-M9 to M11, M14).

All 2^n parities at once: E[chi_I h] for every I is one Walsh-Hadamard transform of h.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import sqrt
from typing import ClassVar

import numpy as np
from pydantic import Field, field_validator

from ctbench.models._explicit import Affine, Network, network
from ctbench.papers._exact import Check, ExactExperiment
from ctbench.papers.learnability._cube import LARGEST, parity, points, signs, walsh
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

BLOCK = 32
"""Features whose transforms are taken together."""


class Settings(Frozen):
    """Up to which n all inputs and all parities are visited."""

    n: tuple[int, ...] = Field((6, 8, 10, 12, 14, 16), min_length=1, description="Of features and gradients.")
    features: int = Field(256, ge=1, description="Random features N.")
    hidden: int = Field(16, ge=1, description="Hidden units of the net whose gradient is taken.")
    nets_n: int = Field(11, ge=1, le=13, description="Explicit nets for all parities on all inputs, from 1 to n.")

    @field_validator("n")
    @classmethod
    def _enumerable(cls, n: tuple[int, ...]) -> tuple[int, ...]:
        if not 2 <= min(n) <= max(n) <= LARGEST:
            raise ValueError(
                f"expected n from 2 to {LARGEST}, for all 2^n inputs are visited; learnability/parity_training samples"
            )
        return n


def correlations(settings: Settings) -> Iterator[Row]:
    """Lemma 32: the mean over I of |E[chi_I Psi]| for N features with values in [-1, 1] against sqrt(N / 2^n)."""
    for n in settings.n:
        sharp = sqrt(settings.features / 2**n)
        yield measured("bessel_bound", sharp, "1", x=n)
        yield measured("printed_bound", printed_bound(settings.features, 1.0, n), "1", x=n)
        for kind in ("tanh", "relu"):
            squares = np.zeros(1 << n)
            for block in range(0, settings.features, BLOCK):
                width = min(BLOCK, settings.features - block)
                squares += ((walsh(random_features(n, width, kind, block)) / 2**n) ** 2).sum(0)
            mean = float(np.sqrt(squares).mean())
            yield measured(f"mean_correlation_{kind}", mean, "1", x=n)
            yield measured(f"mean_correlation_{kind}_over_bessel", mean / sharp, "ratio", x=n)
        yield measured("parities", 1 << n, "count", x=n)
    for features, size in ((100, 1.0), (1000, 10.0)):
        yield measured("printed_bound_says_something_from", first_below(features, size, printed_bound), "1", x=features)
        yield measured("bessel_bound_says_something_from", first_below(features, size, bessel), "1", x=features)


def random_features(n: int, width: int, kind: str, block: int) -> np.ndarray:
    """tanh or ReLU of Gaussian affine forms on all points, within [-1, 1], [width, 2^n]."""
    rng = generator("init", block, n)
    forms = rng.normal(size=(width, n)) / sqrt(n) @ points(n).T + rng.normal(size=(width, 1))
    values = np.tanh(forms) if kind == "tanh" else np.maximum(forms, 0)
    return values / np.maximum(1, values.max(1, keepdims=True))


def bessel(features: int, size: float, n: int) -> float:
    """B sqrt(N / 2^n): the sharp form of Lemma 32, from Bessel's inequality and Cauchy's."""
    return size * sqrt(features / 2**n)


def printed_bound(features: int, size: float, n: int) -> float:
    """sqrt(5 N) B / d^(1/12) with d = 2^n (Lemma 32)."""
    return sqrt(5 * features) * size / 2 ** (n / 12)


def first_below(features: int, size: float, bound: Callable[[int, float, int], float]) -> int:
    """The first n at which a bound on a correlation is below 1."""
    return next(n for n in range(1, 10_000) if bound(features, size, n) < 1)


def heavy(settings: Settings) -> Iterator[Row]:
    """Lemma 25: no function h correlates by tau or more with over 2 / (tau^2 - 1/d) of the d = 2^n parities."""
    for n in settings.n:
        ratios = list[float]()
        for h in adversaries(n):
            coefficients = np.sort(np.abs(walsh(h)) / 2**n)[::-1]
            for tau in np.geomspace(1.01 * 2 ** (-n / 2), 1, 40):
                ratios.append(float((coefficients >= tau).sum() * (tau**2 - 2.0**-n) / 2))
        yield measured("heavy_over_bound", max(ratios), "ratio", x=n)
        yield measured("heavy_above_bound", sum(ratio > 1 for ratio in ratios), "count", x=n)
        yield measured("heavy_cases", len(ratios), "count", x=n)


def adversaries(n: int) -> Iterator[np.ndarray]:
    """Functions into {-1, +1}: majority, random, a quadratic form (bent for even n), majorities of parities."""
    x, rng = points(n), generator("init", 0, "adversaries", n)
    yield np.where(x.sum(1) >= 0, 1.0, -1.0)
    yield signs(rng.integers(0, 2, 1 << n))
    bits = ((1 - x) / 2).astype(int)
    yield signs((bits[:, 0 : n - 1 : 2] * bits[:, 1::2]).sum(1))
    for votes in (1, 3, 9, 33, 2 * n + 1):
        yield majority_of_parities(n, rng.choice(np.arange(1, 1 << n), min(votes, (1 << n) - 1), replace=False))


def majority_of_parities(n: int, chosen: np.ndarray) -> np.ndarray:
    """sign(sum_{I in chosen} chi_I) on all points, by one transform."""
    votes = np.zeros(1 << n)
    votes[chosen] = 1
    return np.where(walsh(votes) >= 0, 1.0, -1.0)


def gradient_variance(settings: Settings) -> Iterator[Row]:
    """mean_I |E[chi_I grad g]|^2 = E|grad g|^2 / 2^n for the gradient of a tanh net n-hidden-1 at random weights."""
    for n in settings.n:
        rng, x = generator("init", 0, "gradient", n), points(n)
        w, b = rng.normal(size=(settings.hidden, n)) / sqrt(n), rng.normal(size=(settings.hidden, 1)) / 10
        v = rng.normal(size=settings.hidden) / sqrt(settings.hidden)
        h = np.tanh(w @ x.T + b)
        found = norm = 0.0
        for unit in range(settings.hidden):
            slope = v[unit] * (1 - h[unit] ** 2)
            gradient = np.vstack([h[unit], slope, slope * x.T])  # by v, b and the row of w
            found += ((walsh(gradient) / 2**n) ** 2).sum() / 2**n
            norm += (gradient**2).mean(1).sum()
        yield measured("gradient_variance_ratio", found * 2**n / norm, "ratio", x=n)


def parity_net(n: int, chosen: int) -> Network:
    """chi_I at depth 2: the polyline (-1)^t through t = 0 ... |I| of the number t of members with x_i = -1.

    |I| ReLUs; the constant, which the paper makes by one more, is the bias of the output.
    """
    member = np.array([chosen >> i & 1 for i in range(n)], dtype=float)
    count = int(member.sum())
    return network(Affine.of(np.tile(-member / 2, (count, 1)), count / 2 - np.arange(count)), alternating(count))


def alternating(count: int) -> Affine:
    """([t]+, [t - 1]+, ..., [t - count + 1]+) -> (-1)^t for t = 0 ... count."""
    weights = 4 * signs(np.arange(count) + 1)
    weights[0] = -2
    return Affine.of(weights, 1.0)


def explicit_nets(settings: Settings) -> Iterator[Row]:
    """Theorem 19: every parity as a net of depth 2 and linear width, on every input."""
    for n in range(1, settings.nets_n + 1):
        x = points(n)
        nets = [parity_net(n, chosen) for chosen in range(1, 1 << n)]
        worst = max(np.abs(net.exactly(x)[:, 0] - parity(n, chosen)).max() for chosen, net in enumerate(nets, start=1))
        yield measured("parity_net_error", worst, "1", x=n)
        yield measured("parity_net_width_over_bound", max(net.hidden for net in nets) / (n + 1), "ratio", x=n)
        yield measured("parity_net_inputs", (2**n - 1) * 2**n, "count", x=n)


class Parities(ExactExperiment):
    """Walsh transforms over the whole cube."""

    paper = "learnability"
    title = "Parities: features, correlations, gradients"
    Settings = Settings
    objects: ClassVar = {"parities": {"exact": {}}}
    sizes = ("n", "features", "nets_n")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield lambda: correlations(settings)
        yield lambda: heavy(settings)
        yield lambda: gradient_variance(settings)
        yield lambda: explicit_nets(settings)


EXPERIMENT = Parities()
