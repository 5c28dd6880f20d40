"""Run the benchmarks and print one line each: what, ours, the plain twin, the ratio, and whether numbers agree."""

from __future__ import annotations

import argparse

from benchmarks import (
    coverage,
    harness,
    koopman,
    overhead,
    plan,
    report,
    speed,
    startup,
    suite,
)

OTHERS = {
    "coverage": coverage.main,
    "harness": harness.main,
    "koopman": koopman.main,
    "overhead": overhead.main,
    "plan": plan.main,
    "report": report.main,
    "startup": startup.main,
    "suite": suite.main,
}


def main() -> None:
    names = [*speed.TWINS, *OTHERS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which: {', '.join(names)} (default: all)")
    parser.add_argument("--full", action="store_true", help=speed.FULL)
    options = parser.parse_args()
    for name in options.names or names:
        if name in speed.TWINS:
            for line in speed.TWINS[name](options.full):
                print(line, flush=True)
        else:
            OTHERS[name](full=options.full)


if __name__ == "__main__":
    main()
