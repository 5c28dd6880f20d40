"""The verbs that judge measurements, and show what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctbench.cli.console import Options, console
from ctbench.spec.config import Config, load_config
from ctbench.spec.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType


def judge(options: Options) -> None:
    """`ctbench judge`."""
    import pandas as pd

    from ctbench.judge import judge as judged
    from ctbench.judge import load_claims, write_table
    from ctbench.records import measurements, record
    from ctbench.records.doubts import NO_RECORD, doubts, refuse
    from ctbench.spec.run import read_spec

    config, folder = _results(options)
    folders = record.planned(folder)
    measured, timed = (record.gather(folders, name) for name in ("measurements", "timings"))
    rows = pd.concat([measured, timed], ignore_index=True)
    found = doubts(folder, rows)
    if options.strict:
        refuse(found)
    measurements.write(measured, folder / "measurements.parquet")
    absent = "needs a GPU, or is not in this preset" if config.preset == "paper" else f"not in preset {config.preset}"
    missing = (folder / "runs" / run / "spec.json" for run in found.get(NO_RECORD, ()))
    waiting = {read_spec(path).name for path in missing if path.exists()}
    claims, criteria = judged(rows, load_claims(), absent=absent, waiting=waiting)
    write_table(criteria, folder / "criteria.csv")
    write_table(claims, folder / "claims.csv")
    console.print(", ".join(f"{n} {verdict}" for verdict, n in claims["verdict"].value_counts().items()))
    for reason, runs in found.items():
        console.print(f"{len(runs)} run{'s' * (len(runs) != 1)}: {reason}")


def report(options: Options) -> None:
    """`ctbench report`."""
    from ctbench.report import write_report

    for path in write_report(_results(options)[1]):
        console.print(str(path))


def show_claims(options: Options) -> None:
    """`ctbench show claims`."""
    from ctbench.judge import read_claims
    from ctbench.report import terminal

    found = terminal.of_paper(read_claims(_results(options)[1] / "claims.csv"), options.paper)
    _show(options, found, lambda: terminal.claims_table(found, whole=options.paper is not None))


def show_criteria(options: Options) -> None:
    """`ctbench show criteria`."""
    from ctbench.judge import read_criteria
    from ctbench.judge.listing import with_seeds_for
    from ctbench.report import terminal

    found = terminal.of_paper(read_criteria(_results(options)[1] / "criteria.csv"), options.paper)
    if options.precision:
        found = with_seeds_for(found, options.precision)
    _show(options, found, lambda: terminal.criteria_table(found))


def show_runs(options: Options) -> None:
    """`ctbench show runs`."""
    from ctbench.records import record
    from ctbench.report import terminal

    folder = _results(options)[1]
    record.planned(folder)
    runs = terminal.runs_frame(folder)
    _show(options, runs, lambda: terminal.runs_table(folder))


def show_run(options: Options) -> None:
    """`ctbench show run ID`."""
    from ctbench.records import measurements
    from ctbench.spec.files import read_json

    runs = _results(options)[1] / "runs"
    found = sorted(path for path in runs.glob("*") if path.is_dir() and path.name.startswith(options.id))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise UserError(f"{runs}: found {names}, expected one run whose id begins with {options.id!r}.")
    wanted = ["spec", "provenance"] if options.provenance or options.json else ["spec"]
    files = {name: read_json(found[0] / f"{name}.json") for name in wanted}
    rows = measurements.read(found[0] / "measurements.parquet")
    if options.json:
        _print_json({**files, "measurements": _records(rows)})
        return
    for name, content in files.items():
        console.print(f"{name}.json\n{json.dumps(content, indent=2)}")
    groups = rows.groupby(["metric", "solver", "steps", "x"], dropna=False)["value"]
    console.print(groups.agg(["count", "mean", "std", "min", "max"]).to_string())


def compare(options: Options) -> None:
    """`ctbench compare A B`."""
    from ctbench.judge import Verdicts, read_claims, read_criteria
    from ctbench.judge.compare import compare as compared
    from ctbench.report import terminal

    both = [Verdicts(read_claims(f / "claims.csv"), read_criteria(f / "criteria.csv")) for f in (options.a, options.b)]
    found = compared(*both)
    _show(options, found, lambda: terminal.compared_table(found, str(options.a), str(options.b)))


def _show(options: Options, frame: pd.DataFrame, table: Callable[[], RenderableType]) -> None:
    """A table as JSON where that is asked for, else as `table` makes it."""
    if options.json:
        _print_json(_records(frame))
    else:
        console.print(table())


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows; what is missing or not finite is None."""
    return json.loads(frame.to_json(orient="records", double_precision=15) or "[]")


def _print_json(content: Any) -> None:
    print(json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False))


def _results(options: Options) -> tuple[Config, Path]:
    config = load_config(options.config)
    return config, options.results or config.folder
