"""Are the numbers of a results folder what its runs give? A random sample of them is done again, elsewhere."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from ctbench.data import prepare
from ctbench.papers import experiments
from ctbench.papers._pace import taken
from ctbench.papers._runner import Workplace, execute
from ctbench.papers._stopping import Stop, StoppedError
from ctbench.records import measurements, record
from ctbench.spec.code import code_hash
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json, sha256
from ctbench.spec.run import read_spec

MACHINE = ("cpu", "gpu", "device", "threads", "versions")
"""Where these agree, a run must give the same bits."""
TOLERANCE = 0.05
"""Elsewhere: of the median over the seeds, or of their spread where that is larger."""
COLUMNS = ["metric", "solver", "steps", "x"]

Outcome = Literal["identical", "within tolerance", "differs", "skipped"]


@dataclass(frozen=True)
class Checked:
    """What came of one record: the id of its run, the outcome, why, and the seconds it took."""

    run: str
    outcome: Outcome
    detail: str = ""
    seconds: float = 0.0


def verify(
    results: Path, scratch: Path, place: Workplace, *, sample: int, minutes: float, seed: int
) -> Iterator[Checked]:
    """Do up to `sample` of the recorded runs again under `scratch`, in a random order, in `minutes`; 0 for no limit.

    A sweep starts from its parent's weights where they are in `results`; else its parent is trained again too. What
    took longer than the time that is left is skipped. Raises UserError if there are no records.
    """
    folders = sorted(path.parent for path in results.glob("runs/*/record.json"))
    if not folders:
        raise UserError(f"{results}: found no records in {results / 'runs'}, expected results of finished runs.")
    random.Random(seed).shuffle(folders)
    stop, done = Stop(minutes), 0
    for folder in folders:
        if why := record.damage(folder):
            yield Checked(folder.name, "differs", why)
            continue
        if done == sample:
            continue
        if why := _unfit(folder, stop.deadline - time.monotonic()):
            yield Checked(folder.name, "skipped", why)
            continue
        begin, done = time.monotonic(), done + 1
        try:
            found = compared(folder, repeat(folder, scratch, replace(place, stop=stop)))
        except StoppedError:
            found = Checked(folder.name, "skipped", "the time was over before it was done")
        yield replace(found, seconds=time.monotonic() - begin)


def _unfit(folder: Path, left: float) -> str:
    """Why a run cannot be done again by this code in the seconds that are left; empty if it can."""
    known, needed = experiments(), 0.0
    for each in _with_parent(folder):
        if not (each / "record.json").exists():
            return f"its parent {each.name} has no record here"
        spec = read_spec(each / "spec.json")
        if spec.name not in known:
            return f"there is no experiment {spec.name!r} any more"
        if code_hash(known[spec.name].code(known[spec.name].settings(spec))) != record.read_record(each)["code"]:
            return "measured by other code than this"
        took = taken([each], known)
        needed += sum(t.seconds * max(len(spec.seeds), 1) for t in took) if took else float("inf")
    return "" if needed <= left else f"took {needed:.0f} s, and {max(left, 0):.0f} s are left"


def _with_parent(folder: Path) -> list[Path]:
    """The run, after its parent if that must be trained again."""
    parent = read_spec(folder / "spec.json").parent
    above = folder.parent / parent if parent else None
    return [folder] if above is None or _has_weights(above) else [*_with_parent(above), folder]


def _has_weights(folder: Path) -> bool:
    seeds = read_spec(folder / "spec.json").seeds
    return all((folder / "weights" / f"{seed}.safetensors").exists() for seed in seeds)


def repeat(folder: Path, scratch: Path, place: Workplace) -> Path:
    """Do a recorded run again; the folder of the new record."""
    spec, origin = read_spec(folder / "spec.json"), read_json(folder / "provenance.json")
    if spec.parent and not (scratch / "runs" / spec.parent / "record.json").exists():
        above = folder.parent / spec.parent
        if _has_weights(above):
            shutil.copytree(above, scratch / "runs" / spec.parent)
        else:
            repeat(above, scratch, place)
    if data := experiments()[spec.name].needs(spec.dataset):
        prepare(data, place.data, log=place.log)
    again = scratch / "runs" / spec.run_id
    here = replace(place, state=scratch / ".state", device=origin["device"], threads=origin["threads"])
    execute(spec, again, here)
    return again


def compared(before: Path, after: Path) -> Checked:
    """Two records of one run: bit by bit if the machines are of one kind, else by `TOLERANCE`."""
    spec = read_spec(before / "spec.json")
    other = sorted({key for origin in _origins(before) for key in MACHINE if origin[key] != _here(after)[key]})
    differing = [name for name in ("measurements", "curves") if not _same(before, after, name)]
    hashes = _weights(before)
    differing += [name for name, found in _weights(after).items() if hashes.get(name, found) != found]
    if not differing:
        return Checked(spec.run_id, "identical", "every bit" + (f", though {_list(other)} differ" if other else ""))
    if not other:
        return Checked(spec.run_id, "differs", f"{_list(differing)} on the same kind of machine")
    far = _far(measurements.read(before / "measurements.parquet"), measurements.read(after / "measurements.parquet"))
    if far:
        return Checked(spec.run_id, "differs", f"{_list(other)} differ, and {far}")
    return Checked(spec.run_id, "within tolerance", f"{_list(other)} differ")


def _list(names: list[str]) -> str:
    return " and ".join(names)


def _origins(folder: Path) -> list[dict[str, Any]]:
    return list(read_json(folder / "provenance.json")["seeds"].values())


def _here(folder: Path) -> dict[str, Any]:
    return _origins(folder)[0]


def _same(before: Path, after: Path, name: str) -> bool:
    old, new = (folder / f"{name}.parquet" for folder in (before, after))
    return sha256(old) == sha256(new) or measurements.read(old).equals(measurements.read(new))


def _weights(folder: Path) -> dict[str, str]:
    """Hashes of the trained weights by seed; also where the weights themselves were not kept."""
    seeds = read_json(folder / "provenance.json")["seeds"].items()
    return {f"weights of seed {seed}": h for seed, o in seeds if (h := o.get("files", {}).get("weights.safetensors"))}


def _far(before: pd.DataFrame, after: pd.DataFrame) -> str:
    """The first quantity that is out of tolerance, in words; empty if there is none."""
    old, new = (
        pd.DataFrame(f.groupby(COLUMNS, dropna=False)["value"].agg(["median", "min", "max"])) for f in (before, after)
    )
    if not old.index.equals(new.index):
        return "other quantities were measured"
    (was, low, high), (now, *_) = old.to_numpy(dtype=float).T, new.to_numpy(dtype=float).T
    allowed = TOLERANCE * np.maximum(np.abs(was), high - low)
    wrong = np.flatnonzero((np.abs(now - was) > allowed) | (np.isnan(now) != np.isnan(was)))
    if not len(wrong):
        return ""
    where = wrong[0]
    return f"{old.index[where][0]} is {now[where]:.6g} where it was {was[where]:.6g}"
