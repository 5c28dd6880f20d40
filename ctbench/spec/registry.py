"""A registry is a package whose modules are the entries: to add an entry, add a file."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, TypeVar

from ctbench.spec.errors import unknown

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """Entries of one kind. Module `package.name` holds the entry `name` in its variable `variable`.

    Modules whose name starts with an underscore are shared parts, not entries. Looking at the names imports nothing.
    """

    package: str
    kind: str
    variable: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        path = importlib.import_module(self.package).__path__
        return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_")))

    def __getitem__(self, name: str) -> T:
        """Raises UserError (with the nearest names) if there is no such entry."""
        if name not in self.names:
            raise unknown(self.kind, name, self.names)
        return getattr(importlib.import_module(self.module(name)), self.variable)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def module(self, name: str) -> str:
        return f"{self.package}.{name}"
