"""The plan of a configuration: its runs, what is done, and how long the rest will take."""

from __future__ import annotations

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
from ctbench.spec.files import write_if_changed
from ctbench.spec.run import RunSpec

MARGIN = 3.0  # a job may take this many times its estimate before a cluster stops it
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
    """

    spec: RunSpec
    folder: Path
    code: str
    data: str | None
    seconds: float
    measured: bool
    memory: int

    @property
    def done(self) -> bool:
        return record.is_done(self.spec, self.folder, self.code)

    @property
    def minutes(self) -> int:
        """Time limit to ask a cluster for."""
        return int(self.seconds * MARGIN / 60) + 5


def plan(config: Config) -> list[Job]:
    """Every run of a configuration. Raises UserError naming the key that is wrong."""
    known = experiments()
    pace = Pace(taken((path.parent for path in config.results.glob("*/runs/*/provenance.json")), known))
    jobs = []
    for spec in expand(config, known):
        experiment = known[spec.name]
        settings = experiment.settings(spec)
        guess = experiment.seconds(settings)
        seconds, used = pace(spec, guess)
        jobs.append(
            Job(
                spec,
                config.folder / "runs" / spec.run_id,
                code_hash(experiment.code(settings)),
                experiment.needs(spec.dataset),
                seconds * max(len(spec.seeds), 1),
                used is not None,
                max(MEMORY, int(SPARE * used / 2**20)) if used else MEMORY,
            )
        )
    return jobs


def set_aside_damaged(jobs: Iterable[Job]) -> Iterator[str]:
    """Takes `record.json` away from records that are no longer whole, so that a workflow makes them again; says why."""
    for job in jobs:
        if why := record.damage(job.folder):
            (job.folder / "record.json").unlink()
            yield why


def write_plan(config: Config, jobs: list[Job], overrides: Mapping[str, Any]) -> Path:
    """What the verbs need to carry out a plan; unchanged files stay untouched.

    Writes the spec of every run, the list of the runs that the judge reads, and the configuration, whose path it
    returns: a workflow may have been given more on its command line than stands in `config.yaml`.
    """
    for job in jobs:
        record.write_spec(job.spec, job.folder)
    write_if_changed(config.folder / "plan.txt", "".join(f"{job.spec.run_id}\n" for job in jobs))
    written = config.folder / "config.yaml"
    write_if_changed(written, yaml.safe_dump(dict(overrides), sort_keys=True))
    return written
