"""Two parties who share the inputs evaluate a network by comparisons, as in Theorems 11 and 14 (BEN-V9)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ctbench.models._explicit import Array, Network
from ctbench.papers._exact import Check
from ctbench.papers.benign_functions._boolean import on_bits, sampled_pairs
from ctbench.papers.benign_functions._models import ModelExperiment, ModelSettings
from ctbench.papers.benign_functions._nets import BOOLEAN
from ctbench.papers.benign_functions.constructions import MOST, function_of
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured


class Settings(ModelSettings):
    """The d and the number of inputs and partitions, each of them random."""

    sizes: tuple[Annotated[int, Field(ge=1, le=MOST)], ...] = Field((3, 5, 8, 16, 32), min_length=1)
    trials: int = Field(200, ge=1)


class GreaterThan:
    """The only channel: Alice puts in a number, Bob another, both learn which is larger."""

    def __init__(self) -> None:
        self.rounds = 0

    def __call__(self, alice: float, bob: float) -> bool:
        self.rounds += 1
        return alice > bob


def evaluate(net: Network, z: Array, of_alice: NDArray[np.bool_], channel: GreaterThan) -> bool:
    """Whether the network's value at z [inputs] exceeds 1/2, where Alice knows z[of_alice] and Bob the rest.

    Each keeps the share of every neuron that comes from the inputs of their own; Bob adds the biases. A neuron is on if
    the shares sum to more than 0, for which they compare; its shares pass on if it is, else 0.
    """
    alice, bob = np.where(of_alice, z, 0.0), np.where(of_alice, 0.0, z)
    for layer in net.layers[:-1]:
        alice, bob = layer.weight @ alice, layer.weight @ bob + layer.bias
        on = np.array([channel(a, -b) for a, b in zip(alice, bob, strict=True)])
        alice, bob = alice * on, bob * on
    last = net.layers[-1]
    (a,), (b,) = last.weight @ alice, last.weight @ bob + last.bias
    return channel(a, 0.5 - b)


def simulated(model: str, d: int, trials: int) -> Iterator[Row]:
    """Wrong outputs, and the rounds that every trial took beyond one a hidden neuron."""
    rng, net = generator("noise", 0, d), BOOLEAN[model](d)
    z = sampled_pairs(d, trials, rng)
    wrong, rounds = 0, set()
    for row, exact in zip(z, on_bits(function_of(model), z), strict=True):
        channel = GreaterThan()
        wrong += int(evaluate(net, row, rng.random(2 * d) < 0.5, channel)) != exact
        rounds.add(channel.rounds)
    (taken,) = rounds  # the number of comparisons does not depend on the input
    yield measured("rounds_beyond_hidden", taken - net.hidden, "count", x=d)
    yield measured("rounds", taken, "count", x=d)
    yield measured("wrong_outputs", wrong, "count", x=d)
    yield measured("cases", trials, "count", x=d)


class Protocols(ModelExperiment):
    """Real communication complexity counts these rounds, randomised complexity log(size) bits for each."""

    paper = "benign_functions"
    title = "A network as a protocol of comparisons"
    Settings = Settings
    objects: ClassVar = {"random_partitions": {name: {} for name in BOOLEAN}}
    sizes = ("trials",)

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for d in settings.sizes:
            yield partial(simulated, model, d, settings.trials)


EXPERIMENT = Protocols()
