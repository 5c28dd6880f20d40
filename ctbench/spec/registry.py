"""A registry is a package whose modules are the entries: to add an entry, add a file, or name one's own by its path."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from ctbench.spec.errors import UserError, unknown

T = TypeVar("T")


@dataclass(frozen=True)
class Registry(Generic[T]):
    """Entries of one kind. Module `package.name` holds the entry `name` in its variable `variable`.

    Modules whose name starts with an underscore are shared parts, not entries. Looking at the names imports nothing.
    A name that ends in `.py` is somebody's own file, which holds its entry in the same variable.
    """

    package: str
    kind: str
    variable: str

    @cached_property
    def names(self) -> tuple[str, ...]:
        path = importlib.import_module(self.package).__path__
        return tuple(sorted(m.name for m in pkgutil.iter_modules(path) if not m.name.startswith("_")))

    def __getitem__(self, name: str) -> T:
        """Raises UserError (with the nearest names) if there is no such entry, or somebody's own file is wrong."""
        if is_own(name):
            return entry(Path(name), self.variable)
        if name not in self.names:
            raise unknown(self.kind, name, self.names)
        return getattr(importlib.import_module(self.module(name)), self.variable)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def module(self, name: str) -> str:
        return f"{self.package}.{name}"


def is_own(name: object) -> bool:
    """Whether a name is that of somebody's own file."""
    return isinstance(name, str) and name.endswith(".py")


def entry(path: Path, variable: str) -> Any:
    """What a file holds in `variable`. Raises UserError if it holds nothing there, or cannot be imported."""
    if not hasattr(module(path), variable):
        raise UserError(f"{path}: found no variable {variable}, expected `{variable} = ...` at its end.")
    return getattr(module(path), variable)


def module(path: Path) -> ModuleType:
    """Somebody's own file, imported once. Raises UserError if there is no such file, or it cannot be imported."""
    return _loaded(path.resolve(), path)


@lru_cache
def _loaded(resolved: Path, shown: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"own_{resolved.stem}", resolved)
    if spec is None or spec.loader is None or not resolved.is_file():
        raise UserError(f"{shown}: no such file, expected a Python file.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{shown}: cannot be imported: {type(error).__name__}: {error}.") from error
    return module
