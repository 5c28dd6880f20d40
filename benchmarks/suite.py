"""What the whole suite costs by preset: on a core, on the two of a laptop, on a cluster of N, by the committed records.

The model: a run takes what the plan says; a process, which does one run or several short ones, `START` seconds more to
start, and on a cluster `QUEUE` seconds more in the hands of the workflow. N processors take processes in the plan's
order, the longest first, a sweep after its parents.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ctbench.papers import experiments
from ctbench.papers._batches import batches
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
    """Seconds until all are done: whoever is free takes the longest batch of runs that may begin."""
    made = batches(jobs)
    of = {job.spec.run_id: batch.name for batch in made for job in batch.jobs}
    seconds = {batch.name: sum(job.seconds for job in batch.jobs) + overhead for batch in made}
    needed = {batch.name: {of[parent] for parent in batch.parents} for batch in made}
    busy: list[tuple[float, str]] = []
    done: set[str] = set()
    now = 0.0
    while needed or busy:
        ready = sorted((name for name in needed if needed[name] <= done), key=lambda name: -seconds[name])
        for name in ready[: processors - len(busy)]:
            heapq.heappush(busy, (now + seconds[name], name))
            del needed[name]
        now, ended = heapq.heappop(busy)
        done.add(ended)
    return now


def hours(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


HEAD = """# What the suite costs

Made by `python -m benchmarks.suite > docs/cost.md`. Seconds of a run are those of the nearest committed record,
corrected by what its experiment expects of the settings; *by a guess* counts the runs of experiments and data sets
that have no record. A process, which does one run or several short ones, takes {start:.0f} s more to start and on a
cluster (16 cores and more) {queue:.0f} s more in the hands of the workflow. Whoever is free takes the longest that may
begin, a sweep after its parents: from some number of cores on, the longest chain is all that counts. No record of a
GPU is committed, so none is in the table.

"""


def main(full: bool) -> None:
    del full
    head = ["preset", "runs", "processes", "by a guess", *(f"{n} core{'s' * (n > 1)}" for n in PROCESSORS)]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for preset in ("smoke", "laptop", "workstation", "paper"):
        jobs = jobs_of(preset)
        spans = [hours(makespan(jobs, n, START + QUEUE * (n > 2))) for n in PROCESSORS]
        guessed = sum(not job.measured for job in jobs)
        print(f"| {' | '.join([preset, *map(str, (len(jobs), len(batches(jobs)), guessed)), *spans])} |")


if __name__ == "__main__":
    from benchmarks import overhead

    print(HEAD.format(start=START, queue=QUEUE), end="")
    main(full=False)
    print("\nMeasured: ", end="")
    overhead.main(full=False)
