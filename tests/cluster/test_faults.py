"""A job is requeued, preempted, or loses its node: the workflow goes on and gives the same bytes."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from made import recorded, until
from slurm import THROUGH, kill_node, running, said, submitted
from workflows import THREE, ended, workflow

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1200)]
Numbers = dict[str, bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Numbers:
    """What a workflow gives that is left alone, without Slurm."""
    left_alone = workflow(tmp_path_factory.mktemp("left-alone"), THREE)
    ended(left_alone.start("--cores", "2", *left_alone.records))
    return left_alone.numbers()


@pytest.fixture
def meets(tmp_path: Path, whole: Numbers) -> Iterator[Callable[[str, Callable[[], object]], None]]:
    """A fault of the job, when one of its runs is finished and another is not."""
    made = workflow(tmp_path, THREE)
    process = made.start(*THROUGH, *made.records)

    def met(fault: str, strike: Callable[[], object]) -> None:
        until(lambda: made.halfway() or process.poll() is not None, 300)
        kept = made.finished()
        assert len(kept) < sum(len(job.spec.seeds) for job in made.jobs), "nothing is left to do"
        strike()
        ended(process)
        recorded(fault, *made.toll(whole, kept))
        assert "Nothing to be done" in ended(made.start(*THROUGH, *made.records))

    yield met
    if process.poll() is None:
        process.kill()


def test_requeued(slurm: Path, meets: Callable[..., None]) -> None:
    def requeue() -> None:
        [job] = running()
        subprocess.run(["scontrol", "requeue", str(job.number)], check=True)
        until(lambda: any(each.number == job.number and each.state == "PENDING" for each in submitted()))
        subprocess.run(["scontrol", "update", f"JobId={job.number}", "StartTime=now"], check=True)

    meets("Slurm: `scontrol requeue` of a running job", requeue)


def test_preempted(slurm: Path, meets: Callable[..., None]) -> None:
    """An urgent job wants every core of both nodes."""

    def preempt() -> None:
        wanted = ["sbatch", "--parsable", "--partition=urgent", "--nodes=2", "--exclusive", "--output=/dev/null"]
        number = int(said(*wanted, "--wrap", "sleep 5"))
        until(lambda: any(each.number == number and each.state == "COMPLETED" for each in submitted()), 120)

    meets("Slurm: preemption by a partition of higher priority", preempt)


def test_a_node_dies(slurm: Path, meets: Callable[..., None]) -> None:
    nodes = []

    def die() -> None:
        [job] = running()
        nodes.append(job.node)
        kill_node(job.node, slurm)
        until(lambda: any(each.number == job.number and each.restarts == 1 for each in submitted()), 120)

    try:
        meets("Slurm: SIGKILL of slurmd and of all processes of its node", die)
    finally:
        for node in nodes:
            subprocess.run(["slurmd", "-N", node], check=True)
            until(lambda node=node: node in said("sinfo", "-h", "-N", "-t", "idle", "-o", "%N").split(), 120)
