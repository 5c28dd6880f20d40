"""Where verbs speak to people, and what they are given."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Callable

from rich.console import Console

from ctbench.spec.errors import UserError

console = Console(highlight=False, width=None if sys.stdout.isatty() else 120)
Options = argparse.Namespace
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)
"""Errors of the operating system that are the user's to mend."""


def answered(work: Callable[[], int | None]) -> int:
    """The exit code of some work; what is the user's to mend is told in a paragraph."""
    try:
        return work() or 0
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
