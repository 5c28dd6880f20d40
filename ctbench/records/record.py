"""A record: the folder of a run, whole once its `record.json` stands.

| file | content |
|---|---|
| spec.json | the resolved run |
| measurements.parquet | tidy table of results: the same on every run of the spec |
| curves.parquet | the same over training |
| timings.parquet | what clocks said; differs from run to run |
| weights/<seed>.safetensors | trained weights |
| provenance.json | where the numbers come from |
| record.json | written last: format, run id, hash of the code, hash of all that determines a seed, of each file |
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ctbench.records import measurements
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json, sha256, write_json
from ctbench.spec.run import RunSpec, read_spec

FORMAT = 2
TABLES = ("measurements", "curves", "timings")
FILES = (*(f"{name}.parquet" for name in TABLES), "provenance.json")


class OtherVersionError(UserError):
    """A record that another version of this program wrote."""


def write_spec(spec: RunSpec, folder: Path) -> None:
    """The spec, unless it stands there already; a damaged one is written again.

    Raises UserError if another run's stands there.
    """
    path = folder / "spec.json"
    if _read(path) is not None:
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
    """Write the `TABLES`, the provenance and last of all `record.json`, after an older one is taken away.

    `keys` are the hashes `code` (of the modules that determine the numbers), `cell` (of all that determines a seed) and
    `parent` (the cell of the run that a sweep started from, or None).
    """
    write_spec(spec, folder)
    (folder / "record.json").unlink(missing_ok=True)
    for name in TABLES:
        measurements.write(tables[name], folder / f"{name}.parquet")
    write_json(folder / "provenance.json", origin)
    files = [*FILES, *sorted(str(path.relative_to(folder)) for path in folder.glob("weights/*"))]
    hashes = {name: sha256(folder / name) for name in files}
    write_json(folder / "record.json", {"format": FORMAT, "run": spec.run_id, **keys, "files": hashes})


def read_record(folder: Path) -> dict[str, Any]:
    """The content of `record.json`. Raises UserError if it is missing or damaged, OtherVersionError if it is older."""
    path = folder / "record.json"
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise OtherVersionError(
            f"{path}: found a record of format {found!r}, expected {FORMAT}. It was written by another version of "
            "ctbench; move the folder away to measure again."
        )
    if missing := {"run", "code", "cell", "parent"} - set(content):
        raise UserError(f"{path}: has no {', '.join(sorted(missing))}. Delete it and run again.")
    files = content.setdefault("files", {})
    if not isinstance(files, dict) or any(Path(name).is_absolute() or ".." in Path(name).parts for name in files):
        raise UserError(f"{path}: files: found {files!r}, expected hashes by name. Delete it and run again.")
    return content


def damage(folder: Path) -> str:
    """Which file of a record is missing or damaged, and how; empty if the record is whole, or if there is none.

    Weights may be absent: a record is kept without them where they are too large. Raises OtherVersionError.
    """
    if not (folder / "record.json").exists():
        return ""
    try:
        hashes = {**dict.fromkeys(FILES), **read_record(folder)["files"]}
    except OtherVersionError:
        raise
    except UserError as error:
        return str(error)
    return mismatch(folder, {name: hashes[name] for name in hashes if name in FILES or (folder / name).exists()})


def mismatch(folder: Path, hashes: Mapping[str, str | None]) -> str:
    """The first of these files that is missing or has another hash, and how; empty if there is none."""
    for name, expected in hashes.items():
        path = folder / name
        if not path.exists():
            return f"{path}: missing"
        if expected and (found := sha256(path)) != expected:
            return f"{path}: damaged, expected sha256 {expected[:12]}, found {found[:12]}"
    return ""


def _read(path: Path) -> Any:
    """The content of a JSON file; None if it is missing or damaged."""
    try:
        return read_json(path)
    except UserError:
        return None


def is_done(spec: RunSpec, folder: Path, code: str) -> bool:
    """Whether a whole record of this run, by this code and from its parent as it is now, stands in the folder."""
    if not (folder / "record.json").exists() or damage(folder):
        return False
    parent = None
    if spec.parent:
        above = folder.parent / spec.parent
        if _read(above / "record.json") is None:
            return False
        parent = read_record(above)["cell"]
    found = read_record(folder)
    return (found["run"], found["code"], found["parent"]) == (spec.run_id, code, parent)


def gather(folders: list[Path], name: str) -> pd.DataFrame:
    """The rows of one of the `TABLES` of many records, in one table."""
    return measurements.gather(folder / f"{name}.parquet" for folder in folders)


def planned(results: Path) -> list[Path]:
    """Folders of the runs in the plan of a results folder that have a whole record.

    Raises UserError if nothing was planned there.
    """
    path = results / "plan.txt"
    if not path.exists():
        raise UserError(f"{path}: no such file. Run `snakemake`, or `ctbench plan --shell` and what it prints, first.")
    names = path.read_text(encoding="utf-8").split()
    if wrong := [name for name in names if Path(name).name != name]:
        raise UserError(f"{path}: found {wrong[0]!r}, expected ids of runs. Plan again.")
    folders = (results / "runs" / name for name in names)
    return [folder for folder in folders if (folder / "record.json").exists()]
