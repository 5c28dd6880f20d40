"""`report.html`: one file, nothing loaded from anywhere."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ctbench.report.claims import JUDGED, MEANING, SIGNS, Claim, claims
from ctbench.report.figures import Drawn
from ctbench.report.notes import distinct
from ctbench.report.sheet import Sheet, listed
from ctbench.report.sources import Results, Run, duration

TEMPLATES = Path(__file__).parent / "templates"
NOT_RUN = "; not run: "
"""What follows it in a claim's detail are the labels of the criteria that were not run."""
STATUSES = ("pass", "fail", "unresolved", "not run")


@dataclass(frozen=True)
class Chapter:
    """What the report shows of one paper; `missing` are the titles of what was not measured.

    `labels` are those of each claim's criteria, by which their rules and findings are told apart.
    """

    paper: str
    title: str
    citation: str
    tables: tuple[Sheet, ...]
    figures: tuple[Drawn, ...]
    missing: tuple[str, ...]
    labels: dict[str, list[str]]


class Finding(NamedTuple):
    """One criterion of a claim: what was asked, and what was found."""

    label: str
    rule: str
    status: str
    found: str


def page(results: Results, chapters: Sequence[Chapter]) -> str:
    """The whole page."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"embedded": embedded, "slug": slug}
    return environment.get_template("report.html.j2").render(_context(results, chapters))


def embedded(drawn: Drawn) -> str:
    """The SVG of a figure as a data address."""
    svg = next(path for path in drawn.files if path.suffix == ".svg")
    return f"data:image/svg+xml;base64,{base64.b64encode(svg.read_bytes()).decode('ascii')}"


def slug(word: str) -> str:
    """A word as the name of a style."""
    return word.replace(" ", "-")


def findings(claim: Claim, labels: Sequence[str]) -> list[Finding]:
    """A claim's criteria with rule and finding, in the order of the claims file; empty if none was judged."""
    rules, details = split(claim.criteria, labels), split(claim.detail.partition(NOT_RUN)[0], labels)
    found = []
    for label in (label for label in labels if label in details):
        status = next((word for word in STATUSES if details[label].startswith(word)), "")
        rest = details[label].removeprefix(status).removeprefix(", ")
        found.append(Finding(label, rules.get(label, ""), status, rest))
    return found


def split(text: str, labels: Sequence[str]) -> dict[str, str]:
    """The parts of `label: words; label: words` by label; a label or its words may hold a semicolon too."""
    places = sorted((place, label) for label in labels if (place := _place(text, f"{label}: ")) >= 0)
    ends = [*(place for place, _ in places), len(text)][1:]
    return {label: text[at + len(label) + 2 : end].strip("; ") for (at, label), end in zip(places, ends, strict=True)}


def _place(text: str, start: str) -> int:
    """Where a part begins with `start`; -1 if none does."""
    if text.startswith(start):
        return 0
    place = text.find(f"; {start}")
    return place + 2 if place >= 0 else -1


def _context(results: Results, chapters: Sequence[Chapter]) -> dict[str, Any]:
    every = claims(results.claims)
    order = [chapter.paper for chapter in chapters]
    counts = {chapter.paper: Counter(c.verdict for c in every if c.paper == chapter.paper) for chapter in chapters}
    return {
        "preset": results.preset,
        "claims": every,
        "by_interest": sorted(every, key=lambda c: (not c.judged, order.index(c.paper))),
        "left_out": {c.id: c.detail.partition(NOT_RUN)[2] for c in every},
        "findings": {c.id: findings(c, _labels(chapters, c)) for c in every},
        "chapters": chapters,
        "counts": counts,
        "totals": Counter(c.verdict for c in every),
        "verdicts": list(SIGNS),
        "signs": SIGNS,
        "meaning": MEANING,
        "judged": sum(c.judged for c in every),
        "summary": _summary(every),
        "origin": list(_origin(results)),
        "runs": {chapter.paper: _runs(results, chapter.paper) for chapter in chapters},
        "known": {run.run_id for chapter in chapters for run in _runs(results, chapter.paper)},
    }


def _labels(chapters: Sequence[Chapter], claim: Claim) -> list[str]:
    return next((c.labels.get(claim.id, []) for c in chapters if c.paper == claim.paper), [])


def _summary(every: Sequence[Claim]) -> str:
    counts = Counter(c.verdict for c in every)
    words = [f"{counts[verdict]} {verdict}" for verdict in JUDGED if counts[verdict]]
    others = [f"{counts[verdict]} {verdict}" for verdict in SIGNS if verdict not in JUDGED and counts[verdict]]
    return (
        ". ".join(f"{head}: {listed(part)}" for head, part in (("Judged", words), ("Not judged", others)) if part) + "."
    )


def _origin(results: Results) -> Iterator[tuple[str, str]]:
    runs = results.of(results.measurements["run"].dropna())
    days = distinct(run.day for run in runs if run.day)
    seconds = sum(float(run.provenance.get("wall_seconds") or 0) for run in runs)
    yield "Measured", ("unknown" if not days else days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}") + " (UTC)"
    yield "Runs", f"{len(runs)}, {duration(seconds)} of run time"
    yield "Hardware", listed(distinct(run.hardware for run in runs)) or "unknown"
    yield "Commit", listed(distinct(run.commit for run in runs)) or "unknown"
    versions = [f"{name} {version}" for run in runs for name, version in _versions(run)]
    yield "Versions", ", ".join(dict.fromkeys(versions)) or "unknown"


def _versions(run: Run) -> Iterator[tuple[str, str]]:
    known = run.provenance.get("versions") or {}
    return ((name, str(known[name])) for name in ("python", "torch", "numpy", "scipy") if name in known)


def _runs(results: Results, paper: str) -> list[Run]:
    """The runs that measured something for a paper."""
    of_paper = results.measurements.loc[results.measurements["paper"] == paper, "run"]
    return results.of(of_paper.dropna())
