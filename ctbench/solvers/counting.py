"""Counting the evaluations of a field, with a limit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, ParamSpec

from torch import Tensor

P = ParamSpec("P")


class TooManyEvaluationsError(Exception):
    """A solve went past its limit; the run is recorded as diverged."""


class Counted(Generic[P]):
    """A field that counts how often it is evaluated.

    Args:
        field: the field, of any signature.
        max_nfe: evaluations allowed; None for no limit.

    Raises:
        TooManyEvaluationsError: by the call that goes past `max_nfe`.
    """

    def __init__(self, field: Callable[P, Tensor], max_nfe: int | None = None) -> None:
        self.field, self.max_nfe, self.nfe = field, max_nfe, 0

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Tensor:
        self.nfe += 1
        if self.max_nfe is not None and self.nfe > self.max_nfe:
            raise TooManyEvaluationsError(f"more than {self.max_nfe} evaluations of the field in one solve")
        return self.field(*args, **kwargs)
