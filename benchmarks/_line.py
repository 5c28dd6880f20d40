"""What a benchmark tells: a figure of ours beside that of a plain twin, and memory measured in a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import torch


@dataclass(frozen=True)
class Line:
    """One figure.

    Attributes:
        what: the work.
        unit: of ours and of the twin's; of one that ends in "/s" more is better, of others less.
        ours: the median, where it is a time or a rate.
        twin: None where there is nothing to compare with.
        asked: what should be reached, empty where nothing is.
        said: whether the numbers are equal, and what else is to be known.
        threads: with which both were measured.
    """

    what: str
    unit: str
    ours: float
    twin: float | None = None
    asked: str = ""
    said: str = ""
    threads: int = field(default_factory=torch.get_num_threads)

    @property
    def cells(self) -> list[str]:
        """What, ours, twin, ratio, asked, threads, said."""
        ours, twin, ratio = (self._figure(value) for value in (self.ours, self.twin, None))
        if self.twin is not None:
            ratio = number(self.ours / self.twin if self.unit.endswith("/s") else self.twin / self.ours)
        return [self.what, ours, twin, ratio, self.asked, str(self.threads), self.said]

    def __str__(self) -> str:
        what, ours, twin, ratio, asked, _, said = self.cells
        beside = f"plain twin {twin}; ratio {ratio}" if twin else ""
        return "; ".join(filter(None, (f"{what}: {ours}", beside, asked and f"asked: {asked}", said)))

    def _figure(self, value: float | None) -> str:
        return "" if value is None else f"{number(value)} {self.unit}"


def number(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:#.3g}"


def peak(work: Callable[..., object], *given: object) -> float:
    """Peak memory in GiB of a fresh process that does the work and nothing else."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak, work, *given).result()


def _peak(work: Callable[..., object], *given: object) -> float:
    """By the kernel's high-water mark: `ru_maxrss` of a process can be that of the one that started it."""
    work(*given)
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 2**20
