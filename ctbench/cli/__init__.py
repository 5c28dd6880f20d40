"""The command line: `ctbench VERB`.

Exit code 2 for bad input (one paragraph says what), 75 if the same command is to be given again, 1 for a fault of ours.

Rooms are imported by the verbs that need them: `ctbench show` does not wait for torch.
"""

from __future__ import annotations

from collections.abc import Sequence

from ctbench.cli.arguments import parser
from ctbench.cli.console import answered


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    options = parser().parse_args(arguments)
    return answered(lambda: options.verb(options))
