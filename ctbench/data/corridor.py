"""A simulated corridor: ten days of speeds on a road network, by the cell-transmission model; arrays as in `_series`.

Cells i of a directed road graph hold densities rho_i (vehicles per km). In a step each sends at most
S_i = min(v rho_i, Q_i) and takes at most R_i = min(Q_i, w (rho_jam - rho_i)) (Daganzo 1994). Vehicles leave i for j in
the fixed proportions beta_ij, first in first out; where more want into j than fit, all who want get the same share:

    q_i = S_i min_{j: beta_ij > 0} min(1, R_j / sum_k beta_kj S_k).

Three lanes become two at a bottleneck, a parallel road leaves and joins again, demand has a morning and an evening peak
and noise of its own each day, and incidents take capacity away for a while. A station in every cell reports the mean
speed of 5 minutes, with noise. Numbers are rounded to 0.01 km/h, so that every machine gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ctbench.data._dataset import Family
from ctbench.data._series import SPLITS, fingerprint, series

SEED, DAYS, DAY = 20260101, 10, 288
STEP = 20 / 3600
"""Hours in a step of the model."""
STEPS = 15
"""Steps between two reports."""
LENGTH, FREE, BACK, JAM = 0.8, 100.0, 20.0, 140.0
"""Length of a cell (km), free speed v and wave speed w (km/h), density of a jam (vehicles per km and lane)."""
CAPACITY = FREE * BACK * JAM / (FREE + BACK)
"""Largest flow of a lane (vehicles per hour), where the two branches of the flow meet."""
MAIN, PARALLEL = 14, 6
LANES = np.array([3.0] * 9 + [2.0] * 2 + [3.0] * 3 + [1.0] * PARALLEL)
LEAVES, JOINS, SHARE = 3, 11, 0.18
"""Where the parallel road leaves and joins, and the share of vehicles that take it."""
EXITS = {6: 0.10, 12: 0.15}
"""Shares that leave the road at the end of a cell; at the end of the last, all."""
ENTRIES = {0: 4600.0, 5: 1500.0, 9: 900.0}
"""Mean demand at the peaks (vehicles per hour)."""


def proportions() -> np.ndarray:
    """beta [cells, cells]; a row sums to less than one where vehicles leave the network."""
    beta = np.zeros((MAIN + PARALLEL,) * 2)
    for cell in [*range(MAIN - 1), *range(MAIN, MAIN + PARALLEL - 1)]:
        beta[cell, cell + 1] = 1 - EXITS.get(cell, 0.0)
    beta[LEAVES, LEAVES + 1], beta[LEAVES, MAIN] = 1 - SHARE, SHARE
    beta[MAIN + PARALLEL - 1, JOINS] = 1
    return beta


def advance(density: np.ndarray, inflow: np.ndarray, capacity: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, ...]:
    """One step: new densities, the flow out of each cell, and what entered of `inflow`; all [days, cells].

    Args:
        density: vehicles per km of all lanes.
        inflow: vehicles per hour that want to enter from outside.
        capacity: Q, vehicles per hour.
        beta: proportions [cells, cells].
    """
    sending = np.minimum(FREE * density, capacity)
    receiving = np.minimum(capacity, BACK * (JAM * LANES - density))
    wanted = sending @ beta + inflow
    share = np.minimum(1.0, receiving / np.maximum(wanted, 1e-9))
    outflow = sending * np.where(beta > 0, share[:, None, :], 1.0).min(axis=2)
    entered = inflow * share
    return density + STEP / LENGTH * (outflow @ beta + entered - outflow), outflow, entered


def simulate(seed: int = SEED, days: int = DAYS) -> np.ndarray:
    """Speeds [days * 288, cells] in km/h as the stations report them; the days are simulated side by side."""
    rng, beta, cells = np.random.default_rng(seed), proportions(), MAIN + PARALLEL
    demand, capacity = _demand(rng, days), _capacity(rng, days)
    density, queue = np.zeros((days, cells)), np.zeros((days, cells))
    speeds = np.empty((days, DAY, cells))
    for report in range(DAY):
        travelled, present = np.zeros((days, cells)), np.zeros((days, cells))
        for _ in range(STEPS):
            wanting = demand[:, report] + queue / STEP
            present += density
            density, outflow, entered = advance(density, wanting, capacity[:, report], beta)
            queue = (wanting - entered) * STEP
            travelled += outflow
        speeds[:, report] = np.where(present > 1e-6, travelled / np.maximum(present, 1e-6), FREE)
    noisy = speeds.reshape(-1, cells) + rng.normal(0, 1.0, (days * DAY, cells))
    return np.round(np.clip(noisy, 3.0, FREE + 10), 2)


def _demand(rng: np.random.Generator, days: int) -> np.ndarray:
    """Vehicles per hour that want to enter, [days, reports, cells]."""
    hours = np.arange(DAY) / 12
    level = 0.12 + np.exp(-(((hours - 8) / 1.5) ** 2)) + 0.9 * np.exp(-(((hours - 17.5) / 2.0) ** 2))
    demand = np.zeros((days, DAY, MAIN + PARALLEL))
    for cell, peak in ENTRIES.items():
        noise = np.zeros((days, DAY))
        for report in range(1, DAY):
            noise[:, report] = 0.9 * noise[:, report - 1] + rng.normal(0, 0.06, days)
        scale = rng.uniform(0.9, 1.15, (days, 1))
        demand[:, :, cell] = peak * np.clip(scale * level * (1 + noise), 0, None)
    return demand


def _capacity(rng: np.random.Generator, days: int) -> np.ndarray:
    """Q, vehicles per hour, [days, reports, cells]: two incidents a day leave 40 % of a cell's for 20 to 70 minutes."""
    capacity = np.tile(CAPACITY * LANES, (days, DAY, 1))
    for day in range(days):
        for _ in range(2):
            begin, cell = rng.integers(6 * 12, 21 * 12), rng.integers(1, MAIN)
            capacity[day, begin : begin + rng.integers(4, 15), cell] *= 0.4
    return capacity


def decode_simulated(name: str, folder: Path) -> dict[str, np.ndarray]:
    """The canonical arrays; an edge joins a cell and the one that it feeds."""
    del folder
    feeds = proportions() > 0
    return series(simulate(), (feeds | feeds.T).astype(np.float32), DAY, name)


FAMILY = Family(
    datasets=("corridor",), decoders={"simulated": decode_simulated}, fingerprint=fingerprint, splits=SPLITS
)
