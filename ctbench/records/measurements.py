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
import pyarrow as pa
import pyarrow.parquet as pq

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


_ARROW = {"string": pa.string(), "Int64": pa.int64(), "float64": pa.float64()}
_PANDAS = {pa.string(): pd.StringDtype(), pa.int64(): pd.Int64Dtype()}
SCHEMA = pa.schema([(name, _ARROW[kind]) for name, kind in DTYPES.items()])


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
    return _frame(_read(path))


def gather(paths: Iterable[Path]) -> pd.DataFrame:
    """The rows of many files in one table, in their order. Raises UserError like `read`."""
    return _frame(pa.concat_tables([SCHEMA.empty_table(), *map(_read, paths)]))


def _read(path: Path) -> pa.Table:
    """The table of a file in the one schema, also where it is empty or a column is."""
    try:
        with pq.ParquetFile(path) as file:
            found = file.read()
    except FileNotFoundError:
        raise UserError(f"{path}: no such measurement file. Run the experiments first.") from None
    except Exception as error:
        raise UserError(f"{path}: not a readable measurement file ({error}). Delete it and run again.") from None
    if found.column_names != SCHEMA.names:
        raise UserError(
            f"{path}: found columns {found.column_names}, expected {SCHEMA.names}. Written by another version?"
        )
    try:
        return found.replace_schema_metadata().cast(SCHEMA)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise UserError(f"{path}: a column has another type ({error}). Delete it and run again.") from None


def _frame(table: pa.Table) -> pd.DataFrame:
    return table.to_pandas(types_mapper=_PANDAS.get)
