"""How far a training is: a line now and then, for whoever reads the log of a long run."""

from __future__ import annotations

import time
from collections.abc import Callable

from ctbench.spec.durations import duration

EVERY = 60.0
"""Seconds between two lines."""


class Progress:
    """Tells `log` once in `EVERY` seconds how many of the `steps` of `what` are done, and how long the rest takes.

    The rest is reckoned from the steps of this process after its first one, which also warms up.
    """

    def __init__(self, what: str, steps: int, log: Callable[[str], None]) -> None:
        self.what, self.steps, self.log = what, steps, log
        self.first: tuple[int, float] | None = None
        self.due = time.monotonic() + EVERY

    def __call__(self, done: int) -> None:
        """Takes note that `done` steps are done."""
        now = time.monotonic()
        if self.first is None:
            self.first = done, now
        elif now >= self.due:
            before, begin = self.first
            left = (now - begin) / (done - before) * (self.steps - done)
            self.log(f"{self.what}: {done} of {self.steps} steps, about {duration(left)} left")
            self.due = now + EVERY
