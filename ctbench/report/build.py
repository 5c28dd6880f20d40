"""From a folder of results to the report's files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from ctbench.report import claims, formats
from ctbench.report.figures import figure
from ctbench.report.forest import forests, owned
from ctbench.report.layout import PaperLayout, Selected, load_layout, paper_head
from ctbench.report.page import Chapter, page
from ctbench.report.sources import Results, read_results
from ctbench.report.tables import table
from ctbench.spec.files import write_text
from ctbench.spec.run import PAPERS as ORDER


def build(results_folder: Path, papers: Path) -> list[Path]:
    """Writes the report and returns its files, sorted. Raises UserError as `ctbench.report.write_report` says."""
    results = read_results(results_folder)
    layouts = {paper: load_layout(papers / paper) for paper in _papers(results)}
    chapters = _chapters(papers, layouts, results)
    everything = claims.sheet(results.claims, results.preset)
    sheets = [everything, *(sheet for chapter in chapters for sheet in chapter.tables)]
    written = [path for sheet in sheets for path in formats.write_sheet(sheet, results.folder / "tables")]
    written += [path for chapter in chapters for drawn in (*chapter.figures, *chapter.forests) for path in drawn.files]
    html = results.folder / "report.html"
    write_text(html, page(results, chapters))
    _remove_stale(results.folder, layouts, {*written})
    return sorted([*written, html])


def _papers(results: Results) -> list[str]:
    found = set(results.claims["paper"]) | set(results.measurements["paper"].dropna())
    return [paper for paper in ORDER if paper in found] + sorted(found - set(ORDER))


def _chapters(papers: Path, layouts: dict[str, PaperLayout], results: Results) -> list[Chapter]:
    """The chapters in order, drawn side by side where there are processors for it."""
    sources = [papers / paper for paper in layouts]
    chapter = partial(_chapter, results=results)
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    workers = min(len(sources), processors or 1)
    if workers < 2:
        return list(map(chapter, sources, layouts.values()))
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(chapter, sources, layouts.values()))


def _chapter(source: Path, layout: PaperLayout, results: Results) -> Chapter:
    own = results.own(source.name)
    tables = {item.name: table(item.with_own(own), results, source.name) for item in layout.tables}
    figures = {
        item.name: figure(item.with_own(own), layout, results, source, results.folder / "figures")
        for item in layout.figures
    }
    made = tables | figures
    head = paper_head(source)
    return Chapter(
        paper=source.name,
        title=str(head.get("title") or source.name.replace("_", " ")),
        citation=", ".join(_citation(dict(head))),
        tables=tuple(sheet for sheet in tables.values() if sheet),
        figures=tuple(drawn for drawn in figures.values() if drawn),
        missing=tuple(item.title for item in _items(layout) if made[item.name] is None),
        forests=forests(results, source.name, results.folder / "figures"),
    )


def _citation(head: dict) -> Iterator[str]:
    yield from head.get("authors", ())
    if arxiv := head.get("arxiv"):
        yield f"arXiv {arxiv}"
    if year := head.get("year"):
        yield str(year)


def _items(layout: PaperLayout) -> tuple[Selected, ...]:
    return (*layout.tables, *layout.figures)


def _remove_stale(folder: Path, layouts: dict[str, PaperLayout], written: set[Path]) -> None:
    """Files of an earlier report whose measurements are gone would be taken for results of this one."""
    for paper, layout in layouts.items():
        for path in {*owned(folder / "figures", paper)} - written:
            path.unlink()
        for kind, suffixes, items in (
            ("tables", ("csv", "md", "tex"), layout.tables),
            ("figures", ("svg", "png"), layout.figures),
        ):
            for path in (folder / kind / f"{item.name}.{suffix}" for item in items for suffix in suffixes):
                if path not in written:
                    path.unlink(missing_ok=True)
