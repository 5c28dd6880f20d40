"""The verbs that plan, prepare, train and check."""

from __future__ import annotations

import os
import shlex
import sys
import warnings
from collections.abc import Callable
from contextlib import nullcontext, suppress
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from ctbench.cli.console import Options, answered, console
from ctbench.spec.config import Config, load_config, merge, read_yaml
from ctbench.spec.errors import UserError

if TYPE_CHECKING:
    from ctbench.papers._plan import Job
    from ctbench.papers._stopping import Stop

LISTED = 20
"""So many of the runs that `verify` skips are named one by one."""
VERIFIED = ("identical", "within tolerance", "differs", "skipped")


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
    """`ctbench run SPEC ...`."""
    from ctbench.papers._slots import slot
    from ctbench.papers._stopping import Stop

    if options.out and len(options.spec) > 1:
        raise UserError(f"--out: found {len(options.spec)} specifications, expected one.")
    config, stop = load_config(options.config), Stop(options.max_minutes)
    shared = options.jobs_per_gpu > 0 and config.device == "cuda"

    def work() -> int:
        with stop.listening(), slot(options.jobs_per_gpu, stop) if shared else nullcontext():
            if len(options.spec) > 1:
                return run_each(options, config, stop)
            run_one(options.spec[0], options, config, stop)
            return 0

    return stopped(work)


def stopped(work: Callable[[], int]) -> int:
    """The exit code of what may be stopped."""
    from ctbench.papers._stopping import EXIT_CODE, StoppedError

    try:
        return work()
    except StoppedError as reason:
        console.print(f"Stopped, {reason}. What was done is saved; the same command goes on from there.")
        return EXIT_CODE


def run_each(options: Options, config: Config, stop: Stop) -> int:
    """Several runs, each in a fork of this process, which has imported what they need.

    What one of them fails at does not keep the others from being done, and what it leaves in memory moves no digit of
    theirs (where an array lies decides in which order a library adds it up).
    """
    from ctbench.papers import _runner, experiment
    from ctbench.papers._stopping import EXIT_CODE
    from ctbench.spec.run import read_spec

    assert _runner
    for path in options.spec:
        with suppress(UserError):  # the run tells it
            experiment(read_spec(path).name)
    failed: dict[str, int] = {}
    for path in options.spec:
        stop.check()
        child = get_context("fork").Process(target=_fork, args=(path, options, config, stop))
        child.start()
        while child.is_alive():
            child.join(1)
            if stop.signal and child.pid and child.is_alive():
                os.kill(child.pid, stop.signal)
        if child.exitcode == EXIT_CODE:
            return EXIT_CODE
        if child.exitcode:
            failed[path.parent.name] = child.exitcode
    if failed:
        console.print(f"Failed, as told above: {', '.join(failed)}.")
    return 2 if 2 in failed.values() else int(bool(failed))


def _fork(path: Path, options: Options, config: Config, stop: Stop) -> None:
    def work() -> int:
        run_one(path, options, config, stop)
        return 0

    stop.note_all()
    sys.exit(answered(lambda: stopped(work)))


def run_one(path: Path, options: Options, config: Config, stop: Stop) -> None:
    """One run of `ctbench run`."""
    from ctbench.papers._runner import Workplace, execute
    from ctbench.spec.run import read_spec

    threads = options.threads or config.threads
    command = ["ctbench", "run", path, "--config", options.config, "--threads", threads]
    command += ["--out", options.out] if options.out else []
    typed = shlex.join(map(str, command))
    place = Workplace(config.state, config.data, config.device, threads, console.print, typed, stop)
    warnings.filterwarnings("ignore", "Sparse ", UserWarning)  # torch calls its sparse tensors unfinished at every run
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
