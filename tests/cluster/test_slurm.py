"""The workflow through a real Slurm gives the bytes that it gives on this machine alone."""

import os
import time
from pathlib import Path

import pytest
from slurm import THROUGH, SlurmJob, submitted
from workflows import Workflow, ended, workflow

from ctbench.papers._batches import batches
from ctbench.spec.config import PRESETS, read_yaml

SMOKE = read_yaml(PRESETS / "smoke.yaml")["experiments"]
PART = os.environ.get("CTBENCH_CLUSTER", "all").split(",")
"""Experiments of preset smoke that go through Slurm; `all` for every one."""
HEAD = """# Through Slurm

Made by `make cluster`: preset smoke by Snakemake alone, then by `profiles/slurm` through a real Slurm of {nodes} nodes,
all on one machine of {cores} cores. {runs} runs in {jobs} jobs took {here:.0f} s and {there:.0f} s; of {files} files of
measurements, curves and weights {wrong} differ in a byte.

| job | rule | runs | node | state | restarts | seconds |
| ---: | --- | ---: | --- | --- | ---: | ---: |
"""


def page(made: Workflow, jobs: list[SlurmJob], **counts: float) -> str:
    """The table of all jobs, as Markdown."""
    runs = {batch.name: len(batch.jobs) for batch in batches(made.jobs)}
    lines = [
        f"| {job.number} | `{job.rule}` | {runs[job.rule]} | {job.node} | {job.state.lower()} "
        f"| {job.restarts} | {job.seconds} |\n"
        for job in jobs
    ]
    nodes = len({job.node for job in jobs})
    head = HEAD.format(cores=os.cpu_count(), nodes=nodes, runs=len(made.jobs), jobs=len(jobs), **counts)
    return head + "".join(lines)


@pytest.mark.timeout(6000)
def test_slurm_gives_the_same_bytes(slurm: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = {} if PART == ["all"] else dict.fromkeys(set(SMOKE) - set(PART))
    overrides = {"preset": "smoke", "experiments": taken}
    here, there = (workflow(tmp_path, overrides, name) for name in ("local", "slurm"))
    before, seconds = {job.number for job in submitted()}, []
    for made, how in ((here, ("--cores", "2")), (there, THROUGH)):
        begin = time.monotonic()
        ended(made.start(*how, *made.records))
        seconds.append(time.monotonic() - begin)
    jobs = [job for job in submitted() if job.number not in before]
    expected, found = here.numbers(), there.numbers()
    wrong = sum(found.get(name) != expected.get(name) for name in {*found, *expected})
    told = page(there, jobs, here=seconds[0], there=seconds[1], files=len(expected), wrong=wrong)
    with capsys.disabled():
        print(f"\n{told}")
    if path := os.environ.get("CTBENCH_CLUSTER_TABLE"):
        Path(path).write_text(told)
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert len(jobs) == len(batches(there.jobs))
    assert wrong == 0
