"""Readings at road stations, and weekly cases of an illness by county; arrays as in `_series`.

* `metr_la_week`: seven days of Los Angeles, 207 stations, miles per hour every 5 minutes, the graph of T-GCN.
* `pemsd7m`: PeMSD7(M), 44 weekdays, 228 stations, miles per hour every 5 minutes. The archive has distances; an edge
  joins two stations nearer than the 40th percentile of all distances (Neural GDE, section 4.3).
* `chickenpox`: 521 weeks in 20 counties of Hungary. The source has standardised every county over all weeks, test
  weeks included, so relative errors say little.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np

from ctbench.data._dataset import Family
from ctbench.data._series import SPLITS, fingerprint, series, table
from ctbench.spec.errors import UserError

DAY, YEAR = 288, 52
PERCENTILE = 40


def decode_tgcn(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from `los_speed.csv`, which has a line of station numbers first, and `los_adj.csv`."""
    speeds, graph = folder / "los_speed.csv", folder / "los_adj.csv"
    readings = table(speeds.read_text(), speeds, header=True)
    return series(readings, table(graph.read_text(), graph), DAY, speeds)


def decode_stgcn(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from `PeMSD7_Full.zip`, which holds speeds `V_228.csv` and distances `W_228.csv`.

    Raises UserError if it is no archive, lacks one of them, or they have another layout.
    """
    path = folder / "PeMSD7_Full.zip"
    try:
        with zipfile.ZipFile(path) as archive:
            speeds, distances = (_member(archive, path, f"{kind}_228.csv") for kind in "VW")
    except zipfile.BadZipFile:
        raise UserError(f"{path}: found no zip archive, expected PeMSD7_Full.zip of STGCN's authors.") from None
    if len(speeds) % DAY:
        raise UserError(f"{path}: V_228.csv: found {len(speeds)} rows, expected whole days of {DAY}.")
    return series(speeds, near(distances), DAY, path)


def _member(archive: zipfile.ZipFile, path: Path, wanted: str) -> np.ndarray:
    """The numbers of the one member whose name ends so; a first line that counts the columns from 0 is no data."""
    found = [name for name in archive.namelist() if name.endswith(wanted)]
    if len(found) != 1:
        raise UserError(
            f"{path}: found {len(found)} members named {wanted}, expected one; it has {archive.namelist()}."
        )
    numbers = table(archive.read(found[0]).decode(), f"{path}: {found[0]}")
    return numbers[1:] if np.array_equal(numbers[0], np.arange(numbers.shape[1])) else numbers


def near(distances: np.ndarray) -> np.ndarray:
    """One where the distance between two stations is below the 40th percentile of those between different ones."""
    apart = ~np.eye(*distances.shape, dtype=bool)
    return (apart & (distances < np.percentile(distances[apart], PERCENTILE))).astype(np.float32)


def decode_temporal(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays from `chickenpox.json` of PyTorch Geometric Temporal: `FX` by week, `edges` both ways."""
    path = folder / f"{name}.json"
    content = json.loads(path.read_text())
    if not {"FX", "edges"} <= content.keys():
        raise UserError(f"{path}: found the keys {sorted(content)}, expected FX and edges among them.")
    readings, edges = np.array(content["FX"]), np.array(content["edges"])
    weights = np.zeros((readings.shape[1],) * 2)
    weights[edges[:, 0], edges[:, 1]] = 1
    return series(readings, weights, YEAR, path)


FAMILY = Family(
    datasets=("metr_la_week", "pemsd7m", "chickenpox"),
    decoders={"tgcn": decode_tgcn, "stgcn": decode_stgcn, "temporal": decode_temporal},
    fingerprint=fingerprint,
    splits=SPLITS,
)
