"""The claims and the runs on the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from rich.console import Console, ConsoleOptions, RenderableType
from rich.table import Table
from rich.text import Text

from ctbench.report.claims import SIGNS, Claim, claims
from ctbench.report.sources import Run, read_runs
from ctbench.spec.errors import unknown

WIDE = 110
"""Columns from which every column of a table is shown."""
_COLOURS = {
    "reproduced": "green",
    "partly reproduced": "yellow",
    "not reproduced": "red",
    "inconclusive": "magenta",
}


@dataclass(frozen=True)
class Fitted:
    """A table that shows less where the terminal is narrow."""

    make: Callable[[bool], RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield self.make(options.max_width >= WIDE)


def claims_table(frame: pd.DataFrame, paper: str | None = None) -> RenderableType:
    """Every claim, its verdict and the beginning of what was found; of one paper, all of it.

    Raises UserError if there is no such paper.
    """
    rows = claims(of_paper(frame, paper))
    return Fitted(lambda wide: _claims(rows, wide, whole=paper is not None))


def of_paper(frame: pd.DataFrame, paper: str | None) -> pd.DataFrame:
    """The rows of one paper; all for None. Raises UserError if there is no such paper."""
    if paper is not None and paper not in (known := set(frame["paper"])):
        raise unknown("paper", paper, known)
    return frame if paper is None else frame.loc[frame["paper"] == paper]


def runs_table(results: Path) -> RenderableType:
    """Every run of the plan, done or not. Raises UserError if a record is not readable."""
    runs = read_runs(results)
    return Fitted(lambda wide: _runs(runs, wide))


def _claims(rows: list[Claim], wide: bool, whole: bool) -> Table:
    table = _table(_tally(rows))
    table.add_column("claim", no_wrap=True)
    table.add_column("statement", ratio=1, min_width=16)
    if wide:
        table.add_column("paper", justify="right", no_wrap=True)
    table.add_column("measured [95 %]", justify="right", no_wrap=True)
    if wide:
        table.add_column("n", justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    if wide:
        table.add_column("scale", no_wrap=True)
    for claim in rows:
        table.add_row(*_claim(claim, wide, whole))
    return table


def _claim(claim: Claim, wide: bool, whole: bool) -> Iterable[RenderableType]:
    verdict = Text(f"{claim.sign} {claim.verdict}", style=_COLOURS.get(claim.verdict, "dim"))
    yield Text(claim.id)
    yield Text.assemble(
        claim.statement if whole else _short(claim.statement, 75 if wide else 60),
        ("\n" + (claim.detail if whole else _short(claim.detail, 150 if wide else 100)), "dim"),
    )
    measured = claim.measured.replace(" [", "\n[")
    if wide:
        yield from (Text(claim.published), Text(measured), Text(claim.n), verdict, Text(claim.scale))
    else:
        paper = f"paper {claim.published}" if claim.published else ""
        yield Text("\n".join(part for part in (measured, paper) if part))
        yield verdict + Text(f"\n  {claim.scale} scale", style="dim") if claim.scale else verdict


def _runs(runs: list[Run], wide: bool) -> Table:
    done = sum(run.done for run in runs)
    table = _table(f"{done} of {len(runs)} runs done")
    table.add_column("run", ratio=1, overflow="fold")
    for name in ("seeds", "time", *(("memory",) if wide else ())):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("state", no_wrap=True)
    if wide:
        table.add_column("commit", no_wrap=True)
    for run in runs:
        state = Text("done", style="green") if run.done else Text("to do", style="dim")
        measured = (run.wall, run.memory, run.commit) if run.done else ("", "", "")
        wall, memory, commit = map(Text, measured)
        name, seeds = Text(run.run_id), Text(str(run.seeds or ""))
        table.add_row(*((name, seeds, wall, memory, state, commit) if wide else (name, seeds, wall, state)))
    return table


def _table(caption: str) -> Table:
    from rich import box

    return Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=True, caption=caption, caption_justify="left")


def _tally(rows: list[Claim]) -> str:
    counts = Counter(claim.verdict for claim in rows)
    return f"{len(rows)} claims: " + ", ".join(f"{counts[word]} {word}" for word in SIGNS if counts[word])


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"
