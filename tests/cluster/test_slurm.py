"""The workflow through a real Slurm gives the bytes that it gives on this machine alone."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from ctbench.papers._plan import Job, plan, write_plan
from ctbench.spec.config import PRESETS, merge, read_yaml

ROOT = Path(__file__).resolve().parents[2]
SMOKE = read_yaml(PRESETS / "smoke.yaml")["experiments"]
PART = os.environ.get("CTBENCH_CLUSTER", "continuousnet/pendulum,cgnn/propositions").split(",")
"""Experiments of preset smoke that go through Slurm; `all` for every one."""
LIMIT, NODES = 3000, 2


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("ctbench", "workflow"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("Snakefile", "config.yaml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def configured(copy: Path, name: str) -> tuple[list[Job], Path]:
    """The plan of the part, with results in a folder of this name."""
    taken = {} if PART == ["all"] else dict.fromkeys(set(SMOKE) - set(PART))
    overrides = {"preset": "smoke", "results": name, "data": str(copy / "data"), "experiments": taken}
    if "continuousnet/pendulum" in PART:
        overrides["experiments"]["continuousnet/pendulum"] = {"settings": {"iterations": 500}}
    path = copy / f"{name}.yaml"
    path.write_text(yaml.safe_dump(overrides))
    before = Path.cwd()
    os.chdir(copy)
    try:
        config = merge(overrides, str(path))
        jobs = plan(config)
        write_plan(config, jobs, overrides)
    finally:
        os.chdir(before)
    return jobs, path


def snakemake(copy: Path, config: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": f"{copy}{os.pathsep}{os.environ.get('PYTHONPATH', '')}", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "snakemake", "--configfile", str(config), *arguments]
    return subprocess.Popen(
        command, cwd=copy, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


THROUGH = (
    *("--workflow-profile", "workflow/profiles/slurm", "--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", "5", "--default-resources", "slurm_partition=cpu", "mem_mb=1000"),
    *("runtime=10", "--latency-wait", "20", "--jobs", "4"),
)


def numbers(copy: Path, jobs: list[Job]) -> dict[str, bytes]:
    files = [copy / job.folder / f"{name}.parquet" for job in jobs for name in ("measurements", "curves")]
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in files}


def ended(process: subprocess.Popen[str]) -> str:
    said, _ = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    return said


def test_slurm_gives_the_same_bytes(slurm: Path, copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, config = configured(copy, "local")
    records = [str(job.folder / "record.json") for job in here]
    ended(snakemake(copy, config, "--cores", "2", *records))
    there, config = configured(copy, "slurm")
    records = [str(job.folder / "record.json") for job in there]
    begin = time.monotonic()
    ended(snakemake(copy, config, *THROUGH, *records))
    seconds = time.monotonic() - begin
    submitted = (slurm / "slurmctld.log").read_text().count("_slurm_rpc_submit_batch_job")
    with capsys.disabled():
        print(f"\nslurm: {len(there)} runs in {submitted} jobs on {NODES} nodes, {seconds:.0f} s")
    assert submitted >= 1
    assert numbers(copy, there) == numbers(copy, here)
