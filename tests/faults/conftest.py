"""Real processes that meet real faults, and a record of how each ended.

`make faults` makes the table of `docs/faults.md` from that record.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from made import Campaign, campaign, recorded

from ctbench.training import loop, vector_field

PAUSE = 0.02
"""Seconds by which each step is slowed down, so that there is time for a fault."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="package", autouse=True)
def slow_and_careful() -> Iterator[None]:
    """Small steps, each with a pause and a checkpoint: a fault can come anywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vector_field, "CHUNK", 4)
        patch.setattr(loop, "SAVE_SECONDS", 0.0)
        patch.setattr(loop, "SAVE_SHARE", float("inf"))
        step = vector_field.VectorField.step

        def slowed(task: vector_field.VectorField, index: int) -> None:
            time.sleep(PAUSE)
            step(task, index)

        patch.setattr(vector_field.VectorField, "step", slowed)
        yield


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Campaign]:
    """Makes campaigns; `results` may lie elsewhere."""
    return lambda name="a", results=None: campaign(tmp_path / name, results)


@pytest.fixture(scope="package")
def alone(slow_and_careful: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], float]:
    """What a run gives that is left alone, and how long it takes."""
    left_alone = campaign(tmp_path_factory.mktemp("left-alone"))
    begin = time.monotonic()
    assert left_alone.run() == 0, left_alone.said
    return left_alone.numbers(), time.monotonic() - begin


@pytest.fixture
def whole(alone: tuple[dict[str, bytes], float]) -> dict[str, bytes]:
    return alone[0]


@pytest.fixture
def outcome() -> Callable[[str, int, int], None]:
    """Records how a try of a fault ended, and asserts that nothing was lost and nothing is wrong."""
    return recorded
