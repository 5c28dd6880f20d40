"""`report.html`: one file, nothing loaded from anywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ctbench.report.claims import JUDGED, MEANING, SIGNS, Claim, claims
from ctbench.report.criteria import criteria
from ctbench.report.figures import Drawn
from ctbench.report.notes import distinct
from ctbench.report.sheet import Sheet, listed
from ctbench.report.sources import Results, Run
from ctbench.report.strip import WIDTH
from ctbench.report.svg import Shapes
from ctbench.spec.durations import duration

TEMPLATES = Path(__file__).parent / "templates"
PIXELS = 115
"""Of a figure's inch, in CSS: its letters are then about as large as the page's small ones."""


@dataclass(frozen=True)
class Chapter:
    """What the report shows of one paper; `missing` are the titles of what was not measured."""

    paper: str
    title: str
    citation: str
    tables: tuple[Sheet, ...]
    figures: tuple[Drawn, ...]
    missing: tuple[str, ...]
    forests: tuple[Drawn, ...]


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
    environment.filters |= {"slug": slug}
    return environment.get_template("report.html.j2").render(_context(results, chapters))


def _embedded(chapters: Sequence[Chapter], shapes: Shapes) -> dict[str, str]:
    """The figures by name, as elements of HTML."""
    from markupsafe import Markup

    drawn = [figure for chapter in chapters for figure in (*chapter.figures, *chapter.forests)]
    return {
        figure.name: Markup(shapes.embed(svg, figure.alt, round(figure.inches * PIXELS)))
        for figure in drawn
        for svg in figure.files
        if svg.suffix == ".svg"
    }


def shown(claim: Claim, chapter: Chapter, runs: Mapping[str, Run]) -> list[Drawn | Sheet]:
    """The figures and tables that show what a claim rests on."""
    about = {claim.id, claim.experiment, *(runs[run].get("experiment") for run in claim.runs if run in runs)}
    return [item for item in (*chapter.forests, *chapter.figures, *chapter.tables) if about & item.about]


def slug(word: str) -> str:
    """A word as the name of a style."""
    return word.replace(" ", "-")


def _context(results: Results, chapters: Sequence[Chapter]) -> dict[str, Any]:
    every = claims(results.claims)
    order = [chapter.paper for chapter in chapters]
    shapes = Shapes()
    counts = {chapter.paper: Counter(c.verdict for c in every if c.paper == chapter.paper) for chapter in chapters}
    return {
        "preset": results.preset,
        "claims": every,
        "by_interest": sorted(every, key=lambda c: (not c.judged, order.index(c.paper))),
        "criteria": {c.id: [] for c in every} | criteria(results.criteria),
        "chapters": chapters,
        "strip_width": WIDTH,
        "figures": _embedded(chapters, shapes),
        "shapes": shapes.shared,
        "shown": {
            c.id: shown(c, chapter, results.runs) for chapter in chapters for c in every if c.paper == chapter.paper
        },
        "counts": counts,
        "totals": Counter(c.verdict for c in every),
        "verdicts": list(SIGNS),
        "signs": SIGNS,
        "meaning": MEANING,
        "judged": sum(c.judged for c in every),
        "judged_of": Counter(c.paper for c in every if c.judged),
        "summary": _summary(every),
        "origin": list(_origin(results)),
        "runs": {chapter.paper: _runs(results, chapter.paper) for chapter in chapters},
        "known": {run.run_id: run for chapter in chapters for run in _runs(results, chapter.paper)},
    }


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
    seconds = sum(run.seconds or 0 for run in runs)
    yield "Measured", ("unknown" if not days else days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}") + " (UTC)"
    yield "Runs", f"{len(runs)}, {duration(seconds)} of run time"
    yield "Hardware", listed(distinct(run.hardware for run in runs)) or "unknown"
    yield "Commit", listed(distinct(run.commit for run in runs)) or "unknown"
    versions = [f"{name} {version}" for run in runs for name, version in _versions(run)]
    yield "Versions", ", ".join(dict.fromkeys(versions)) or "unknown"
    if results.doubts:
        yield (
            "Flagged",
            "; ".join(f"{len(runs)} run{'s' * (len(runs) != 1)} {reason}" for reason, runs in results.doubts.items()),
        )


def _versions(run: Run) -> Iterator[tuple[str, str]]:
    known = run.provenance.get("versions") or {}
    return ((name, str(known[name])) for name in ("python", "torch", "numpy", "scipy") if name in known)


def _runs(results: Results, paper: str) -> list[Run]:
    """The runs that measured something for a paper."""
    of_paper = results.measurements.loc[results.measurements["paper"] == paper, "run"]
    return results.of(of_paper.dropna())
