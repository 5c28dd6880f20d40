"""The tidy table of measurements: one row, one number.

| column | meaning |
|---|---|
| paper, experiment, dataset, model | what was measured; `model` is the label of the trained net |
| solver, steps | the scheme that evaluated it and its number of steps; empty where there is none |
| seed | empty for deterministic results |
| metric, x, value, unit | the number; `x` is the abscissa of a curve or sweep; NaN is a result (diverged) |
| scale | `paper` or `reduced` |
| run | the id of the run that measured it |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from ctbench.spec.errors import UserError
from ctbench.spec.files import atomic_path

DTYPES: dict[str, str] = {
    "paper": "string",
    "experiment": "string",
    "dataset": "string",
    "model": "string",
    "solver": "string",
    "steps": "Int64",
    "seed": "Int64",
    "metric": "string",
    "x": "float64",
    "value": "float64",
    "unit": "string",
    "scale": "string",
    "run": "string",
}


def table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Rows as a typed frame; raises ValueError on a column that the table does not have."""
    listed = list(rows)
    if extra := {column for row in listed for column in row} - set(DTYPES):
        raise ValueError(f"unknown measurement columns: {sorted(extra)}")
    columns = {name: pd.array([row.get(name) for row in listed], dtype=kind) for name, kind in DTYPES.items()}
    return pd.DataFrame(columns)


def write(frame: pd.DataFrame, path: Path) -> None:
    """The table as a parquet file, whole or not at all."""
    with atomic_path(path) as temporary:
        frame.to_parquet(temporary, index=False)


def read(path: Path) -> pd.DataFrame:
    """Raises UserError if the file is missing, truncated or has other columns."""
    try:
        frame = pd.read_parquet(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such measurement file. Run the experiments first.") from None
    except Exception as error:
        raise UserError(f"{path}: not a readable measurement file ({error}). Delete it and run again.") from None
    if list(frame.columns) != list(DTYPES):
        raise UserError(
            f"{path}: found columns {list(frame.columns)}, expected {list(DTYPES)}. Written by another version?"
        )
    return frame if all(frame.dtypes.astype(str) == pd.Series(DTYPES)) else frame.astype(DTYPES)
