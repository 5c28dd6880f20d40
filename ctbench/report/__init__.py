"""Tables, figures and one HTML page from a folder of results; nothing here trains, judges or imports torch."""

from __future__ import annotations

from pathlib import Path


def write_report(results: Path, papers: Path | None = None) -> list[Path]:
    """Writes `tables/`, `figures/` and `report.html` into `results` and returns the files, sorted.

    The same results give the same bytes. `papers` holds one folder per paper with its `report.yaml`; by default the
    package's own. Raises UserError if the claims, the criteria or the measurements are missing or broken, a layout file
    is wrong, a table's selection is ambiguous, or a file cannot be written.
    """
    from ctbench.report.build import build
    from ctbench.report.layout import PAPERS

    return build(results, papers or PAPERS)


__all__ = ["write_report"]
