"""Irregular samples of a regular series: which times are kept, the windows over them, and what is refused."""

from __future__ import annotations

import math

import numpy as np

from ctbench.spec.errors import UserError


def chances(keep: float, spread: float | None) -> tuple[float, float]:
    """Chances to keep a time after one that was kept, and after one that was not.

    The times kept are a two-state Markov chain of which a share `keep` is kept; the gaps then have mean 1 / keep and
    standard deviation `spread`, both in spacings of the series. None keeps each time by itself (Bernoulli), as the
    paper does; at half the times a spread of 0 keeps every second one.

    Raises UserError if no such chain exists.
    """
    if spread is None or keep == 1:
        return keep, keep
    c = (1 - keep) / keep
    q = 2 * c / (spread**2 + c**2 + c)
    if q > 1 or c * q > 1:
        least = math.sqrt(abs(c - c**2))
        raise UserError(f"spread: found {spread:g} at keep rate {keep:g}, expected at least {least:.3g}.")
    return 1 - c * q, q


def kept(times: int, keep: float, spread: float | None, rng: np.random.Generator) -> np.ndarray:
    """Whether each of the times is kept, bool [times]."""
    after_kept, after_lost = chances(keep, spread)
    draws, mask = rng.random(times), np.empty(times, bool)
    state = bool(rng.random() < keep)
    for i, draw in enumerate(draws):
        mask[i] = state
        state = bool(draw < (after_kept if state else after_lost))
    return mask


def windows(rows: np.ndarray, mask: np.ndarray, length: int, what: str) -> np.ndarray:
    """Every `length` + 1 neighbouring times among those kept of `rows`: the inputs, then the one to predict.

    Args:
        rows: indices of times, increasing.
        mask: whether each of them is kept.
        length: number of inputs.
        what: the part of the series, for the error.

    Returns:
        Indices of times [windows, length + 1].

    Raises:
        UserError: if fewer than `length` + 1 are kept.
    """
    left = rows[mask]
    if len(left) <= length:
        raise UserError(
            f"{what}: {len(left)} of {len(rows)} observations are kept, expected at least {length + 1}: "
            f"{length} to read and one to predict."
        )
    return np.lib.stride_tricks.sliding_window_view(left, length + 1)


def check_series(readings: np.ndarray, times: np.ndarray, weights: np.ndarray) -> None:
    """Raises UserError on readings that are not finite, times that do not increase, or a graph of another size."""
    if readings.ndim != 2 or not readings.size:
        raise UserError(f"readings: found shape {readings.shape}, expected times by stations, one of each at least.")
    if not np.isfinite(readings).all():
        row, station = np.argwhere(~np.isfinite(readings))[0]
        raise UserError(f"readings: found {readings[row, station]} at time {row}, station {station}.")
    if times.shape != readings.shape[:1] or not np.isfinite(times).all():
        raise UserError(f"times: found shape {times.shape}, expected {len(readings)} finite numbers.")
    if (late := np.flatnonzero(np.diff(times) <= 0)).size:
        earlier, later = times[late[0]], times[late[0] + 1]
        what = "repeated" if earlier == later else "out of order"
        raise UserError(f"times: found {later:g} after {earlier:g}, {what}; expected each later than the one before.")
    n = readings.shape[1]
    if weights.shape != (n, n):
        raise UserError(f"graph: found an adjacency of shape {weights.shape} for {n} stations, expected ({n}, {n}).")
