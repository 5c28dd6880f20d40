"""The table of `docs/faults.md` from the record of the tests: `python tests/faults/table.py RECORD`."""

import json
import sys
from collections import Counter
from pathlib import Path

HEAD = """# What can go wrong, and what it costs

`make faults` puts real processes through each of these faults, gives the same command again, and compares every byte of
the measurements, curves and weights with those of a run that was left alone. *Lost*: finished seeds that were trained
again. *Wrong*: files whose bytes differ.

| fault | tries | lost | wrong |
| --- | ---: | ---: | ---: |
"""


def table(record: Path) -> str:
    """Markdown; a line for each fault, in the order in which they were tried."""
    tries, lost, wrong = Counter[str](), Counter[str](), Counter[str]()
    for line in record.read_text().splitlines():
        found = json.loads(line)
        tries[found["fault"]] += 1
        lost[found["fault"]] += found["lost"]
        wrong[found["fault"]] += found["wrong"]
    lines = [f"| {fault} | {tries[fault]} | {lost[fault]} | {wrong[fault]} |" for fault in tries]
    total = f"| **all** | {tries.total()} | {lost.total()} | {wrong.total()} |"
    return HEAD + "\n".join([*lines, total]) + "\n"


if __name__ == "__main__":
    sys.stdout.write(table(Path(sys.argv[1])))
