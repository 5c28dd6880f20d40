"""The command line: `ctbench VERB`.

Exit code 2 for bad input (one paragraph says what), 75 if the same command is to be given again, 1 for a fault of ours.

Rooms are imported by the verbs that need them: `ctbench show` does not wait for torch.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence

from ctbench.cli.arguments import parser
from ctbench.spec.errors import UserError

OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors of the operating system that are the user's to mend."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a verb; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        return options.verb(options) or 0
    except UserError as error:
        said = str(error)
    except BrokenPipeError:  # whoever reads the output, `head` say, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        said = f"{error.filename}: {error.strerror}. Finished results are untouched; run the same command again."
    print(f"ctbench: {' '.join(said.split())}", file=sys.stderr)
    return 2
