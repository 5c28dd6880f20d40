"""Speed beside plain twins, as a page: `python -m benchmarks.speed > docs/speed.md`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from benchmarks import cgnn, graphs, images, traffic, walsh
from benchmarks._line import Line
from ctbench.records.provenance import code, machine, versions

ROOT = Path(__file__).resolve().parents[1]
FULL = "whole trainings of the plain twins (minutes each)"
TWINS: dict[str, Callable[[bool], Iterable[Line]]] = {
    "cgnn": cgnn.lines,
    "graphs": graphs.lines,
    "images": images.lines,
    "traffic": traffic.lines,
    "walsh": walsh.lines,
}

HEAD = """# Speed beside plain twins

Made by `{command} > docs/speed.md` of commit {commit}, on {cpu}, {cores} cores, GPU: {gpu}, torch {torch}.
A *plain twin* is the same work as one would write it first; it runs in the same process as ours, after it. Times and
rates are medians; *ratio* is how many times as fast ours is; *asked* is the aim, where one was set.
"""


def page(command: str, names: Iterable[str], full: bool) -> Iterator[str]:
    """`docs/speed.md`."""
    yield HEAD.format(command=command, commit=commit(), torch=versions()["torch"], **machine())
    heads = ("what", "ours", "plain twin", "ratio", "asked", "threads", "equal numbers, remarks")
    yield f"| {' | '.join(heads)} |\n|{' --- |' * len(heads)}"
    for name in names:
        for line in TWINS[name](full):
            yield f"| {' | '.join(line.cells)} |"
    yield ""
    for name in names:
        about = (sys.modules[TWINS[name].__module__].__doc__ or "").strip().splitlines()[0]
        yield f"- `python -m benchmarks {name}`: {about}"


def commit() -> str:
    """The code that is measured; a page of docs that is being written does not make it another."""
    changed = subprocess.run(["git", "-C", str(ROOT), "diff", "--quiet", "HEAD", "--", "benchmarks", "ctbench"])
    return f"{code()['commit'][:10]}{' with changes' if changed.returncode else ''}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(TWINS)} (default: all)")
    parser.add_argument("--full", action="store_true", help=FULL)
    options = parser.parse_args()
    command = " ".join((parser.prog, *sys.argv[1:]))
    for text in page(command, options.names or TWINS, options.full):
        print(text, flush=True)


if __name__ == "__main__":
    main()
