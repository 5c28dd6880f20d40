"""Snakemake is killed, or meets another on the same results: the same command then gives the same bytes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made import until
from workflows import THREE, ended, workflow

from ctbench.papers._stopping import EXIT_CODE

pytestmark = pytest.mark.timeout(1200)
Outcome = Callable[..., None]
Numbers = dict[str, bytes]
HERE = ("--cores", "2")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    """What a workflow gives that is left alone."""
    left_alone = workflow(tmp_path_factory.mktemp("left-alone"), THREE)
    left_alone.run(*HERE)
    return left_alone.numbers()


@pytest.mark.parametrize("all_of_it", [False, True])
def test_snakemake_is_killed(tmp_path: Path, whole: Numbers, outcome: Outcome, all_of_it: bool) -> None:
    """Alone, so that its jobs go on beside those of the next; or with its jobs, as when the power fails."""
    made = workflow(tmp_path, THREE)
    process = made.start(*HERE)
    until(made.halfway, 300)
    kept = made.finished()
    if all_of_it:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
        process.wait()
    refused = made.start(*HERE)
    assert "--unlock" in refused.communicate()[0] and refused.returncode
    made.run("--unlock")
    made.run(*HERE)
    outcome(f"SIGKILL of Snakemake{' and of its jobs' if all_of_it else ', whose jobs go on'}", *made.toll(whole, kept))
    assert "Nothing to be done" in made.run(*HERE)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGKILL"])
def test_a_process_of_several_runs_is_ended(tmp_path: Path, whole: Numbers, outcome: Outcome, name: str) -> None:
    """SIGINT as a terminal sends it, to the whole process group; the others to the one process that was started."""
    made = workflow(tmp_path, THREE)
    specs = [str(job.folder / "spec.json") for job in made.jobs]
    command = [sys.executable, "-m", "ctbench.cli", "run", *specs, "--config", str(made.config)]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=tmp_path, process_group=0)

    process = start()
    until(made.halfway, 300)
    if name == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)
    else:
        os.kill(process.pid, signal.Signals[name])
    assert process.wait() == (-signal.SIGKILL if name == "SIGKILL" else EXIT_CODE)
    kept = made.finished()
    assert start().wait() == 0
    outcome(f"{name} of a process that does several runs", *made.toll(whole, kept))


def test_two_workflows_on_one_results_folder(tmp_path: Path, whole: Numbers, outcome: Outcome) -> None:
    """Two copies of the repository, each with a Snakemake, which do not know each other."""
    results = str(tmp_path / "results")
    both = [workflow(tmp_path / name, THREE, results) for name in ("one", "other")]
    for process in [each.start(*HERE) for each in both]:
        ended(process)
    logs = "".join(path.read_text() for each in both for path in each.folder.glob("logs/smoke/train*.log"))
    assert logs.count("training seeds") == len(whole) // 4, logs
    for each in both:
        kept = each.finished()
        each.run(*HERE)
        outcome("two workflows on one results folder", *each.toll(whole, kept))
