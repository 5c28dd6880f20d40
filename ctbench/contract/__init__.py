"""What a model, a solver or a data set must keep: rules that the tests hold every registered one to, and
`ctbench check` somebody's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ctbench.spec.errors import UserError


class BrokenError(Exception):
    """A rule does not hold; says what was found and what was expected."""


class Rule(NamedTuple):
    """A rule in words, and a function of the entry that raises `BrokenError` where it does not hold."""

    says: str
    holds: Callable[[Any], object]

    def fault(self, entry: Any) -> str:
        """Why it does not hold; empty if it does."""
        try:
            self.holds(entry)
        except BrokenError as broken:
            return str(broken)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""


def expect(condition: object, fault: str) -> None:
    """Raises `BrokenError` unless the condition holds."""
    if not condition:
        raise BrokenError(fault)


def check(path: Path, raw: Path | None = None) -> Iterator[tuple[str, str]]:
    """Each rule for what the file holds, in words, and why it does not hold (empty if it does).

    The file holds a model in `MODEL`, a solver in `TABLEAU` or a family of data sets in `FAMILY`; `raw` is a folder
    with the raw files of the latter. Raises UserError if the file cannot be imported or holds none of them.
    """
    kind, entry = held(path)
    for rule in _rules(kind, entry, path.stem, raw):
        yield rule.says, rule.fault(entry)


def held(path: Path) -> tuple[str, Any]:
    """The variable of the file that tells its kind, and the entry. Raises UserError if there is none, or several."""
    from ctbench.spec.registry import entry, module

    found = [kind for kind in ("MODEL", "TABLEAU", "FAMILY") if hasattr(module(path), kind)]
    if len(found) != 1:
        raise UserError(f"{path}: found {' and '.join(found) or 'none'}, expected one of MODEL, TABLEAU, FAMILY.")
    return found[0], entry(path, found[0])


def advice(path: Path, raw: Path | None = None) -> str:
    """What to do with a file that keeps the rules."""
    kind, entry = held(path)
    if kind == "MODEL":
        return (
            "To train it beside the published models, name it in a configuration, below `models:` of an experiment:\n"
            f"    {path.stem}: {{like: gcn, model: {path}}}\nwhere `like` is the row whose settings it is trained with."
        )
    if kind == "TABLEAU":
        return (
            f"To use it, put it into ctbench/solvers/tableaux; every setting that takes a scheme takes {path.stem!r}."
        )
    from ctbench.contract import datasets

    made = datasets.decoded(entry, raw).values() if raw else ()
    lines = "\n".join(map(datasets.manifest_entry, made))
    return (
        f"To use it, put it into ctbench/data, and into manifest.toml its title, licence, sources and\n{lines}".strip()
    )


def _rules(kind: str, entry: Any, name: str, raw: Path | None) -> tuple[Rule, ...]:
    from ctbench.contract import datasets, models, solvers

    if kind == "MODEL":
        return models.rules(entry)
    return solvers.rules(name) if kind == "TABLEAU" else datasets.rules(raw)
