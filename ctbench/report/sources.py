"""What the report reads: claims, criteria, measurements, and the record of each run with its curves and timings."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from ctbench.records import measurements, record
from ctbench.records.doubts import doubts
from ctbench.spec.durations import duration
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json
from ctbench.spec.registry import is_own

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Run:
    """The record of one run; whatever the record does not say is 'unknown'."""

    run_id: str
    folder: Path
    spec: dict[str, Any] = field(default_factory=dict)
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def commit(self) -> str:
        """Short commit, with 'dirty' where the tree had changes."""
        commit = str(self.provenance.get("commit") or UNKNOWN)
        return commit[:10] + (" (dirty)" if self.provenance.get("dirty") else "")

    @property
    def hardware(self) -> str:
        """GPU, CPU and threads."""
        gpu, cpu, threads = (self.provenance.get(key) for key in ("gpu", "cpu", "threads"))
        processor = str(cpu or UNKNOWN) + (f", {threads} thread{'s' * (threads != 1)}" if threads else "")
        return f"{gpu}; {processor}" if gpu and gpu != "none" else processor

    @property
    def day(self) -> str:
        """The UTC day it started, ISO; empty if the record does not say."""
        return str(self.provenance.get("started") or "")[:10]

    @property
    def command(self) -> str:
        """The command that repeats it."""
        command = self.provenance.get("command")
        if isinstance(command, (list, tuple)):
            return shlex.join(map(str, command))
        return str(command or f"ctbench run {self.folder / 'spec.json'} --out {self.folder}")

    @property
    def seconds(self) -> float | None:
        """What its seeds took; of a group that was trained together, each its share. None where nothing says."""
        parts = [*(self.provenance.get("seeds") or {"": self.provenance}).values()]
        times = [(part.get("wall_seconds"), part.get("trained_together") or 1) for part in parts]
        known = [float(wall) / together for wall, together in times if isinstance(wall, (int, float))]
        return sum(known) if known else None

    @property
    def wall(self) -> str:
        return UNKNOWN if self.seconds is None else duration(self.seconds)

    @property
    def memory(self) -> str:
        size = self.provenance.get("peak_memory_bytes")
        return f"{size / 2**20:.0f} MiB" if isinstance(size, (int, float)) else UNKNOWN

    @property
    def seeds(self) -> int:
        return len(self.spec.get("seeds") or ())

    @property
    def reduced(self) -> tuple[str, ...]:
        """What was smaller than in the paper, in words."""
        return tuple(map(str, self.spec.get("reduced") or ()))

    @property
    def data(self) -> dict[str, dict[str, Any]]:
        """Hash and fingerprint of each data set."""
        data = self.provenance.get("data")
        return {k: v for k, v in data.items() if isinstance(v, dict)} if isinstance(data, dict) else {}

    @property
    def own(self) -> str:
        """The file of somebody's own model that it trained; empty if the model is one of ours."""
        model = (self.spec.get("settings") or {}).get("model")
        return str(model) if is_own(model) else ""

    @property
    def done(self) -> bool:
        return (self.folder / "record.json").exists()

    def get(self, key: str) -> str:
        """A word of the spec."""
        return str(self.spec.get(key) or UNKNOWN)


@dataclass(frozen=True)
class Results:
    """One folder of results. Curves and timings have the columns of measurements and are read when first asked for."""

    folder: Path
    claims: pd.DataFrame
    criteria: pd.DataFrame
    measurements: pd.DataFrame
    runs: dict[str, Run]

    @property
    def preset(self) -> str:
        return self.folder.resolve().name

    @cached_property
    def curves(self) -> pd.DataFrame:
        """The history over training of the runs that measured. Raises UserError if a file of theirs is broken."""
        return self._gathered("curves")

    @cached_property
    def timings(self) -> pd.DataFrame:
        """What clocks said in the runs that measured, in seconds. Raises UserError if a file of theirs is broken."""
        return self._gathered("timings")

    @cached_property
    def doubts(self) -> dict[str, list[str]]:
        """The planned runs by what speaks against their records. Raises UserError if a file of theirs is not JSON."""
        return doubts(self.folder, self.measurements) if (self.folder / "plan.txt").exists() else {}

    def _gathered(self, name: str) -> pd.DataFrame:
        folders = [run.folder for run in self.runs.values()]
        return record.gather([folder for folder in folders if (folder / f"{name}.parquet").exists()], name)

    def own(self, paper: str) -> dict[str, str]:
        """The rows of a paper's tables that are somebody's own models, each with its words."""
        rows = {run.get("model") for run in self.runs.values() if run.own and run.get("paper") == paper}
        return {row: f"{row} (own model)" for row in sorted(rows)}

    def of(self, run_ids: Iterable[str]) -> list[Run]:
        """Their records, sorted; an id without a record has an empty one."""
        return [self.runs.get(i) or Run(i, self.folder / "runs" / i) for i in sorted(set(run_ids))]


def read_results(folder: Path) -> Results:
    """The claims, their criteria, the measurements, and the records of the runs that measured, or only timed.

    Raises UserError if one of the tables is missing, broken or of another version.
    """
    from ctbench.judge import read_claims, read_criteria

    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder of results. Run the experiments first.")
    claims, criteria = read_claims(folder / "claims.csv"), read_criteria(folder / "criteria.csv")
    rows = measurements.read(folder / "measurements.parquet")
    runs = {run.run_id: run for run in read_runs(folder) if run.done}
    runs |= {name: _read(folder / "runs" / name) for name in set(rows["run"].dropna()) - runs.keys()}
    return Results(folder, claims, criteria, rows, dict(sorted(runs.items())))


def read_runs(folder: Path) -> list[Run]:
    """The runs of the plan, or all below `folder/runs` where there is no plan, sorted by id.

    Raises UserError if a file of theirs is not JSON.
    """
    plan = folder / "plan.txt"
    names = plan.read_text(encoding="utf-8").split() if plan.exists() else [p.name for p in folder.glob("runs/[!._]*")]
    return [_read(folder / "runs" / name) for name in sorted(names)]


def _read(folder: Path) -> Run:
    return Run(folder.name, folder, _optional(folder / "spec.json"), _optional(folder / "provenance.json"))


def _optional(path: Path) -> dict[str, Any]:
    content = read_json(path) if path.exists() else {}
    return content if isinstance(content, dict) else {}
