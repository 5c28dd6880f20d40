"""A record: the folder of a run, whole once its `record.json` stands.

| file | content |
|---|---|
| spec.json | the resolved run |
| measurements.parquet | tidy table of results: the same on every run of the spec |
| curves.parquet | the same over training |
| timings.parquet | what clocks said; differs from run to run |
| weights/<seed>.safetensors | trained weights |
| provenance.json | where the numbers come from |
| record.json | written last: format, run id, hash of the code, hash of all that determines a seed |
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ctbench.records import measurements
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json, write_json
from ctbench.spec.run import RunSpec, read_spec

FORMAT = 2
TABLES = ("measurements", "curves", "timings")


def write_spec(spec: RunSpec, folder: Path) -> None:
    """The spec, unless it stands there already. Raises UserError if another run's stands there."""
    path = folder / "spec.json"
    if path.exists():
        if (found := read_spec(path)) != spec:
            raise UserError(
                f"{path}: run id collision. Found the run {found.text()}, expected {spec.text()}. "
                "Move that folder away or choose another with --out; nothing was overwritten."
            )
        return
    write_json(path, spec.model_dump(mode="json"))


def finish(
    spec: RunSpec,
    folder: Path,
    keys: Mapping[str, str | None],
    tables: Mapping[str, pd.DataFrame],
    origin: dict[str, Any],
) -> None:
    """Write the `TABLES`, the provenance and last of all `record.json`.

    `keys` are the hashes `code` (of the modules that determine the numbers), `cell` (of all that determines a seed) and
    `parent` (the cell of the run that a sweep started from, or None).
    """
    write_spec(spec, folder)
    for name in TABLES:
        measurements.write(tables[name], folder / f"{name}.parquet")
    write_json(folder / "provenance.json", origin)
    write_json(folder / "record.json", {"format": FORMAT, "run": spec.run_id, **keys})


def read_record(folder: Path) -> dict[str, Any]:
    """The content of `record.json`. Raises UserError if it is missing, damaged or of another version."""
    content = read_json(folder / "record.json")
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise UserError(
            f"{folder / 'record.json'}: found a record of format {found!r}, expected {FORMAT}. It was written by "
            "another version of ctbench; move the folder away to measure again."
        )
    if missing := {"run", "code", "cell", "parent"} - set(content):
        raise UserError(f"{folder / 'record.json'}: has no {', '.join(sorted(missing))}. Delete it and run again.")
    return content


def is_done(spec: RunSpec, folder: Path, code: str) -> bool:
    """Whether a whole record of this run, by this code and from its parent as it is now, stands in the folder."""
    if not (folder / "record.json").exists():
        return False
    found = read_record(folder)
    if spec.parent and not (folder.parent / spec.parent / "record.json").exists():
        return False
    parent = read_record(folder.parent / spec.parent)["cell"] if spec.parent else None
    same = (found["run"], found["code"], found["parent"]) == (spec.run_id, code, parent)
    return same and all((folder / f"{name}.parquet").exists() for name in TABLES)


def gather(folders: list[Path], *names: str) -> pd.DataFrame:
    """The rows of these of the `TABLES` of many records, in one table."""
    return measurements.gather(folder / f"{name}.parquet" for name in names for folder in folders)


def planned(results: Path) -> list[Path]:
    """Folders of the runs in the plan of a results folder that have a whole record.

    Raises UserError if nothing was planned there.
    """
    path = results / "plan.txt"
    if not path.exists():
        raise UserError(f"{path}: no such file. Run `snakemake`, or `ctbench plan --shell` and what it prints, first.")
    folders = (results / "runs" / name for name in path.read_text(encoding="utf-8").split())
    return [folder for folder in folders if (folder / "record.json").exists()]
