"""What exact experiments share: checks without seeds, one step each, and all corners of a cube, piece by piece."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import AfterValidator

from ctbench.papers._experiment import Experiment, Inputs, row
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.task import Row, SeedResult, Task

Check = Callable[[], Iterable[Row]]

PIECE = 1 << 15


class ExactChecks(Task):
    """One step a check; together they are a result without seeds."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self.checks, self.rows = tuple(checks), list[Row]()
        self.steps = len(self.checks)

    def step(self, index: int) -> None:
        self.rows += self.checks[index]()

    def state(self) -> dict[str, Any]:
        return {"rows": self.rows}

    def restore(self, state: dict[str, Any]) -> None:
        self.rows = state["rows"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(None, self.rows)]


class ExactExperiment(Experiment, ABC):
    """Nothing is trained. `Settings` have a default for every key: the sizes that this project checks.

    `objects` gives, by data set and model, the settings that differ from the defaults; `sizes` names the settings that
    make the check a reduced one where they are smaller than those.
    """

    seeded = False
    objects: ClassVar[dict[str, dict[str, dict[str, Any]]]]
    sizes: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        """The checks of one model, in order."""

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.{self.paper}/{type(self).__module__.rpartition('.')[2]}, {model} on {dataset}"
        changes = row(row(self.objects, dataset, "data set", where), model, "model", where)
        return {**self.Settings().model_dump(), **changes}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        published = self.published(dataset, model)
        for size in self.sizes:
            found, expected = getattr(settings, size), published[size]
            if found < expected:
                yield f"{size.replace('_', ' ')} {found} instead of {expected}"

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (type(self).__module__,)

    def seconds(self, settings: Frozen) -> float:
        return 1.0

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> ExactChecks:
        return ExactChecks(tuple(self.checks(spec.model, self.settings(spec))))


def up_to(limit: int, what: str, otherwise: str) -> AfterValidator:
    """For a setting up to which `what` are gone through one by one; `otherwise` is the way beyond `limit`."""

    def check(n: int) -> int:
        if not 1 <= n <= limit:
            raise ValueError(f"expected 1 to {limit}: {what} are gone through one by one; {otherwise}")
        return n

    return AfterValidator(check)


def pieces(cases: int, size: int = PIECE) -> Iterator[NDArray[np.int64]]:
    """0 ... cases - 1 in pieces that memory holds."""
    for start in range(0, cases, size):
        yield np.arange(start, min(start + size, cases))


def bits(numbers: NDArray[np.int64], n: int) -> NDArray[np.float64]:
    """The lowest `n` binary digits of each number, [len(numbers), n]; column i has weight 2^i."""
    return (numbers[:, None] >> np.arange(n) & 1).astype(np.float64)
