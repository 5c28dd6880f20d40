"""Where tensors' memory comes from on a CPU."""

from __future__ import annotations

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""Of glibc's <malloc.h>."""
LARGEST_INT = 2**31 - 1


def keep_freed_memory() -> None:
    """Let glibc keep what is freed for the next tensor; elsewhere nothing.

    By itself it returns large blocks to the system, which clears their pages anew for the next ones: of training GCDE
    on Cora, ten seeds at once, that is a tenth of the time (`python -m benchmarks graphs`).
    """
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(MMAP_THRESHOLD, LARGEST_INT)
        mallopt(TRIM_THRESHOLD, LARGEST_INT)
