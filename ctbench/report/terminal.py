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

from ctbench.judge.numbers import interval, signed
from ctbench.report.claims import JUDGED, SIGNS, Claim, claims
from ctbench.report.criteria import Criterion
from ctbench.report.criteria import criterion as in_words
from ctbench.report.sources import Run, read_runs
from ctbench.spec.errors import unknown

WIDE = 110
"""Columns from which every column of a table is shown."""
ROOMY = 95
"""Columns from which a criterion shows what it could have found."""
_COLOURS = {
    "reproduced": "green",
    "partly reproduced": "yellow",
    "not reproduced": "red",
    "inconclusive": "magenta",
}


_STATUS_COLOURS = {"pass": "green", "fail": "red", "unresolved": "magenta"}


@dataclass(frozen=True)
class Fitted:
    """A table that shows less where the terminal is narrow."""

    make: Callable[[int], RenderableType]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[RenderableType]:
        yield self.make(options.max_width)


def claims_table(frame: pd.DataFrame, *, whole: bool = False) -> RenderableType:
    """Every claim, its verdict and the beginning of what was found, or the `whole` of it."""
    rows = claims(frame)
    return Fitted(lambda width: _claims(rows, width >= WIDE, whole))


def of_paper(frame: pd.DataFrame, paper: str | None) -> pd.DataFrame:
    """The rows of one paper; all for None. Raises UserError if there is no such paper."""
    if paper is not None and paper not in (known := set(frame["paper"])):
        raise unknown("paper", paper, known)
    return frame if paper is None else frame.loc[frame["paper"] == paper]


def runs_table(results: Path) -> RenderableType:
    """Every run of the plan, done or not. Raises UserError if a record is not readable."""
    runs = read_runs(results)
    return Fitted(lambda width: _runs(runs, width >= WIDE))


def runs_frame(results: Path) -> pd.DataFrame:
    """The same runs as rows; numbers are in seconds and bytes. Raises UserError if a record is not readable."""
    kept = ("wall_seconds", "peak_memory_bytes", "commit", "dirty", "lock")
    rows = [
        {"run": run.run_id, "done": run.done, "seeds": run.seeds, **{key: run.provenance.get(key) for key in kept}}
        for run in read_runs(results)
    ]
    return pd.DataFrame(rows, columns=["run", "done", "seeds", *kept])


def criteria_table(frame: pd.DataFrame) -> RenderableType:
    """The criteria that ran: the effects that they could have found, the seeds that would settle them and, if asked
    for, those for a wished precision."""
    listed = [(in_words(row), row) for row in frame.loc[frame["status"] != "not run"].to_dict("records")]
    caption = f"{len(listed)} of {len(frame)} criteria ran"
    return Fitted(lambda width: _criteria(listed, caption, width, "seeds_for" in frame))


def compared_table(frame: pd.DataFrame, a: str, b: str) -> RenderableType:
    """The claims that either folder judged: verdicts, the difference of the first number they share, what changed."""
    judged = frame.loc[frame["verdict_a"].isin(JUDGED) | frame["verdict_b"].isin(JUDGED)]
    changed = int(judged["changed"].sum())
    table = _table(f"A = {a}, B = {b}: {changed} of {len(judged)} verdicts differ")
    table.add_column("claim", no_wrap=True)
    table.add_column("A", ratio=1)
    table.add_column("B", ratio=1)
    table.add_column("B - A [95 %]", justify="right")
    table.add_column("what changed", ratio=3)
    for row in judged.to_dict("records"):
        verdicts = (
            Text(f"{SIGNS.get(row[k], '')} {row[k]}", _COLOURS.get(row[k], "dim")) for k in ("verdict_a", "verdict_b")
        )
        table.add_row(Text(row["claim_id"]), *verdicts, Text(_difference(row)), Text(row["statuses"]))
    return table


def _verdict(word: str) -> Text:
    return Text(f"{SIGNS.get(word, '?')} {word}", style=_COLOURS.get(word, "dim"))


def _difference(row: dict) -> str:
    if pd.isna(row["difference"]):
        return "no number in both"
    if row["a"] == row["b"]:
        return "the same number"
    number = interval(row["difference"], row["low"], row["high"])
    if row["unit"] == "ratio":
        return f"factor {number}"
    return f"{signed(number)} {row['unit']}".strip()


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
    verdict = _verdict(claim.verdict)
    yield Text(claim.id)
    yield _said(claim, wide, whole)
    measured = claim.measured.replace(" [", "\n[")
    if wide:
        yield from (Text(claim.published), Text(measured), Text(claim.n), verdict, Text(claim.scale))
    else:
        paper = f"paper {claim.published}" if claim.published else ""
        yield Text("\n".join(part for part in (measured, paper) if part))
        yield verdict + Text(f"\n  {claim.scale} scale", style="dim") if claim.scale else verdict


def _said(claim: Claim, wide: bool, whole: bool) -> Text:
    """The statement and what was found, or their beginnings; why a claim was not run is only told in a `whole` one."""
    statement = claim.statement if whole else _short(claim.statement, 75 if wide else 60)
    found = claim.detail if whole else _short(claim.detail, 150 if wide else 100) if claim.judged else ""
    return Text.assemble(statement, (f"\n{found}" if found else "", "dim"))


def _criteria(listed: list[tuple[Criterion, dict]], caption: str, width: int, wanted: bool) -> Table:
    table = _table(caption)
    table.add_column("claim", no_wrap=True)
    table.add_column("criterion", ratio=1)
    table.add_column("measured [95 %]", justify="right", max_width=18)
    if width >= WIDE:
        table.add_column("asked", justify="right", max_width=11)
    table.add_column("n", justify="right", no_wrap=True)
    if width >= ROOMY:
        table.add_column("smallest\ndetectable", justify="right", max_width=10)
    for name in ("to tell", *(("for ±",) if wanted else ())):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("status", no_wrap=True)
    for criterion, row in listed:
        seeds = ["" if pd.isna(k) else str(k) for k in (row["needed"], *([row["seeds_for"]] if wanted else []))]
        cells = (row["claim_id"], criterion.label, *_found(criterion, width), *seeds)
        table.add_row(*map(Text, cells), Text(criterion.status, style=_STATUS_COLOURS.get(criterion.status, "")))
    return table


def _found(criterion: Criterion, width: int) -> Iterator[str]:
    measured = criterion.measured.replace(" [", "\n[")
    yield from (measured, criterion.required) if width >= WIDE else (f"{measured}\nasked {criterion.required}",)
    yield criterion.n
    if width >= ROOMY:
        yield criterion.detectable


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
