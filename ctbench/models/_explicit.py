"""ReLU networks whose weights are written down: sizes are counted, values are exact where float64 has bits enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from math import frexp

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ctbench.spec.errors import UserError

Array = NDArray[np.float64]

FLOAT64_BITS = 53


@dataclass(frozen=True, eq=False)
class Affine:
    """x -> W x + b.

    Attributes:
        weight: [out, in].
        bias: [out].
    """

    weight: Array
    bias: Array

    @staticmethod
    def of(weight: ArrayLike, bias: ArrayLike = 0.0) -> Affine:
        """From rows of weights; a single bias is that of every row. Raises ValueError if the shapes do not fit."""
        matrix = np.array(weight, dtype=np.float64, ndmin=2)
        return Affine(matrix, np.broadcast_to(np.asarray(bias, dtype=np.float64), len(matrix)))

    def __call__(self, x: Array) -> Array:
        return x @ self.weight.T + self.bias


@dataclass(frozen=True, eq=False)
class Network:
    """x -> W_L [ ... [W_1 x + b_1]+ ... ]+ + b_L: ReLU after every layer but the last.

    Raises ValueError if a layer does not take what the one before it gives.
    """

    layers: tuple[Affine, ...]

    def __post_init__(self) -> None:
        for before, after in pairwise(self.layers):
            if after.weight.shape[1] != len(before.bias):
                raise ValueError(f"a layer of {after.weight.shape[1]} inputs after one of {len(before.bias)} outputs")

    @property
    def inputs(self) -> int:
        return self.layers[0].weight.shape[1]

    @property
    def outputs(self) -> int:
        return len(self.layers[-1].bias)

    @property
    def depth(self) -> int:
        """Number of layers, the output layer counted."""
        return len(self.layers)

    @property
    def hidden(self) -> int:
        """Number of ReLU neurons."""
        return sum(len(layer.bias) for layer in self.layers[:-1])

    @property
    def size(self) -> int:
        """Number of neurons, those of the output counted."""
        return self.hidden + self.outputs

    def __call__(self, x: Array) -> Array:
        """Values [batch, outputs] at x [batch, inputs]."""
        *hidden, last = self.layers
        return last(reduce(lambda state, layer: np.maximum(layer(state), 0.0), hidden, x))

    def after(self, inner: Network) -> Network:
        """This network of the other's output, whose linear layer is merged with the first one here."""
        first, last = self.layers[0], inner.layers[-1]
        joint = Affine(first.weight @ last.weight, first.weight @ last.bias + first.bias)
        return Network((*inner.layers[:-1], joint, *self.layers[1:]))

    def gradient(self, x: Array) -> Array:
        """Gradient of a single output at x, both [batch, inputs]; at a kink, that of the inactive side."""
        active, state = [], x
        for layer in self.layers[:-1]:
            before = layer(state)
            active.append(before > 0)
            state = np.maximum(before, 0.0)
        (row,) = self.layers[-1].weight
        gradient = np.broadcast_to(row, (len(x), len(row)))
        for layer, on in zip(self.layers[-2::-1], active[::-1], strict=True):
            gradient = (gradient * on) @ layer.weight
        return gradient

    def bits(self, magnitude: float = 1.0, places: int = 0) -> int:
        """Bits enough for every sum inside, in any order, at inputs k 2^-places of at most `magnitude`."""
        reach, most = np.full(self.inputs, magnitude), 0
        for layer in self.layers:
            places = max(places + binary_places(layer.weight), binary_places(layer.bias))
            reach = np.abs(layer.weight) @ reach + np.abs(layer.bias)
            most = max(most, frexp(float(reach.max()))[1] + places)
        return most

    def exactly(self, x: Array, places: int = 0) -> Array:
        """Values [batch, outputs] at x [batch, inputs], whose entries are multiples of 2^-places, without rounding.

        Raises UserError if float64 has too few bits for that.
        """
        needed = self.bits(float(np.abs(x).max(initial=0.0)), places)
        if needed > FLOAT64_BITS:
            raise UserError(
                f"A network of {self.inputs} inputs and depth {self.depth} may need {needed} bits for exact values, "
                f"float64 has {FLOAT64_BITS}. Take fewer inputs, less depth or inputs with fewer binary places."
            )
        return self(x)


def network(*layers: Affine) -> Network:
    """A network from its layers, the first one first."""
    return Network(layers)


def summed(terms: Sequence[tuple[float, float, float]]) -> Network:
    """t -> sum of c [a t + b]+ over `terms` (c, a, b): one hidden layer on a single input."""
    c, a, b = np.array(terms, dtype=np.float64).T
    return network(Affine.of(a[:, None], b), Affine.of(c))


def binary_places(values: Array) -> int:
    """The fewest places after the binary point that write every value exactly."""
    return max((_places(float(v)) for v in np.unique(values)), default=0)


def _places(value: float) -> int:
    _, denominator = value.as_integer_ratio()
    return denominator.bit_length() - 1
