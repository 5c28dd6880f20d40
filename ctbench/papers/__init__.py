"""Papers: one folder each, with its claims, its tables and figures, and one file for each experiment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ctbench.papers._experiment import Experiment
from ctbench.spec.registry import Registry
from ctbench.spec.run import PAPERS


@cache
def _registries() -> dict[str, Registry[Experiment]]:
    return {paper: Registry(f"ctbench.papers.{paper}", "experiment", "EXPERIMENT") for paper in PAPERS}


def names() -> list[str]:
    """The full name, `paper/experiment`, of every experiment; none is imported."""
    return [f"{paper}/{name}" for paper, registry in _registries().items() for name in registry]


def experiment(name: str) -> Experiment:
    """One experiment by its full name; no other is imported. Raises UserError if there is none."""
    paper, _, own = name.partition("/")
    return _registries()[paper][own]


@cache
def experiments() -> Mapping[str, Experiment]:
    """Every experiment by its full name."""
    return {name: experiment(name) for name in names()}
