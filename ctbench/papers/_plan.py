"""The plan of a configuration: its runs, what is done, and how long the rest will take."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ctbench.papers import experiments
from ctbench.papers._experiment import expand
from ctbench.papers._pace import Pace, taken
from ctbench.records import record
from ctbench.spec.code import code_hash
from ctbench.spec.config import Config
from ctbench.spec.files import read_json, write_if_changed
from ctbench.spec.run import RunSpec

MEMORY, SPARE = 2000, 1.5  # MB of a run without records, and how many times that of its record another may take


@dataclass(frozen=True)
class Job:
    """A planned run.

    Attributes:
        spec: the run.
        folder: where its record goes.
        code: hash of the code that determines it.
        data: the data set it needs, if any.
        seconds: estimate for all its seeds.
        measured: whether the estimate comes from records of the experiment and data set; else it is a guess.
        memory: MB to ask a cluster for.
        guess: seconds by the experiment alone: the same before and after any record.
    """

    spec: RunSpec
    folder: Path
    code: str
    data: str | None
    seconds: float
    measured: bool
    memory: int
    guess: float

    @property
    def done(self) -> bool:
        return record.is_done(self.spec, self.folder, self.code)


def plan(config: Config, *, as_written: bool = False) -> list[Job]:
    """Every run of a configuration. Raises UserError naming the key that is wrong.

    Estimates come from the records; with `as_written` from `write_plan`, so that the jobs of a workflow that runs on
    many machines agree, whatever was recorded meanwhile.
    """
    known = experiments()
    told = estimates(config) if as_written else {}
    records = [] if told else [path.parent for path in config.results.glob("*/runs/*/provenance.json")]
    pace = Pace(taken(records, known))
    jobs = []
    for spec in expand(config, known):
        experiment = known[spec.name]
        settings = experiment.settings(spec)
        guess, seeds = experiment.seconds(settings), max(len(spec.seeds), 1)
        seconds, used = pace(spec, guess)
        memory = max(MEMORY, int(SPARE * used / 2**20)) if used else MEMORY
        found = told.get(spec.run_id, (seconds * seeds, used is not None, memory))
        jobs.append(
            Job(
                spec,
                config.folder / "runs" / spec.run_id,
                code_hash(experiment.code(settings)),
                experiment.needs(spec.dataset),
                *found,
                guess * seeds,
            )
        )
    return jobs


def estimates(config: Config) -> dict[str, tuple[float, bool, int]]:
    """Seconds, whether they come from records, and memory of each run, as `write_plan` wrote them; empty if not yet."""
    path = config.folder / "estimates.json"
    return {run: tuple(found) for run, found in read_json(path).items()} if path.exists() else {}


def set_aside_damaged(jobs: Iterable[Job]) -> Iterator[str]:
    """Takes `record.json` away from records that are no longer whole, so that a workflow makes them again; says why."""
    for job in jobs:
        if why := record.damage(job.folder):
            (job.folder / "record.json").unlink()
            yield why


def write_plan(config: Config, jobs: list[Job], overrides: Mapping[str, Any]) -> Path:
    """What the verbs need to carry out a plan; unchanged files stay untouched.

    Writes the spec of every run, the list of the runs that the judge reads, the estimates, and the configuration,
    whose path it returns: a workflow may have been given more on its command line than stands in `config.yaml`.
    """
    for job in jobs:
        record.write_spec(job.spec, job.folder)
    write_if_changed(config.folder / "plan.txt", "".join(f"{job.spec.run_id}\n" for job in jobs))
    told = {job.spec.run_id: (job.seconds, job.measured, job.memory) for job in jobs}
    write_if_changed(config.folder / "estimates.json", json.dumps(told, indent=0) + "\n")
    written = config.folder / "config.yaml"
    write_if_changed(written, yaml.safe_dump(dict(overrides), sort_keys=True))
    return written
