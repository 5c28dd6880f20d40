"""What data sets of readings at the nodes of a graph share.

Canonical arrays, for T times and n stations:

* `readings` float32 [T, n], all finite, at equally spaced times;
* `weights` float32 [n, n]: the graph, symmetric, not negative, without self loops;
* `period` int64 []: number of times in a day (of traffic) or a year (of weekly counts).

They have no official split. Ours is by time: of the rows, the first seven tenths are for training, then one tenth for
validation, the rest for test.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctbench.data._dataset import Arrays, Dataset, Fingerprint, Split, short_sha256
from ctbench.spec.errors import UserError


def series(readings: np.ndarray, weights: np.ndarray, period: int, where: Path | str) -> dict[str, np.ndarray]:
    """The canonical arrays from readings [T, n] and weights [n, n]; self loops are dropped.

    Raises UserError, naming `where`, on readings that are not finite, or a graph of another size, with negative
    weights or with edges that go one way.
    """
    readings, weights = np.asarray(readings, np.float32), np.array(weights, np.float32)
    if readings.ndim != 2:
        raise UserError(f"{where}: found readings of shape {readings.shape}, expected times by stations.")
    if not np.isfinite(readings).all():
        row, station = np.argwhere(~np.isfinite(readings))[0]
        raise UserError(f"{where}: the reading at time {row}, station {station} is {readings[row, station]}.")
    n = readings.shape[1]
    if weights.shape != (n, n):
        raise UserError(f"{where}: found a graph of shape {weights.shape} for {n} stations, expected ({n}, {n}).")
    if not (np.isfinite(weights) & (weights >= 0)).all() or not np.array_equal(weights, weights.T):
        raise UserError(f"{where}: the graph's weights must be finite, not negative and symmetric.")
    np.fill_diagonal(weights, 0)
    return {"readings": readings, "weights": weights, "period": np.array(period, np.int64)}


def table(text: str, where: Path | str, header: bool = False) -> np.ndarray:
    """Numbers separated by commas, one row a line, [rows, columns], after one line of names where there is a header.

    Raises UserError, naming `where` and the line, on what is no table of numbers.
    """
    lines = text.splitlines()[1 if header else 0 :]
    rows = []
    for number, line in enumerate(lines, start=2 if header else 1):
        try:
            rows.append([float(entry) for entry in line.split(",")])
        except ValueError as error:
            raise UserError(f"{where}, line {number}: {error}.") from None
        if len(rows[-1]) != len(rows[0]):
            raise UserError(f"{where}, line {number}: found {len(rows[-1])} columns, expected {len(rows[0])}.")
    if not rows:
        raise UserError(f"{where}: found no rows.")
    return np.array(rows)


def fingerprint(arrays: Arrays) -> Fingerprint:
    """Counts, mean and standard deviation of the readings, and hashes of the graph and of the split."""
    readings, weights = arrays["readings"], arrays["weights"]
    parts = by_time(len(readings))
    return {
        "times": readings.shape[0],
        "stations": readings.shape[1],
        "period": int(arrays["period"]),
        "edges": int(np.count_nonzero(weights)) // 2,
        "mean": round(float(readings.astype(np.float64).mean()), 6),
        "std": round(float(readings.astype(np.float64).std()), 6),
        "graph": short_sha256(weights),
        "split": short_sha256(*parts.values()),
    }


def by_time(times: int) -> Split:
    """Indices of the times of each part."""
    train, validation = times * 7 // 10, times // 10
    order = np.arange(times, dtype=np.int64)
    parts = np.split(order, [train, train + validation])
    return dict(zip(("train", "validation", "test"), parts, strict=True))


def chronological(dataset: Dataset, rng: np.random.Generator | None) -> Split:
    """The first seven tenths of the times for training, then one tenth for validation, the rest for test."""
    return by_time(len(dataset.arrays["readings"]))


SPLITS = {"chronological": chronological}
