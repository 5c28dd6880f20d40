"""Spectra of several trainings of one seed, compared: those of equal nets set the scale for those of different ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from statistics import mean
from typing import Any

import numpy as np

from ctbench.training.modes import dynamic_modes, spectral_distance
from ctbench.training.task import Row, SeedResult, Task, measured
from ctbench.training.trajectory import Recorded, Trajectory

RADIUS = 0.01


@dataclass(frozen=True)
class Net:
    """A recorded training of one kind of network.

    Attributes:
        kind: nets of one kind differ in their seeds only.
        make: makes the training; called when its turn comes, and again after a kill.
        observed: what of a trajectory is analysed, [snapshots, numbers].
        delays: snapshots in one state.
    """

    kind: str
    make: Callable[[], Recorded]
    observed: Callable[[Trajectory], np.ndarray] = lambda trajectory: trajectory.weights
    delays: int = 1


class Spectra(Task):
    """Trains the nets one after another, one in each step, and keeps their spectra.

    A training may itself hold several nets of its kind. Accuracy is kept where the training measures it.
    """

    def __init__(self, seed: int, nets: Sequence[Net], rank: int) -> None:
        self.seed, self.nets, self.rank, self.steps = seed, tuple(nets), rank, len(nets)
        self.found: list[list[dict[str, Any]]] = []

    def step(self, index: int) -> None:
        net = self.nets[index]
        recorded = net.make()
        for i in range(recorded.steps):
            recorded.step(i)
        results = recorded.results()
        self.found.append(
            [
                {**self.spectrum(net, trajectory), "accuracy": _accuracy(result.rows)}
                for trajectory, result in zip(recorded.trajectories(), results, strict=True)
            ]
        )

    def spectrum(self, net: Net, trajectory: Trajectory) -> dict[str, list[float]]:
        """Real and imaginary parts of the eigenvalues; empty if the training diverged."""
        observed = net.observed(trajectory)
        if not np.isfinite(observed).all():
            return {"real": [], "imaginary": []}
        values = dynamic_modes(observed, self.rank, delays=net.delays).eigenvalues
        return {"real": np.real(values).tolist(), "imaginary": np.imag(values).tolist()}

    def state(self) -> dict[str, Any]:
        return {"found": self.found}

    def restore(self, state: dict[str, Any]) -> None:
        self.found = state["found"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What was found for the nets of one kind."""
        return [one for net, found in zip(self.nets, self.found, strict=True) if net.kind == kind for one in found]

    def results(self) -> list[SeedResult]:
        kinds = list(dict.fromkeys(net.kind for net in self.nets))
        spectra = {kind: [_complex(one) for one in self.of(kind)] for kind in kinds}
        rows = [row for kind in kinds for row in self.summary(kind, spectra[kind])]
        for a, b in combinations(kinds, 2):
            rows += _distances(a, b, spectra)
        curves = [
            measured(f"eigenvalue_{kind}", value.imag, "1", x=value.real)
            for kind in kinds
            for values in spectra[kind]
            for value in values
        ]
        return [SeedResult(self.seed, rows, curves)]

    def summary(self, kind: str, spectra: list[np.ndarray]) -> Iterator[Row]:
        """Means over the nets of one kind."""
        whole = all(map(len, spectra))
        quantities: dict[str, Callable[[np.ndarray], Any]] = {
            "mean_modulus": lambda values: np.abs(values).mean(),
            "largest_modulus": lambda values: np.abs(values).max(),
            "share_near_one": lambda values: (np.abs(values - 1) < RADIUS).mean(),
        }
        for name, quantity in quantities.items():
            yield named(name, kind, mean(float(quantity(v)) for v in spectra) if whole else np.nan, "1")
        yield named("test_accuracy", kind, mean(one["accuracy"] for one in self.of(kind)) if whole else np.nan, "%")


def named(metric: str, kind: str, value: float, unit: str) -> Row:
    """A measurement of a kind of net: a number is its abscissa, a word becomes part of the metric."""
    return measured(metric, value, unit, x=int(kind)) if kind.isdecimal() else measured(f"{metric}_{kind}", value, unit)


def _complex(found: dict[str, Any]) -> np.ndarray:
    return np.array(found["real"]) + 1j * np.array(found["imaginary"])


def _distances(a: str, b: str, spectra: dict[str, list[np.ndarray]]) -> Iterator[Row]:
    """Mean Wasserstein distance between the kinds, and within them."""
    whole = all(len(values) for kind in (a, b) for values in spectra[kind])
    between = [spectral_distance(v, w) for v, w in product(spectra[a], spectra[b])] if whole else [np.nan]
    yield measured(f"distance_{a}_{b}", mean(between), "1")
    pairs = [pair for kind in (a, b) for pair in combinations(spectra[kind], 2)]
    if pairs:
        within = [spectral_distance(v, w) for v, w in pairs] if whole else [np.nan]
        yield measured(f"within_{a}_{b}", mean(within), "1")


def _accuracy(rows: list[Row]) -> float:
    return next(row["value"] for row in rows if row["metric"] == "test_accuracy")
