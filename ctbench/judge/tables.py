"""Tables of the judge as CSV: columns of fixed names and types, numbers with six significant digits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctbench.spec.errors import UserError
from ctbench.spec.files import atomic_path

Types = Mapping[str, str]
"""Pandas types by the name of the column, in the order of the columns."""


def typed(rows: Sequence[Mapping[str, Any]], types: Types) -> pd.DataFrame:
    """One row each; numbers rounded, infinite ones empty."""
    frame = pd.DataFrame(rows).reindex(columns=list(types)).astype(dict(types))
    floats = [name for name, dtype in types.items() if dtype == "float64"]
    frame[floats] = frame[floats].map(lambda value: float(f"{value:.6g}") if np.isfinite(value) else np.nan)
    return frame


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Writes a table as CSV; the same table gives the same bytes. Raises UserError if it cannot be written."""
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def read_table(path: Path, types: Types, what: str) -> pd.DataFrame:
    """Reads what `write_table` wrote. Raises UserError if the file is missing, broken or has other columns."""
    try:
        frame = pd.read_csv(path, dtype="string", keep_default_na=False, encoding="utf-8")
    except FileNotFoundError:
        raise UserError(f"{path}: no such {what} table. Run `ctbench judge` first.") from None
    except (ValueError, OSError) as error:
        raise UserError(f"{path}: not a readable {what} table ({error}). Run `ctbench judge` again.") from None
    if list(frame.columns) != list(types):
        raise UserError(f"{path}: found columns {list(frame.columns)}, expected {list(types)}.")
    numbers = {name: dtype for name, dtype in types.items() if dtype != "string"}
    try:
        return frame.replace({name: {"": None} for name in numbers}).astype(dict(types))
    except (ValueError, TypeError) as error:
        raise UserError(f"{path}: a number is not one ({error}). Run `ctbench judge` again.") from None
