"""The square wave f_n: deep narrow nets that are it, linear pieces, the best with K jumps (LRN-M1 to M3, E1, E2)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import ClassVar

import numpy as np
from pydantic import Field

from ctbench.models._explicit import Affine, Network, network
from ctbench.papers._exact import Check, ExactExperiment
from ctbench.papers.learnability._pieces import losses, pieces, plus, polyline, square_wave, triangle
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

Shape = tuple[int, int]


class Settings(Frozen):
    """Up to which n each check goes; n beyond 24 would need over 2^25 cells of equal sign to be visited."""

    n: int = Field(18, ge=1, le=24, description="Intervals 2^n of f_n, for the explicit nets: from 1 to n.")
    jumps_n: int = Field(12, ge=1, le=14, description="The same for the search over all K; it takes 4^n steps.")
    shapes: tuple[Shape, ...] = Field(
        ((2, 4), (3, 4), (4, 4), (6, 4), (8, 4), (4, 2), (8, 2), (3, 16)),
        min_length=1,
        description="Layers and width of random nets.",
    )
    draws: int = Field(50, ge=1, description="Random nets of each shape.")


def literal_lemma_27(times: int, shift: float) -> Network:
    """x -> h'^times(x + shift), h'(x) = [2[x]+ - 4[x - 1/2]+ - 1/2]+ as printed: depth 2 n, width 2."""
    layers = [Affine.of([[1.0], [1.0]], [shift, shift - 0.5]), Affine.of([[2.0, -4.0]], [-0.5])]
    again = [Affine.of([[1.0], [1.0]], [0.0, -0.5]), Affine.of([[2.0, -4.0]], [-0.5])]
    return network(*layers, *again * (times - 1), Affine.of([[1.0]]))


def agreement(net: Network, n: int) -> float:
    """Share of [0, 1] where sign(net) = f_n, sign(0) = +1, for a net that changes sign at multiples of 2^-n-1 only.

    Inputs, weights and states are multiples of 2^-n-2 of at most 4, so float64 does not round.
    """
    x = (np.arange(2 ** (n + 1)) + 0.5) / 2 ** (n + 1)
    found = np.where(net(x[:, None])[:, 0] >= 0, 1.0, -1.0)
    return float((found == square_wave(n, x)).mean())


def explicit_nets(settings: Settings) -> Iterator[Row]:
    """Lemma 27, repaired and as printed, and the three shifts of its last step."""
    for n in range(1, settings.n + 1):
        shift = 2.0 ** (-n - 1)
        repaired = plus(triangle(n, shift), -0.5)
        yield measured("agreement_repaired", agreement(repaired, n), "1", x=n)
        yield measured("agreement_without_shift", agreement(plus(triangle(n), -0.5), n), "1", x=n)
        yield measured("agreement_with_the_proofs_shift", agreement(plus(triangle(n, -shift), -0.5), n), "1", x=n)
        yield measured("agreement_literal", agreement(literal_lemma_27(n, shift), n), "1", x=n)
        yield measured("cells", 2 ** (n + 1), "count", x=n)
        yield measured("width", max(len(layer.bias) for layer in repaired.layers), "count", x=n)


def count_pieces(settings: Settings) -> Iterator[Row]:
    """Lemma 28: at most 2^(L-1) k^L pieces with L layers of width k; phi^n has 2^n."""
    largest = min(settings.n, 16)
    for n in range(1, largest + 1):
        yield measured("pieces_of_triangle_over_2n", pieces(triangle(n)) / 2**n, "ratio", x=n)
    for layers, width in settings.shapes:
        rng = generator("init", 0, layers, width)
        counts = np.array([pieces(random_net(layers, width, rng), -2, 2) for _ in range(settings.draws)])
        bound = 2 ** (layers - 1) * width**layers
        yield measured(f"nets_above_bound_width{width}", (counts > bound).sum(), "count", x=layers)
        yield measured(f"nets_width{width}", len(counts), "count", x=layers)
        yield measured(f"pieces_over_bound_width{width}", counts.max() / bound, "ratio", x=layers)


def random_net(layers: int, width: int, rng: np.random.Generator) -> Network:
    """1-width-...-width-1, N(0, 2/in) weights, biases that put kinks inside [-2, 2]."""
    widths = [1] + [width] * (layers - 1) + [1]
    return network(*(Affine(rng.normal(0, (2 / a) ** 0.5, (b, a)), rng.normal(0, 0.5, b)) for a, b in pairwise(widths)))


def best_with_jumps(n: int) -> np.ndarray:
    """2^n E[f_n g] of the best g: [0, 1] -> {-1, +1} with at most K jumps, K = 0 ... 2^n - 1, by dynamic programming.

    Moving a jump changes E[f_n g] linearly between two jumps of f_n, so some best g jumps only there.
    """
    cells = 2**n
    up, down = np.zeros(cells, dtype=np.int64), np.zeros(cells, dtype=np.int64)  # best so far by K, g now +1 or -1
    for cell in range(cells):
        sign = 1 - 2 * (cell % 2)
        from_down, from_up = np.concatenate([down[:1], down[:-1]]), np.concatenate([up[:1], up[:-1]])
        if cell:
            from_down[0], from_up[0] = -cells, -cells
        up, down = np.maximum(up, from_down) + sign, np.maximum(down, from_up) - sign
    return np.maximum(up, down)


def jumps(settings: Settings) -> Iterator[Row]:
    """Equation 7: E[f_n g] <= K / 2^(n-1) with K >= 1 jumps; the optimum is 2 ceil(K/2) / 2^n."""
    for n in range(1, settings.jumps_n + 1):
        found, K = best_with_jumps(n), np.arange(2**n)
        ratios = found[1:] / (2 * K[1:])
        yield measured("jumps_over_bound", ratios.max(), "ratio", x=n)
        yield measured("one_jump_over_bound", ratios[0], "ratio", x=n)
        yield measured("jumps_against_closed_form", np.abs(found - 2 * ((K + 1) // 2)).max(), "count", x=n)
        yield measured("jumps_above_bound", (ratios > 1).sum(), "count", x=n)
        yield measured("jump_counts", 2**n, "count", x=n)


def sizes_matter(settings: Settings) -> Iterator[Row]:
    """Equation 7 read for real-valued h: phi^n >= 0 never changes sign, yet has hinge loss 3/4 - 2^-n-3, not 1.

    With K monotone pieces, E[f_n clip(h)] = -int F d(clip h) <= 2 ceil(K/2) / 2^n, for F' = f_n, 0 <= F <= 2^-n.
    """
    largest = min(settings.n, 14)
    for n in range(2, largest + 1):
        hinge, _ = losses(*polyline(triangle(n, 2.0 ** (-n - 1))), n)
        yield measured("hinge_without_sign_change", hinge, "1", x=n)
        ratios, rng = list[float](), generator("init", 1, n)
        for layers, width in settings.shapes:
            x, values = polyline(random_net(layers, width, rng))
            for scale in (1, 100):
                hinge, _ = losses(x, scale * (values - values.mean()), n)
                ratios.append((1 - hinge) / (2 * (len(x) // 2) / 2**n))
        yield measured("nets_above_piece_bound", sum(ratio > 1 + 1e-12 for ratio in ratios), "count", x=n)
        yield measured("nets_on_the_wave", len(ratios), "count", x=n)


class IteratedTriangle(ExactExperiment):
    """Explicit and random nets on the line, all inputs and all K."""

    paper = "learnability"
    title = "The square wave and the iterated triangle"
    Settings = Settings
    objects: ClassVar = {"square_wave": {"exact": {}}}
    sizes = ("n", "jumps_n", "draws")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        yield lambda: explicit_nets(settings)
        yield lambda: count_pieces(settings)
        yield lambda: jumps(settings)
        yield lambda: sizes_matter(settings)


EXPERIMENT = IteratedTriangle()
