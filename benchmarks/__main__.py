"""Run the benchmarks and print one line each: what, ours, the plain twin, the ratio, and whether numbers agree."""

from __future__ import annotations

import argparse

from benchmarks import (
    cgnn,
    coverage,
    graphs,
    harness,
    images,
    koopman,
    overhead,
    plan,
    report,
    startup,
    suite,
    traffic,
    walsh,
)

ALL = {
    "cgnn": cgnn.main,
    "coverage": coverage.main,
    "graphs": graphs.main,
    "harness": harness.main,
    "images": images.main,
    "koopman": koopman.main,
    "overhead": overhead.main,
    "plan": plan.main,
    "report": report.main,
    "startup": startup.main,
    "suite": suite.main,
    "traffic": traffic.main,
    "walsh": walsh.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(ALL)} (default: all)")
    parser.add_argument("--full", action="store_true", help="whole trainings of the plain twins (minutes each)")
    options = parser.parse_args()
    for name in options.names or ALL:
        ALL[name](full=options.full)


if __name__ == "__main__":
    main()
