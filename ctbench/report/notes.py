"""Footnotes: where numbers come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from ctbench.report.sheet import listed
from ctbench.report.sources import Run


def record_notes(runs: Sequence[Run], rows: pd.DataFrame) -> Iterator[str]:
    """Scale, data, hardware and code of the runs that measured `rows`, one sentence each."""
    yield f"Scale: {scale_words(rows, runs)}."
    if data := data_words(runs, set(rows["dataset"].dropna())):
        yield f"Data: {data}."
    if own := distinct(f"{run.get('model')} ({run.own})" for run in runs if run.own):
        yield f"Not of the paper, but somebody's own: {listed(own)}."
    yield f"Hardware: {listed(distinct(run.hardware for run in runs))}."
    yield f"Code: commit {listed(distinct(run.commit for run in runs))}; {len(runs)} run{'s' * (len(runs) != 1)}."


def scale_words(rows: pd.DataFrame, runs: Sequence[Run]) -> str:
    """'paper', or 'reduced' with what was reduced."""
    found = distinct(rows["scale"].dropna())
    smaller = distinct(word for run in runs for word in run.reduced)
    reduced = f"reduced ({'; '.join(smaller)})" if smaller else "reduced"
    return listed([reduced if scale == "reduced" else scale for scale in found]) or "unknown"


def data_words(runs: Sequence[Run], datasets: set[str]) -> str:
    """Hash and fingerprint of each data set."""
    known: dict[str, dict[str, Any]] = {}
    for run in runs:
        known |= run.data
    chosen = {name: known[name] for name in sorted(known) if name in datasets} or dict(sorted(known.items()))
    return "; ".join(_print(name, entry) for name, entry in chosen.items())


def _print(name: str, entry: dict[str, Any]) -> str:
    fingerprint = entry.get("fingerprint")
    parts = fingerprint if isinstance(fingerprint, dict) else {}
    words = [f"{key.replace('_', ' ')} {value}" for key, value in parts.items() if type(value) is int]
    words += [f"{key.replace('_', ' ')} {value[:12]}" for key, value in parts.items() if isinstance(value, str)]
    sha = str(entry.get("sha256") or "unknown")[:12]
    return f"{name} ({', '.join([*words, f'sha256 {sha}'])})"


def distinct(words: Iterable[object]) -> list[str]:
    """Each word once, sorted."""
    return sorted({str(word) for word in words})
