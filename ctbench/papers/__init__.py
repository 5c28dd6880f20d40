"""Papers: one folder each, with its claims, its tables and figures, and one file for each experiment."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from ctbench.papers._experiment import Experiment
from ctbench.spec.registry import Registry
from ctbench.spec.run import PAPERS


@cache
def experiments() -> Mapping[str, Experiment]:
    """Every experiment by its full name, `paper/experiment`."""
    found: dict[str, Experiment] = {}
    for paper in PAPERS:
        registry: Registry[Experiment] = Registry(f"ctbench.papers.{paper}", "experiment", "EXPERIMENT")
        found |= {f"{paper}/{name}": registry[name] for name in registry}
    return found
