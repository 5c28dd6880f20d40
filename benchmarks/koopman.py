"""Koopman analysis: modes of a long trajectory against PyDMD, and a recorded training against a bare one."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from statistics import median

import numpy as np
import torch

from benchmarks._line import peak
from ctbench.data.digits import FAMILY
from ctbench.training.dense_classification import DenseClassification, DenseSettings
from ctbench.training.modes import Modes, dynamic_modes
from ctbench.training.trajectory import Recorded, Recording

SNAPSHOTS, WEIGHTS, RANK = 1000, 10_000, 10
REPEATS = 15


def trajectory() -> np.ndarray:
    """Decaying and turning modes in single precision, with a little noise, [snapshots, weights]."""
    rng = np.random.default_rng(0)
    eigenvalues = np.array([1.0, 0.999, 0.99, 0.97, 0.998 * np.exp(0.05j), 0.99 * np.exp(0.2j)])
    modes = rng.normal(size=(6, WEIGHTS)) + 1j * rng.normal(size=(6, WEIGHTS))
    states = np.real(eigenvalues ** np.arange(SNAPSHOTS)[:, None] @ modes).astype(np.float32)
    return states + 1e-4 * rng.normal(size=states.shape).astype(np.float32)


def modes() -> Modes:
    return dynamic_modes(trajectory(), RANK)


def main(full: bool) -> None:
    torch.set_num_threads(1)
    analyse(full)
    for name, unit in (("every epoch", "step"), ("every iteration", "iteration")):
        cost(name, Recording.model_validate({"unit": unit}))


def analyse(full: bool) -> None:
    """Time and memory of the modes; with `full`, PyDMD on the same trajectory."""
    W, found, seconds = trajectory(), modes(), []
    for _ in range(5):
        begin = time.perf_counter()
        dynamic_modes(W, RANK)
        seconds.append(time.perf_counter() - begin)
    said = f"koopman, modes of {SNAPSHOTS} x {WEIGHTS}: {median(seconds):.2f} s, peak memory {peak(modes):.2f} GiB"
    if full:
        from pydmd import DMD

        begin = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = DMD(svd_rank=len(found.eigenvalues), exact=True).fit(W.T)
        twin = time.perf_counter() - begin
        gap = np.abs(np.sort(np.abs(found.eigenvalues)) - np.sort(np.abs(np.asarray(theirs.eigs)))).max()
        said += f"; PyDMD {twin:.1f} s, ratio {twin / median(seconds):.1f}; moduli differ by {gap:.1e}"
    print(said)


def cost(name: str, recording: Recording) -> None:
    """A recorded training against a bare one, epoch by epoch in turns."""
    arrays = FAMILY.decoders["sklearn"]("digits", Path())
    settings = DenseSettings(hidden=(128,), epochs=REPEATS, batch=64)
    bare, inner = (DenseClassification(settings, arrays, tuple(range(6))) for _ in range(2))
    recorded = Recorded(inner, recording)
    ratios = []
    for index in range(REPEATS):
        seconds = []
        for task in (bare, recorded) if index % 2 else (recorded, bare):
            begin = time.process_time()
            task.step(index)
            seconds.append(time.process_time() - begin)
        with_it, without = (seconds[::-1] if index % 2 else seconds)[:2]
        ratios.append(with_it / without)
    print(f"koopman, recording {name}: {100 * (median(ratios) - 1):.1f} % of the training time")
