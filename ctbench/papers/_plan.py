"""The plan of a configuration: its runs, what is done, and how long the rest will take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ctbench.papers import experiments
from ctbench.papers._experiment import Experiment, expand
from ctbench.records import record
from ctbench.spec.code import code_hash
from ctbench.spec.config import Config
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json, write_if_changed
from ctbench.spec.run import RunSpec, read_spec

Cell = tuple[str, str, str]
"""Full name of the experiment, data set, model."""

MARGIN = 3.0  # a job may take this many times its estimate before a cluster stops it


@dataclass(frozen=True)
class Job:
    """A planned run.

    Attributes:
        spec: the run.
        folder: where its record goes.
        code: hash of the code that determines it.
        data: the data set it needs, if any.
        seconds: estimate for all its seeds.
        measured: whether the estimate comes from records; else it is a guess.
    """

    spec: RunSpec
    folder: Path
    code: str
    data: str | None
    seconds: float
    measured: bool

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
    pace = measured_pace(config.results, known)
    jobs = []
    for spec in expand(config, known):
        experiment = known[spec.name]
        settings = experiment.settings(spec)
        cell = (spec.name, spec.dataset, spec.model)
        each = experiment.seconds(settings) * pace.get(cell, 1.0)
        jobs.append(
            Job(
                spec,
                config.folder / "runs" / spec.run_id,
                code_hash(experiment.code(settings)),
                experiment.needs(spec.dataset),
                each * max(len(spec.seeds), 1),
                cell in pace,
            )
        )
    return jobs


def measured_pace(results: Path, known: Mapping[str, Experiment]) -> dict[Cell, float]:
    """How many times its experiment's guess a seed took, from this machine's newest record of each cell.

    The guess knows the settings, so the record of a short training tells how long a long one will take.
    """
    found: dict[Cell, tuple[str, float]] = {}
    for path in results.glob("*/runs/*/provenance.json"):
        spec, seeds = read_spec(path.parent / "spec.json"), read_json(path)["seeds"].values()
        try:
            guess = known[spec.name].seconds(known[spec.name].settings(spec))
        except (KeyError, UserError):
            continue  # a record of an experiment or a setting that is no more
        seconds = sum(seed["wall_seconds"] / seed["trained_together"] for seed in seeds) / len(seeds)
        started, cell = max(seed["started"] for seed in seeds), (spec.name, spec.dataset, spec.model)
        if started > found.get(cell, ("", 0.0))[0]:
            found[cell] = (started, seconds / guess)
    return {cell: pace for cell, (_, pace) in found.items()}


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
