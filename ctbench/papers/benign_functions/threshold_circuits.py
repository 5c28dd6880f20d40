"""Lemma 22: a threshold circuit with integer weights as a ReLU network of twice its size (BEN-V6)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial, reduce
from itertools import pairwise
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from ctbench.models._explicit import Affine, Network
from ctbench.papers._exact import Check, ExactExperiment, bits, up_to
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured


class Settings(Frozen):
    """Random layered circuits: `circuits` of each depth 1 ... `depth`, weights and biases uniform in -5 ... 5."""

    inputs: Annotated[int, up_to(20, "all 2^n inputs of every circuit", "take circuits with fewer inputs")] = 8
    depth: int = Field(3, ge=1)
    circuits: int = Field(67, ge=1)
    widths: tuple[int, int] = Field((3, 8), description="Fewest and most gates of a layer.")
    points: int = Field(200, ge=1, description="Real points in [-3, 4]^n at which the range is checked.")

    @field_validator("widths")
    @classmethod
    def _ordered(cls, widths: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= widths[0] <= widths[1]:
            raise ValueError("expected the fewest gates, 1 at least, and then the most")
        return widths


Circuit = tuple[Affine, ...]
"""Layers of gates sign(<w, y> + b), where sign(t) is 1 for t > 0, else 0."""


def evaluate(circuit: Circuit, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Outputs [rows, q] at Boolean inputs [rows, n]."""
    return reduce(lambda y, gates: (gates(y) > 0).astype(np.float64), circuit, x)


def relu_network(circuit: Circuit) -> Network:
    """Every gate becomes [<w, y> + b]+ - [<w, y> + b - 1]+, and every output one linear neuron."""
    layers, difference = [], None
    for gates in circuit:
        weight = gates.weight if difference is None else gates.weight @ difference
        layers.append(Affine.of(np.repeat(weight, 2, axis=0), np.repeat(gates.bias, 2) - np.tile([0, 1], len(weight))))
        difference = np.kron(np.eye(len(weight)), [[1.0, -1.0]])
    assert difference is not None
    return Network((*layers, Affine.of(difference)))


def random_circuit(settings: Settings, depth: int, rng: np.random.Generator) -> Circuit:
    """Widths uniform in the settings' range."""
    low, high = settings.widths
    widths = [settings.inputs, *rng.integers(low, high + 1, depth)]
    return tuple(Affine.of(rng.integers(-5, 6, (b, a)), rng.integers(-5, 6, b)) for a, b in pairwise(widths))


def of_depth(settings: Settings, depth: int) -> Iterator[Row]:
    """Mismatches over all circuits of a depth and all inputs, and how size, depth and range keep the lemma."""
    rng, n = generator("init", 0, depth), settings.inputs
    x = bits(np.arange(2**n), n)
    mismatches = beyond = deeper = 0
    outside = 0.0
    for _ in range(settings.circuits):
        circuit = random_circuit(settings, depth, rng)
        net, gates = relu_network(circuit), sum(len(layer.bias) for layer in circuit)
        mismatches += int((net.exactly(x) != evaluate(circuit, x)).sum())
        beyond = max(beyond, net.size - (2 * gates + net.outputs))
        deeper = max(deeper, net.depth - (depth + 1))
        values = net.exactly(np.round(rng.uniform(-3, 4, (settings.points, n)) * 1024) / 1024, places=10)
        outside = max(outside, float((-values).max()), float((values - 1).max()))
    yield measured("mismatches", mismatches, "count", x=depth)
    yield measured("cases", settings.circuits * 2**n, "count", x=depth)
    yield measured("size_beyond_count", beyond, "neurons", x=depth)
    yield measured("layers_beyond_count", deeper, "layers", x=depth)
    yield measured("outside_unit_interval", outside, "1", x=depth)


class ThresholdCircuits(ExactExperiment):
    """Size counts the q output neurons, depth the output layer."""

    paper = "benign_functions"
    title = "Threshold circuits as ReLU networks"
    Settings = Settings
    objects: ClassVar = {"random_circuits": {"ramp": {}}}
    sizes = ("inputs", "depth", "circuits")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for depth in range(1, settings.depth + 1):
            yield partial(of_depth, settings, depth)


EXPERIMENT = ThresholdCircuits()
