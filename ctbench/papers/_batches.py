"""Runs that share a process: to start one takes two seconds, longer than half of the runs of preset `laptop`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ctbench.papers._plan import Job

MARGIN = 3.0
"""A batch may take this many times its estimate before a cluster stops it."""
TOGETHER = 180.0
"""Seconds, by guess, of the runs that one process does. A run of more than half of it has its own."""


@dataclass(frozen=True)
class Batch:
    """Runs that one process does, one after another: of one paper, on one data set, all trainings or all sweeps."""

    name: str
    jobs: tuple[Job, ...]

    @property
    def guess(self) -> float:
        return sum(job.guess for job in self.jobs)

    @property
    def data(self) -> list[str]:
        return sorted({job.data for job in self.jobs if job.data})

    @property
    def parents(self) -> list[str]:
        return sorted({job.spec.parent for job in self.jobs if job.spec.parent})

    def minutes(self, wildcards: object, attempt: int) -> int:
        """Time limit to ask a cluster for."""
        return (int(sum(job.seconds for job in self.jobs) * MARGIN / 60) + 5) * attempt

    def memory(self, wildcards: object, attempt: int) -> int:
        """MB to ask a cluster for."""
        return max(job.memory for job in self.jobs) * attempt


def batches(jobs: Iterable[Job]) -> list[Batch]:
    """Every job in a batch. What shares one depends on the guesses alone, which no record changes."""
    found: list[tuple[str, list[Job]]] = []
    latest: dict[str, list[Job]] = {}
    for job in jobs:
        kind = "sweep" if job.spec.parent else "train"
        name = re.sub(r"\W", "_", "_".join(filter(None, (kind, job.spec.paper, job.data))))
        small = job.guess <= TOGETHER / 2
        if small and name in latest and sum(each.guess for each in [*latest[name], job]) <= TOGETHER:
            latest[name].append(job)
            continue
        found.append((name, [job]))
        if small:
            latest[name] = found[-1][1]
    number = Counter[str]()
    made = []
    for name, together in found:
        number[name] += 1
        made.append(Batch(f"{name}_{number[name]}", tuple(together)))
    return made
