"""The command line: `ctbench VERB`.

Exit code 2 for bad input (one paragraph says what), 75 if the same command is to be given again, 1 for a fault of ours.

Rooms are imported by the verbs that need them: `ctbench show` does not wait for torch.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from math import isfinite, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ctbench.spec.config import Config, load_config, merge, read_yaml
from ctbench.spec.errors import UserError
from ctbench.spec.run import PAPERS

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from ctbench.papers._plan import Job
    from ctbench.papers._stopping import Stop

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
Options = argparse.Namespace
LISTED = 20
"""So many of the runs that `verify` skips are named one by one."""
VERIFIED = ("identical", "within tolerance", "differs", "skipped")
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors of the operating system that are the user's to mend."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        return options.verb(options) or 0
    except UserError as error:
        said = str(error)
    except BrokenPipeError:  # whoever reads the output, `head` say, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        said = f"{error.filename}: {error.strerror}. Finished results are untouched; run the same command again."
    print(f"ctbench: {' '.join(said.split())}", file=sys.stderr)
    return 2


def parser() -> argparse.ArgumentParser:
    """Every verb and its options."""
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument("--config", type=Path, default=Path("config.yaml"), help="configuration (default: %(default)s)")
    results = argparse.ArgumentParser(add_help=False, parents=[config])
    results.add_argument("--results", type=Path, help="results folder (default: that of the configuration)")

    top = argparse.ArgumentParser(prog="ctbench", description="Reproducibility suite for continuous-depth networks.")
    verbs = top.add_subparsers(required=True, metavar="VERB")

    one = _add(verbs, "plan", plan, "list the runs, what is done and how long the rest will take", config)
    one.add_argument("--shell", action="store_true", help="print one command a line, in an order that works")
    one.add_argument("--preset", help="another preset than the configuration's")
    one.add_argument("--device", help="another device than the configuration's: cpu or cuda")
    one.add_argument("--paper", choices=PAPERS, help="only the runs of this paper")

    data = _group(verbs, "data", "data sets: where each can be had, what is here")
    _add(data, "list", data_list, "every data set, its sources and whether it is here", config)
    _add(data, "verify", data_verify, "compare the prepared data sets with their hashes", config)
    one = _add(data, "prepare", data_prepare, "fetch a data set and bring it into its canonical form", config)
    one.add_argument("name", help="data set")
    one.add_argument("--source", action="append", help="only this kind of source: mirror, url or package")

    one = _add(verbs, "run", run, "do one run or several; each goes on from its checkpoint if there is one", config)
    one.add_argument("spec", type=Path, nargs="+", help="specification of the run (a spec.json)")
    one.add_argument("--out", type=Path, help="folder of the record (default: where the specification stands)")
    one.add_argument("--threads", type=_positive, help="CPU threads (default: that of the configuration)")
    one.add_argument(
        "--max-minutes",
        type=_minutes,
        default=0.0,
        help="before this time is over, save the state and exit with 75 (default: 0, no limit)",
    )

    one.add_argument(
        "--jobs-per-gpu",
        type=int,
        default=0,
        help="claim one of so many places on a GPU, wait for one if need be (default: 0, take what is visible)",
    )

    one = _add(verbs, "record", record, "train a run once more and keep its weights as it goes", config)
    one.add_argument("spec", type=Path, help="specification of the run (a spec.json)")
    one.add_argument("--out", type=Path, help="folder of the trajectories (default: beside the record)")
    one.add_argument("--unit", default="step", help="step (an epoch) or iteration (default: %(default)s)")
    one.add_argument("--every", default=1, help="units from one snapshot to the next (default: %(default)s)")
    one.add_argument("--start", default=0, help="units before the first snapshot (default: %(default)s)")
    one.add_argument("--window", help="keep this many snapshots, the last ones (default: all)")
    one.add_argument("--dimensions", help="project larger nets to so many numbers (default: none)")

    one = _add(verbs, "modes", modes, "dynamic modes of a recorded trajectory", argparse.ArgumentParser(add_help=False))
    one.add_argument("trajectory", type=Path, help="what `ctbench record` wrote")
    one.add_argument("--last", type=_positive, help="of the last snapshots only")
    one.add_argument("--rank", type=_positive, default=10, help="modes at most (default: %(default)s)")
    one.add_argument("--delays", type=_positive, default=1, help="snapshots in one state (default: %(default)s)")

    one = _add(verbs, "verify", verify, "do a random sample of recorded runs again and compare", config)
    one.add_argument("results", type=Path, help="results folder, such as results/laptop")
    one.add_argument("--sample", type=_positive, default=10, help="how many runs (default: %(default)s)")
    one.add_argument("--minutes", type=_minutes, default=10.0, help="about how long (default: %(default)s)")
    one.add_argument("--seed", type=int, default=0, help="of the random choice (default: %(default)s)")

    one = _add(verbs, "check", check, "hold somebody's own model, solver or data set to the rules of ours", config)
    one.add_argument("file", type=Path, help="Python file with a MODEL, a TABLEAU or a FAMILY")
    one.add_argument("--raw", type=Path, help="folder with the raw files of a data set")

    one = _add(verbs, "judge", judge, "judge every claim by the measurements", results)
    one.add_argument(
        "--strict", action="store_true", help="refuse records that are incomplete, of a dirty tree or another lock file"
    )
    _add(verbs, "report", report, "write tables, figures and report.html", results)

    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="for machines: JSON, missing numbers as null")
    shown = _group(verbs, "show", "print claims, criteria, runs or one run")
    one = _add(shown, "claims", show_claims, "every claim and its verdict", results, output)
    one.add_argument("--paper", help="only the claims of this paper, with all that was found of them")
    one = _add(shown, "criteria", show_criteria, "every criterion that ran: number, interval, seeds", results, output)
    one.add_argument("--paper", help="only the criteria of this paper")
    one.add_argument("--precision", type=_precision, help="also the seeds for an interval of ± this (ratio: 1 ± this)")
    _add(shown, "runs", show_runs, "every run of the plan", results, output)
    one = _add(shown, "run", show_run, "one run: settings, measurements, provenance", results, output)
    one.add_argument("id", help="run id, or its beginning")
    one.add_argument("--provenance", action="store_true", help="where its numbers come from")

    one = _add(verbs, "compare", compare, "two folders of results, claim by claim: which verdicts changed", output)
    one.add_argument("a", type=Path, help="folder of results")
    one.add_argument("b", type=Path, help="another")
    return top


def _group(verbs: argparse._SubParsersAction, name: str, about: str) -> argparse._SubParsersAction:
    return verbs.add_parser(name, help=about, description=about).add_subparsers(required=True, metavar="WHAT")


def _add(
    verbs: argparse._SubParsersAction,
    name: str,
    verb: Callable[[Options], int | None],
    about: str,
    *common: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    one = verbs.add_parser(name, help=about, description=about, parents=common)
    one.set_defaults(verb=verb)
    return one


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a number, at least 1")
    return int(text)


def _precision(text: str) -> float:
    return _number(text, lambda size: size > 0, "a positive number")


def _minutes(text: str) -> float:
    return _number(text, lambda minutes: minutes >= 0, "minutes, 0 for no limit")


def _number(text: str, admitted: Callable[[float], bool], expected: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = nan
    if not (isfinite(found) and admitted(found)):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected {expected}")
    return found


def plan(options: Options) -> None:
    """`ctbench plan`."""
    from ctbench.papers import experiments
    from ctbench.papers._plan import plan as planned
    from ctbench.papers._plan import write_plan

    chosen = {key: value for key in ("preset", "device") if (value := getattr(options, key))}
    overrides = {**read_yaml(options.config), **chosen}
    config = merge(overrides, str(options.config))
    every = planned(config)
    jobs = [job for job in every if options.paper in (None, job.spec.paper)]
    if options.shell:
        print_commands(jobs, write_plan(config, every, overrides))
        return
    table = Table("run", "seeds", "scale", "minutes", "state", box=None)
    title = ""
    for job in jobs:
        if title != (title := experiments()[job.spec.name].title):
            table.add_row(f"[bold]{title}[/bold]")
        minutes = f"{job.seconds / 60:.1f}" + ("" if job.measured else " (a guess)")
        state = "done" if job.done else "to do"
        table.add_row(job.spec.run_id, str(len(job.spec.seeds) or "-"), job.spec.scale, minutes, state)
    console.print(table)
    left = [job for job in jobs if not job.done]
    guessed = sum(not job.measured for job in left)
    total = sum(job.seconds for job in left) / 60
    console.print(
        f"{len(jobs)} runs, {len(jobs) - len(left)} done. The rest: about {total:.0f} minutes on one core"
        + (f", {guessed} of {len(left)} runs by a guess." if guessed else ", by this machine's own records.")
    )


def print_commands(jobs: list[Job], config: Path) -> None:
    """Commands in stages; within a stage they may go side by side."""
    runs = {
        stage: [
            f"ctbench run {shlex.quote(str(job.folder / 'spec.json'))}"
            for job in jobs
            if bool(job.spec.parent) is swept
        ]
        for stage, swept in (("trainings", False), ("sweeps", True))
    }
    data = [f"ctbench data prepare {name}" for name in sorted({job.data for job in jobs if job.data})]
    ends = ["ctbench judge", "ctbench report", "ctbench show claims"]
    for stage, commands in [("data", data), *runs.items(), ("verdicts, one after another", ends)]:
        print(f"# {stage}")
        for command in commands:
            print(f"{command} --config {shlex.quote(str(config))}")


def data_list(options: Options) -> None:
    """`ctbench data list`."""
    from ctbench import data

    states = dict(data.verify(load_config(options.config).data))
    table = Table("data set", "here", "source", "where", box=None)
    for name in data.names():
        for i, (kind, where) in enumerate(data.sources(name)):
            table.add_row(*((name, states[name]) if i == 0 else ("", "")), kind, where)
    console.print(table)


def data_verify(options: Options) -> None:
    """`ctbench data verify`."""
    from ctbench import data

    states = data.verify(load_config(options.config).data)
    for name, state in states:
        console.print(f"{name}: {state}")
    if damaged := [name for name, state in states if state.startswith("corrupt")]:
        raise UserError(f"Damaged data sets: {', '.join(damaged)}. Delete their files and prepare them again.")


def data_prepare(options: Options) -> None:
    """`ctbench data prepare NAME`."""
    from ctbench import data

    found = data.prepare(options.name, load_config(options.config).data, sources=options.source, log=console.print)
    facts = ", ".join(f"{key} {value}" for key, value in found.fingerprint.items())
    console.print(f"{found.name}: sha256 {found.sha256}\n{facts}")


def run(options: Options) -> int:
    """`ctbench run SPEC ...`: what one run fails at does not keep the others from being done."""
    from ctbench.papers._slots import slot
    from ctbench.papers._stopping import EXIT_CODE, Stop, StoppedError

    if options.out and len(options.spec) > 1:
        raise UserError(f"--out: found {len(options.spec)} specifications, expected one.")
    config, stop, errors, crashed = load_config(options.config), Stop(options.max_minutes), [], []
    shared = options.jobs_per_gpu > 0 and config.device == "cuda"
    try:
        with stop.listening(), slot(options.jobs_per_gpu, stop) if shared else nullcontext():
            for path in options.spec:
                try:
                    run_one(path, options, config, stop)
                except (StoppedError, OSError):
                    raise
                except UserError as error:
                    errors.append(str(error))
                except Exception:
                    traceback.print_exc()
                    crashed.append(path.parent.name)
    except StoppedError as reason:
        console.print(f"Stopped, {reason}. What was done is saved; the same command goes on from there.")
        return EXIT_CODE
    if crashed:
        console.print(f"Failed by a fault of ours, told above: {', '.join(crashed)}.")
    if errors:
        raise UserError(" ".join(errors))
    return int(bool(crashed))


def run_one(path: Path, options: Options, config: Config, stop: Stop) -> None:
    """One run of `ctbench run`."""
    from ctbench.papers._runner import Workplace, execute
    from ctbench.spec.run import read_spec

    threads = options.threads or config.threads
    command = ["ctbench", "run", path, "--config", options.config, "--threads", threads]
    command += ["--out", options.out] if options.out else []
    typed = shlex.join(map(str, command))
    place = Workplace(config.state, config.data, config.device, threads, console.print, typed, stop)
    execute(read_spec(path), options.out or path.parent, place)


def verify(options: Options) -> None:
    """`ctbench verify RESULTS`."""
    from tempfile import TemporaryDirectory

    from ctbench.papers._runner import Workplace
    from ctbench.papers._verify import TOLERANCE
    from ctbench.papers._verify import verify as verified

    config, found = load_config(options.config), []
    with TemporaryDirectory(prefix="ctbench-verify-") as scratch:
        place = Workplace(Path(scratch, ".state"), config.data, log=lambda _: None)
        chosen = {"sample": options.sample, "minutes": options.minutes, "seed": options.seed}
        for each in verified(options.results, Path(scratch), place, **chosen):
            found.append(each)
            if each.outcome != "skipped" or each.seconds or len(found) <= LISTED:
                took = f" ({each.seconds:.0f} s)" if each.seconds else ""
                console.print(f"{each.run}: {each.outcome}{took}{', ' if each.detail else ''}{each.detail}")
    counts = {outcome: [each.run for each in found if each.outcome == outcome] for outcome in VERIFIED}
    said = ", ".join(f"{len(runs)} {outcome}" for outcome, runs in counts.items())
    console.print(f"{said}. Tolerance on another kind of machine: {100 * TOLERANCE:.0f} %.")
    if counts["differs"]:
        raise UserError(f"{options.results}: {', '.join(counts['differs'])}: other numbers than those recorded.")


def check(options: Options) -> None:
    """`ctbench check FILE`."""
    from ctbench import contract

    broken = 0
    for says, fault in contract.check(options.file, options.raw):
        broken += bool(fault)
        line = escape(f"{says}: {fault}" if fault else says)
        console.print(f"[red]no[/red]   {line}" if fault else f"[green]yes[/green]  {line}")
    if broken:
        raise UserError(f"{options.file}: {broken} rule{'s' * (broken > 1)} broken.")
    console.print(escape(contract.advice(options.file, options.raw)))


def record(options: Options) -> None:
    """`ctbench record SPEC`."""
    from ctbench.papers._recording import record as recorded
    from ctbench.papers._runner import Workplace
    from ctbench.spec.frozen import validated
    from ctbench.spec.run import read_spec
    from ctbench.training.trajectory import Recording

    config, spec = load_config(options.config), read_spec(options.spec)
    place = Workplace(config.state, config.data, config.device, config.threads, console.print)
    keys = ("unit", "every", "start", "window", "dimensions")
    recording = validated(Recording, {key: getattr(options, key) for key in keys}, "recording")
    folder = options.out or options.spec.parent.with_name(f"{spec.run_id}.trajectories")
    for path in recorded(spec, folder, place, recording):
        console.print(str(path))


def modes(options: Options) -> None:
    """`ctbench modes TRAJECTORY`."""
    from ctbench.training.modes import dynamic_modes
    from ctbench.training.trajectory import Trajectory

    weights = Trajectory.read(options.trajectory).weights[-(options.last or 0) :]
    found = dynamic_modes(weights, options.rank, delays=options.delays)
    table = Table("eigenvalue", "modulus", "residual", "importance", box=None)
    for value, residual, importance in zip(found.eigenvalues, found.residuals, found.importance, strict=True):
        table.add_row(f"{value:.6f}", f"{abs(value):.6f}", f"{residual:.1e}", f"{importance:.4g}")
    console.print(table)
    console.print(
        f"{len(weights)} snapshots, {100 * found.share_near_one(0.01):.0f} % of the eigenvalues within 0.01 of 1"
    )


def judge(options: Options) -> None:
    """`ctbench judge`."""
    import pandas as pd

    from ctbench.judge import judge as judged
    from ctbench.judge import load_claims, write_table
    from ctbench.records import measurements, record
    from ctbench.records.doubts import doubts, refuse

    config, folder = _results(options)
    folders = record.planned(folder)
    measured, timed = (record.gather(folders, name) for name in ("measurements", "timings"))
    rows = pd.concat([measured, timed], ignore_index=True)
    found = doubts(folder, rows)
    if options.strict:
        refuse(found)
    measurements.write(measured, folder / "measurements.parquet")
    absent = "needs a GPU, or is not in this preset" if config.preset == "paper" else f"not in preset {config.preset}"
    claims, criteria = judged(rows, load_claims(), absent=absent)
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


if __name__ == "__main__":
    sys.exit(main())
