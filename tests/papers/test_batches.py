from itertools import pairwise

import pytest

from ctbench.papers._batches import TOGETHER, Batch, batches
from ctbench.papers._plan import Job, plan
from ctbench.spec.config import merge


@pytest.fixture(scope="module", params=["smoke", "laptop"])
def jobs(request: pytest.FixtureRequest) -> list[Job]:
    return plan(merge({"preset": request.param, "results": "nowhere"}, "a test"))


@pytest.fixture(scope="module")
def made(jobs: list[Job]) -> list[Batch]:
    return batches(jobs)


def test_every_run_is_in_one_batch(jobs: list[Job], made: list[Batch]) -> None:
    ids = [job.spec.run_id for batch in made for job in batch.jobs]
    assert sorted(ids) == sorted(job.spec.run_id for job in jobs)
    assert len({batch.name for batch in made}) == len(made) < len(jobs) / 4


def test_a_batch_is_of_one_paper_one_data_set_and_one_kind(made: list[Batch]) -> None:
    for batch in made:
        assert len({(job.spec.paper, job.data, job.spec.parent is None) for job in batch.jobs}) == 1
        assert batch.name.isidentifier()


def test_no_batch_takes_long_and_a_long_run_is_alone(made: list[Batch]) -> None:
    for batch in made:
        assert len(batch.jobs) == 1 or batch.guess <= TOGETHER
        assert len(batch.jobs) == 1 or max(job.guess for job in batch.jobs) <= TOGETHER / 2


def test_batches_of_a_kind_are_filled(made: list[Batch]) -> None:
    for one, other in pairwise(made):
        short = max(job.guess for batch in (one, other) for job in batch.jobs) <= TOGETHER / 2
        if short and one.name.rpartition("_")[0] == other.name.rpartition("_")[0]:
            assert one.guess + other.jobs[0].guess > TOGETHER


def test_a_sweep_comes_with_its_parents(jobs: list[Job], made: list[Batch]) -> None:
    batch_of = {job.spec.run_id: batch for batch in made for job in batch.jobs}
    swept = [batch for batch in made if batch.parents]
    assert swept and {p for batch in swept for p in batch.parents} <= {job.spec.run_id for job in jobs}
    assert all(batch_of[parent] is not batch for batch in swept for parent in batch.parents)


def test_limits_cover_the_whole_batch_and_grow_with_each_attempt(made: list[Batch]) -> None:
    for batch in made:
        assert 60 * batch.minutes(None, 1) > 2 * sum(job.seconds for job in batch.jobs)
        assert batch.minutes(None, 3) == 3 * batch.minutes(None, 1)
        assert batch.memory(None, 2) == 2 * max(job.memory for job in batch.jobs)
