"""How well the plan knows what runs will take, and what it costs to plan ten thousand of them."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import yaml

from ctbench.papers import experiments
from ctbench.papers._pace import Pace, Taken, taken
from ctbench.spec.config import PRESETS, read_yaml

REFERENCE = Path(__file__).resolve().parents[1] / "results" / "reference"
MODELS = ("euler", "midpoint", "rk4", "euler_l1")
PLAN = """
import resource, sys, time
from pathlib import Path
from ctbench.papers._plan import plan
from ctbench.spec.config import load_config
begin, started = time.perf_counter(), time.process_time()
jobs = plan(load_config(Path(sys.argv[1])))
done = sum(job.done for job in jobs)
wall, seconds = time.perf_counter() - begin, time.process_time() - started
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(len(jobs), sum(job.measured for job in jobs), wall, seconds, peak)
for job in jobs:
    job.folder.mkdir(parents=True, exist_ok=True)
    (job.folder / "spec.json").write_text(job.spec.model_dump_json())
    (job.folder / "provenance.json").write_text(sys.argv[2])
"""


def references() -> list[Taken]:
    """What each committed record took, each run once."""
    found = taken((path.parent for path in REFERENCE.glob("*/runs/*/provenance.json")), experiments())
    return list({each.spec.run_id: each for each in found}.values())


def errors(records: list[Taken], *, earlier: bool) -> list[float]:
    """Relative error of each run's estimate from the others; with `earlier` only from those that began before it."""
    found = []
    for each in records:
        others = [o for o in records if (o.started < each.started if earlier else o is not each)]
        found.append(abs(Pace(others)(each.spec, each.guess)[0] / each.seconds - 1))
    return sorted(found)


def main(full: bool) -> None:
    del full
    records = references()
    for what, earlier in (("all others", False), ("those that began before it", True)):
        found = errors(records, earlier=earlier)
        nine = found[len(found) * 9 // 10]
        print(
            f"plan: seconds of {len(records)} recorded runs, each estimated from {what}: "
            f"median error {100 * median(found):.0f} %, nine in ten under {100 * nine:.0f} %"
        )
    many(10_000)


def many(runs: int) -> None:
    """Plan so many runs in a process of its own: first with no record, then with one of each."""
    recorded = next(REFERENCE.glob("laptop/runs/pendulum-*/provenance.json")).read_text()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "config.yaml")
        spacings = [f"pendulum_{0.001 * n:.4f}" for n in range(1, runs // len(MODELS) + 1)]
        chosen = {"datasets": spacings, "models": {model: {} for model in MODELS}}
        others = dict.fromkeys(read_yaml(PRESETS / "smoke.yaml")["experiments"])
        content = {"preset": "smoke", "results": folder, "experiments": {**others, "continuousnet/pendulum": chosen}}
        path.write_text(yaml.safe_dump(content))
        for records in ("no record", "a record of each"):
            command = [sys.executable, "-c", PLAN, str(path), recorded]
            said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
            wall, seconds, peak = map(float, said[2:])
            print(f"plan: {said[0]} runs with {records}: {wall:.1f} s ({seconds:.1f} s of one core), {peak:.2f} GiB")
