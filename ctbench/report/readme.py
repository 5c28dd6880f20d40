"""README.md and the pages of the reference results, made from their records: `python -m ctbench.report.readme`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ctbench.judge import VERDICTS, read_claims
from ctbench.report.claims import JUDGED, Claim, claims
from ctbench.report.formats import escape_md
from ctbench.report.layout import PAPERS, paper_head
from ctbench.report.notes import distinct
from ctbench.report.sheet import listed
from ctbench.report.sources import read_runs
from ctbench.spec.durations import duration
from ctbench.spec.errors import UserError
from ctbench.spec.files import write_text
from ctbench.spec.run import PAPERS as ORDER

README = Path("README.md")
REFERENCE = Path("results/reference")
PRESETS = ("smoke", "laptop", "workstation", "paper")
BEGIN, END = "<!-- claims: begin -->", "<!-- claims: end -->"


def references(root: Path) -> dict[str, pd.DataFrame]:
    """The claims of every preset whose results are committed below `root`. Raises UserError if a table is broken."""
    folders = {preset: root / REFERENCE / preset for preset in PRESETS}
    return {preset: read_claims(path / "claims.csv") for preset, path in folders.items() if path.is_dir()}


def counted(tables: dict[str, pd.DataFrame]) -> str:
    """How many claims of each paper have which verdict, by preset, as a Markdown table."""
    head = ["paper", "claims", *(f"preset [`{preset}`]({REFERENCE / preset}/README.md)" for preset in tables)]
    lines = [_row(head), _row(["---"] * len(head))]
    every = pd.concat(tables.values())
    for paper in sorted(set(every["paper"]), key=ORDER.index):
        of_paper = [frame.loc[frame["paper"] == paper] for frame in tables.values()]
        lines.append(_row([_title(paper), str(max(map(len, of_paper))), *map(_verdicts, of_paper)]))
    total = [f"**{_verdicts(frame)}**" for frame in tables.values()]
    return "\n".join([*lines, _row(["**all**", f"**{max(map(len, tables.values()))}**", *total])])


def page(preset: str, folder: Path, frame: pd.DataFrame) -> str:
    """What was measured in a preset: where, by what code, and every claim."""
    rows = claims(frame)
    judged = [claim for claim in rows if claim.verdict in JUDGED]
    head = ["claim", "it says, *what is measured*", "paper", "ours [95 % interval]", "n", "verdict", "scale"]
    return "\n".join(
        [
            f"# Reference results of preset `{preset}`",
            "",
            f"Made by `snakemake --cores all --config preset={preset}` and `make reference PRESET={preset}`;"
            f" this page by `python -m ctbench.report.readme`. {_origin(folder)}",
            "",
            f"{len(judged)} of {len(rows)} claims were judged: {_verdicts(frame)}."
            " [How to read a verdict](../../../docs/verdicts.md); tables and figures stand beside this page.",
            "",
            _row(head),
            _row(["---"] * len(head)),
            *(_row(_cells(claim)) for claim in judged),
            "",
            "## What was found",
            "",
            *(line for claim in judged for line in _found(claim)),
            "",
            "## Not judged",
            "",
            *(line for claim in rows if claim not in judged for line in _found(claim)),
            "",
        ]
    )


def updated(text: str, tables: dict[str, pd.DataFrame]) -> str:
    """The README with its table made anew. Raises UserError if the marks are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UserError(f"{README}: expected the marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{counted(tables)}\n{END}{after}"


def pages(root: Path) -> Iterator[tuple[Path, str]]:
    """Every generated page below `root` and its text."""
    tables = references(root)
    yield root / README, updated((root / README).read_text(encoding="utf-8"), tables)
    for preset, frame in tables.items():
        folder = root / REFERENCE / preset
        yield folder / "README.md", page(preset, folder, frame)


def _verdicts(frame: pd.DataFrame) -> str:
    counts = Counter(frame["verdict"])
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])


def _cells(claim: Claim) -> list[str]:
    said = f"{escape_md(claim.statement)}<br>*{escape_md(claim.quantity)}*"
    return [claim.id, said, claim.published, claim.measured, claim.n, f"**{claim.verdict}**", claim.scale]


def _found(claim: Claim) -> Iterator[str]:
    head, parts = f"- **{claim.id}**, {claim.verdict}:", [escape_md(part) for part in claim.found]
    yield from [head, *(f"  - {part}" for part in parts)] if len(parts) > 1 else [" ".join([head, *parts])]


def _origin(folder: Path) -> str:
    planned = read_runs(folder)
    runs = [run for run in planned if run.done]
    seconds = sum(run.seconds or 0 for run in runs)
    return (
        f"{_of(len(runs), len(planned))}, {duration(seconds)} of run time by the clock, each run's by itself;"
        f" hardware: {listed(distinct(run.hardware for run in runs))};"
        f" commit {listed(distinct(run.commit for run in runs))}."
    )


def _of(done: int, planned: int) -> str:
    if done == planned:
        return f"{done} runs"
    return f"The preset is not finished: {done} of {planned} runs (`ctbench plan` lists the others)"


def _title(paper: str) -> str:
    return str(paper_head(PAPERS / paper).get("title") or paper)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    for path, text in pages(Path()):
        write_text(path, text)
