"""What the whole suite costs by preset: on a core, on the two of a laptop, on a cluster of N, by the committed records.

The model: a run takes what the plan says, `START` seconds more to start, and on a cluster `QUEUE` seconds more in the
hands of the workflow. N processors take runs in the plan's order, the longest first, a sweep after its parent.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ctbench.papers import experiments
from ctbench.papers._pace import Pace, taken
from ctbench.papers._plan import Job, plan
from ctbench.spec.config import merge

REFERENCE = Path(__file__).resolve().parents[1] / "results" / "reference"
START, QUEUE = 2.0, 8.0
PROCESSORS = (1, 2, 16, 128)


def jobs_of(preset: str) -> list[Job]:
    """The plan of a preset, its times from the committed records."""
    known = experiments()
    pace = Pace(taken((path.parent for path in REFERENCE.glob("*/runs/*/provenance.json")), known))
    config = merge({"preset": preset, "results": "nowhere"}, "benchmarks")
    jobs = []
    for job in plan(config):
        seconds, memory = pace(job.spec, known[job.spec.name].seconds(known[job.spec.name].settings(job.spec)))
        jobs.append(replace(job, seconds=seconds * max(len(job.spec.seeds), 1), measured=memory is not None))
    return jobs


def makespan(jobs: Sequence[Job], processors: int, overhead: float) -> float:
    """Seconds until all are done: whoever is free takes the longest run that may begin."""
    waiting = {job.spec.run_id: job for job in jobs}
    busy: list[tuple[float, str]] = []
    done: set[str] = set()
    now = 0.0
    while waiting or busy:
        ready = [job for job in waiting.values() if job.spec.parent in done or not job.spec.parent]
        for job in sorted(ready, key=lambda job: -job.seconds)[: processors - len(busy)]:
            heapq.heappush(busy, (now + job.seconds + overhead, job.spec.run_id))
            del waiting[job.spec.run_id]
        now, ended = heapq.heappop(busy)
        done.add(ended)
    return now


def hours(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def main(full: bool) -> None:
    del full
    head = ["preset", "runs", "by a guess", *(f"{n} core{'s' * (n > 1)}" for n in PROCESSORS)]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for preset in ("smoke", "laptop", "workstation", "paper"):
        jobs = jobs_of(preset)
        spans = [hours(makespan(jobs, n, START + QUEUE * (n > 2))) for n in PROCESSORS]
        guessed = sum(not job.measured for job in jobs)
        print(f"| {' | '.join([preset, str(len(jobs)), str(guessed), *spans])} |")
