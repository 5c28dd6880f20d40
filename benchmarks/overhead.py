"""What the workflow costs beside its runs: every job of preset `laptop` by Snakemake, with every run done before.

The committed records stand in a copy of the repository; there each batch of runs starts, imports what it needs, finds
its records whole and ends; data sets are prepared, claims judged, the report written. Time of computing (user and
system, of all processes) is compared with that of the runs themselves, so that a busy machine misleads nobody.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.suite import jobs_of
from ctbench.papers._batches import batches

ROOT = Path(__file__).resolve().parents[1]


def workflow(folder: Path) -> tuple[float, float]:
    """Seconds of computing, and by the clock on two cores."""
    for name in ("ctbench", "workflow", "profiles", "Snakefile", "config.yaml", "requirements.lock"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "results" / "reference" / "laptop" / "runs", folder / "results" / "laptop" / "runs")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--forceall", "--quiet"]
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def main(full: bool) -> None:
    del full
    jobs = jobs_of("laptop")
    runs = sum(job.seconds for job in jobs)
    with tempfile.TemporaryDirectory() as folder:
        seconds, wall = workflow(Path(folder))
    print(
        f"overhead of the workflow, preset laptop: {seconds:.0f} s of computing ({wall:.0f} s by the clock, two cores) "
        f"for {len(jobs)} runs of {runs:.0f} s in {len(batches(jobs))} processes: {100 * seconds / runs:.1f} %"
    )


if __name__ == "__main__":
    main(full=False)
