"""Every verb and its options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import isfinite, nan
from pathlib import Path

from ctbench.cli.console import Options
from ctbench.cli.judged import compare, judge, report, show_claims, show_criteria, show_run, show_runs
from ctbench.cli.working import (
    check,
    data_list,
    data_prepare,
    data_verify,
    modes,
    plan,
    record,
    run,
    verify,
)
from ctbench.spec.run import PAPERS


def parser() -> argparse.ArgumentParser:
    """Every verb and its options."""
    config = argparse.ArgumentParser(add_help=False)
    config.add_argument("--config", type=Path, default=Path("config.yaml"), help="configuration (default: %(default)s)")
    top = argparse.ArgumentParser(prog="ctbench", description="Reproducibility suite for continuous-depth networks.")
    verbs = top.add_subparsers(required=True, metavar="VERB")
    _planning(verbs, config)
    _trainings(verbs, config)
    _checking(verbs, config)
    _judging(verbs, config)
    return top


def _planning(verbs: argparse._SubParsersAction, config: argparse.ArgumentParser) -> None:
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


def _trainings(verbs: argparse._SubParsersAction, config: argparse.ArgumentParser) -> None:
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


def _checking(verbs: argparse._SubParsersAction, config: argparse.ArgumentParser) -> None:
    one = _add(verbs, "verify", verify, "do a random sample of recorded runs again and compare", config)
    one.add_argument("results", type=Path, help="results folder, such as results/laptop")
    one.add_argument("--sample", type=_positive, default=10, help="how many runs (default: %(default)s)")
    one.add_argument("--minutes", type=_minutes, default=10.0, help="about how long (default: %(default)s)")
    one.add_argument("--seed", type=int, default=0, help="of the random choice (default: %(default)s)")

    one = _add(verbs, "check", check, "hold somebody's own model, solver or data set to the rules of ours", config)
    one.add_argument("file", type=Path, help="Python file with a MODEL, a TABLEAU or a FAMILY")
    one.add_argument("--raw", type=Path, help="folder with the raw files of a data set")


def _judging(verbs: argparse._SubParsersAction, config: argparse.ArgumentParser) -> None:
    results = argparse.ArgumentParser(add_help=False, parents=[config])
    results.add_argument("--results", type=Path, help="results folder (default: that of the configuration)")
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
