"""Ending a run before it is ended: a signal, or a time limit that is near, saves its state and asks to be run again."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ctbench.training.loop import save
from ctbench.training.task import SeedResult, Task

EXIT_CODE = 75
"""`EX_TEMPFAIL` of sysexits.h: the same command, given again, goes on."""
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)
RESERVE, SHARE = 60.0, 0.25  # seconds of the time limit that stay unused, and their largest share of it


class StoppedError(Exception):
    """The run was asked to end. What it had done is saved."""


class Stop:
    """Says whether a run must end now.

    Args:
        minutes: time limit, counted from now; None for none.
    """

    def __init__(self, minutes: float | None = None) -> None:
        limit = 60 * minutes if minutes else math.inf
        self.deadline = time.monotonic() + limit - min(RESERVE, SHARE * limit)
        self.signal: signal.Signals | None = None

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Takes note of `SIGNALS` until the block ends. A second one ends the process as it would have without."""
        before = {number: signal.signal(number, self._note) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def note_all(self) -> None:
        """Takes note of `SIGNALS` however often they come, as they do where the parent passes on its own."""
        for number in SIGNALS:
            signal.signal(number, lambda found, _: setattr(self, "signal", signal.Signals(found)))

    def _note(self, number: int, frame: object) -> None:
        self.signal = signal.Signals(number)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)

    def check(self, needed: float = 0.0) -> None:
        """Raises StoppedError after a signal, and where `needed` more seconds would pass the time limit."""
        if self.signal:
            raise StoppedError(f"{self.signal.name} received")
        if time.monotonic() + needed > self.deadline:
            raise StoppedError("the time limit is near")


class Stoppable(Task):
    """A task that saves its state and ends between two steps when `stop` says so; `told` hears of each step done."""

    def __init__(
        self, task: Task, stop: Stop, checkpoint: Path, told: Callable[[int], None] = lambda done: None
    ) -> None:
        self.task, self.stop, self.checkpoint, self.told = task, stop, checkpoint, told
        self.steps, self.longest = task.steps, 0.0

    def step(self, index: int) -> None:
        try:
            self.stop.check(2 * self.longest)
        except StoppedError:
            save(self.checkpoint, index, self.task)
            raise
        begin = time.monotonic()
        self.task.step(index)
        self.longest = max(self.longest, time.monotonic() - begin)
        self.told(index + 1)

    def state(self) -> dict[str, Any]:
        return self.task.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.task.restore(state)

    def results(self) -> list[SeedResult]:
        return self.task.results()
