"""How long runs took, and so how long others will take: an experiment's guess, corrected by its nearest record."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from ctbench.papers._experiment import Experiment
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json
from ctbench.spec.run import RunSpec, read_spec

Key = tuple[str, ...]


@dataclass(frozen=True)
class Taken:
    """What a recorded run took.

    Attributes:
        spec: the run.
        guess: seconds of one seed by its experiment's guess.
        seconds: seconds of one seed by the clock.
        started: when, in ISO format.
        memory: largest memory of its process, in bytes.
    """

    spec: RunSpec
    guess: float
    seconds: float
    started: str
    memory: int

    @property
    def pace(self) -> float:
        """How many times its guess it took."""
        return self.seconds / self.guess


def taken(folders: Iterable[Path], known: Mapping[str, Experiment]) -> list[Taken]:
    """What the records in these folders say; records that are damaged, or of what is no more, say nothing."""
    found = []
    for folder in folders:
        try:
            spec, seeds = read_spec(folder / "spec.json"), read_json(folder / "provenance.json")["seeds"].values()
            guess = known[spec.name].seconds(known[spec.name].settings(spec))
            seconds = sum(_undisturbed(seed) / seed["trained_together"] for seed in seeds) / len(seeds)
            started, memory = (max(seed[key] for seed in seeds) for key in ("started", "peak_memory_bytes"))
        except (UserError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            continue
        found.append(Taken(spec, guess, max(seconds, 1e-3), started, memory))
    return found


def _undisturbed(seed: Mapping[str, Any]) -> float:
    """What its group would have taken on an idle machine: on a CPU no more than its time of computing."""
    wall = float(seed["wall_seconds"])
    return wall if seed["device"] == "cuda" else min(wall, seed["process_seconds"] / seed["threads"])


class Pace:
    """Estimates from records: a guess times the pace of the records that are likest.

    These are the record of the same experiment, data set and model whose guess is nearest (of those the newest), else
    the median of the same experiment and data set, of the same experiment, of the same paper.
    """

    def __init__(self, records: Iterable[Taken]) -> None:
        same: dict[Key, list[Taken]] = defaultdict(list)
        similar: dict[Key, list[Taken]] = defaultdict(list)
        for each in records:
            for group, key in zip((same, similar, similar, similar), _likeness(each.spec), strict=True):
                group[key].append(each)
        self.same = {key: sorted(found, key=_age) for key, found in same.items()}
        self.similar = {
            key: (median(each.pace for each in found), max(each.memory for each in found))
            for key, found in similar.items()
        }

    def __call__(self, spec: RunSpec, guess: float) -> tuple[float, int | None]:
        """Seconds of one seed; and memory in bytes, where a record of the same experiment and data set tells it."""
        same, near, *far = _likeness(spec)
        if found := self.same.get(same):
            likest = min(found, key=lambda each: abs(math.log(each.guess / guess)))
            return guess * likest.pace, likest.memory
        if near in self.similar:
            pace, memory = self.similar[near]
            return guess * pace, memory
        return guess * next((self.similar[key][0] for key in far if key in self.similar), 1.0), None


def _age(record: Taken) -> float:
    return -datetime.fromisoformat(record.started).timestamp()


def _likeness(spec: RunSpec) -> tuple[Key, Key, Key, Key]:
    return (spec.name, spec.dataset, spec.model), (spec.name, spec.dataset), (spec.name,), (spec.paper,)
