"""Lemmas 21 and 25: the leading binary digits of a real number by a wide network and by composed tents (BEN-V7)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ctbench.papers._exact import Check, up_to
from ctbench.papers.benign_functions._models import ModelExperiment, ModelSettings
from ctbench.papers.benign_functions._nets import binary_digits, scaled, wave
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

Numbers = NDArray[np.float64]

CELLS = 6
"""Intervals of the last digit are cut into 2^CELLS cells; networks are linear inside one."""


class Settings(ModelSettings):
    """Digits, widths of the ramps 2^-k, and sampled numbers."""

    digits: Annotated[int, up_to(10, "all c-digit numbers, 2^6 cells each,", "samples cover more digits")] = 8
    ramps: tuple[Annotated[int, Field(ge=1, le=CELLS)], ...] = Field((1, 2, 3, 4, 5, 6), description="Widths 2^-k.")
    samples: int = Field(20_000, ge=1)


def truth(z: Numbers, c: int) -> Numbers:
    """The digits of trunc(z) for z in [0, 1), most significant first, [rows, c]."""
    return (np.floor(z * 2**c).astype(np.int64)[:, None] >> np.arange(c)[::-1] & 1).astype(np.float64)


def middles(c: int) -> Numbers:
    """The middle of every cell of [0, 1)."""
    cells = 2 ** (c + CELLS)
    return (np.arange(cells) + 0.5) / cells


def steps_on_cells(c: int, ramps: tuple[int, ...]) -> Iterator[Row]:
    """The measure of {x: some digit wrong} against the width of the ramps, exact: no cell is partly wrong."""
    x = middles(c)
    digits, off, beyond = truth(x, c), 0.0, 0
    for width in (2.0**-k for k in ramps):
        net = binary_digits(c, width)
        wrong = (net.exactly(x[:, None], places=c + CELLS + 1) != digits).any(axis=1)
        off = max(off, abs(float(wrong.mean()) - width))
        beyond = max(beyond, net.hidden - 2 * (2**c + 1))
    yield measured("failure_rate_off", off, "1", x=c)
    yield measured("cases", len(x) * len(ramps), "count", x=c)
    yield measured("hidden_beyond_count", beyond, "neurons", x=c)


def steps_on_samples(k: int, samples: int) -> Iterator[Row]:
    """Uniform samples, 8 digits: the failure rate at the width x of the ramps, and its distance in standard errors."""
    width, c = 2.0**-k, 8
    x = generator("noise", 0, k).integers(0, 2**40, samples) / 2.0**40
    failures = float((binary_digits(c, width)(x[:, None]) != truth(x, c)).any(axis=1).mean())
    yield measured("failure_rate", failures, "1", x=width)
    yield measured("failure_rate_in_errors", (failures - width) / np.sqrt(width * (1 - width) / samples), "1", x=width)
    yield measured("cases_sampled", samples, "count", x=width)


def tent_digits(z: Numbers, c: int, places: int, *, shift: float = 0.0, strict: bool = False) -> Numbers:
    """Digit j is whether phi_j(z - 2^{-j-1}) >= 1/2 (`strict`: > 1/2), with z moved by `shift` first."""
    columns = []
    for j in range(1, c + 1):
        value = wave(j).after(scaled(1.0, shift - 2.0 ** (-j - 1))).exactly(z[:, None], places)[:, 0]
        columns.append(value > 0.5 if strict else value >= 0.5)
    return np.column_stack(columns).astype(np.float64)


def tents(c: int) -> Iterator[Row]:
    """Wrong digits at the middles of all cells; and at the c-digit numbers themselves, where phi_j can be 1/2."""
    x, corner = middles(c), np.arange(2**c) / 2**c
    yield measured("mismatches", (tent_digits(x, c, c + CELLS + 1) != truth(x, c)).sum(), "count", x=c)
    yield measured("cases", len(x) * c, "count", x=c)
    exact = truth(corner, c)
    literal, strict = tent_digits(corner, c, c), tent_digits(corner, c, c, strict=True)
    moved = tent_digits(corner, c, c, shift=2.0 ** (-c - 1))
    yield measured("mismatches_at_digits_literal", (literal != exact).sum(), "count", x=c)
    yield measured("mismatches_at_digits_strict", (strict != exact).sum(), "count", x=c)
    yield measured("mismatches_at_digits_moved", (moved != exact).sum(), "count", x=c)
    yield measured("cases_at_digits", exact.size, "count", x=c)
    yield measured("hidden_neurons", sum(wave(j).hidden for j in range(1, c + 1)), "neurons", x=c)


class BinaryDigits(ModelExperiment):
    """`staircase` is Lemma 21, `tents` Lemma 25."""

    paper = "benign_functions"
    title = "Binary digits of a real number"
    Settings = Settings
    objects: ClassVar = {"unit_interval": {"staircase": {}, "tents": {}}}
    sizes = ("digits", "samples")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for c in range(1, settings.digits + 1):
            yield partial(tents, c) if model == "tents" else partial(steps_on_cells, c, settings.ramps)
        if model == "staircase":
            for k in settings.ramps:
                yield partial(steps_on_samples, k, settings.samples)


EXPERIMENT = BinaryDigits()
