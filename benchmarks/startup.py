"""Start-up: importing the report, and `snakemake -n` on the largest preset."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median


def main(full: bool) -> None:
    importing = median(seconds(sys.executable, "-c", "import ctbench.report") for _ in range(5))
    nothing = median(seconds(sys.executable, "-c", "pass") for _ in range(5))
    print(f"import ctbench.report: {importing - nothing:.2f} s beyond the interpreter's {nothing:.2f} s")
    snakemake = str(Path(sys.executable).parent / "snakemake")
    dry = seconds(snakemake, "-n", "--quiet", "--cores", "2", "--config", "preset=paper")
    print(f"snakemake -n on preset paper: {dry:.1f} s")


def seconds(*command: str) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin
