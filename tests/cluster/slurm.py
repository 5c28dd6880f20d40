"""What Slurm says of its jobs, and how Snakemake is told to use it."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

THROUGH = (
    *("--default-resources", "slurm_partition=cpu", "mem_mb=1000", "runtime=10", "deadline=1"),
    *("--workflow-profile", "profiles/slurm", "--slurm-status-command", "squeue", "--jobs", "4"),
    *("--slurm-init-seconds-before-status-checks", "5", "--latency-wait", "20"),
)
"""Options for a Slurm that keeps no accounts."""


@dataclass(frozen=True)
class SlurmJob:
    """A job that was submitted, as `scontrol` tells of it."""

    number: int
    rule: str
    node: str
    state: str
    seconds: int
    restarts: int


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True).stdout


def submitted() -> list[SlurmJob]:
    """Every job, by number."""
    found = []
    for line in re.findall(r"^JobId=.*", said("scontrol", "show", "job", "--oneliner"), re.MULTILINE):
        about = dict(re.findall(r"(\w+)=(\S*)", line))
        hours, minutes, seconds = map(int, about["RunTime"].split(":"))
        rule = about.get("Comment", "").removeprefix("rule_").removesuffix("_wildcards_")
        took = 3600 * hours + 60 * minutes + seconds
        number, restarts = int(about["JobId"]), int(about["Restarts"])
        found.append(SlurmJob(number, rule, about["NodeList"], about["JobState"], took, restarts))
    return sorted(found, key=lambda job: job.number)


def running() -> list[SlurmJob]:
    return [job for job in submitted() if job.state == "RUNNING"]


def kill_node(node: str, folder: Path) -> None:
    """SIGKILL to its slurmd and to all that its jobs started, as when its power fails."""
    numbers = {job.number for job in running() if job.node == node}
    doomed = {int((folder / f"slurmd.{node}.pid").read_text()), *_steps(numbers), *_started_by(numbers)}
    for pid in doomed:
        with suppress(ProcessLookupError):  # it ended with another
            os.kill(pid, signal.SIGKILL)


def _steps(numbers: set[int]) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if (name := re.match(r"slurmstepd: \[(\d+)\.", _read(path))) and int(name[1]) in numbers:
            yield int(path.parent.name)


def _started_by(numbers: set[int]) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/environ"):
        if any(f"SLURM_JOB_ID={number}" in _read(path).split("\0") for number in numbers):
            yield int(path.parent.name)


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
