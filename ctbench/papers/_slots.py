"""A GPU for each run: so many runs share one, kept apart by locks that the kernel drops when their holder dies."""

from __future__ import annotations

import fcntl
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ctbench.papers._stopping import Stop
from ctbench.spec.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"


def devices() -> list[str]:
    """The GPUs that this process may use: those of `CUDA_VISIBLE_DEVICES` (Slurm sets it), else all of the machine.

    Raises UserError if there is none.
    """
    if VISIBLE in os.environ:
        found = [name.strip() for name in os.environ[VISIBLE].split(",") if name.strip()]
        where = f"{VISIBLE}={os.environ[VISIBLE]!r}"
    else:
        found = [line.strip() for line in _asked().splitlines() if line.strip()]
        where = "nvidia-smi"
    if not found:
        raise UserError(f"A GPU is wanted, but {where} names none. Set `device: cpu` in the configuration.")
    return found


def _asked() -> str:
    command = ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


@contextmanager
def slot(per_gpu: int, stop: Stop, folder: Path | None = None) -> Iterator[str]:
    """Holds one of `per_gpu` places on a GPU, the emptiest first, and shows CUDA that GPU alone; waits for one.

    Must be entered before CUDA is. The locks lie in `folder`, by default one of this user on this machine: runs of
    several workflows keep apart too. Raises StoppedError where `stop` says so while waiting.
    """
    names = devices()
    folder = folder or Path(tempfile.gettempdir(), f"ctbench-gpu-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    while True:
        for place in range(per_gpu):
            for name in names:
                with (folder / f"{name.replace('/', '_')}.{place}.lock").open("a") as handle:
                    try:
                        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        continue
                    before = os.environ.get(VISIBLE)
                    os.environ[VISIBLE] = name
                    try:
                        yield name
                    finally:
                        os.environ.pop(VISIBLE) if before is None else os.environ.update({VISIBLE: before})
                    return
        stop.check()
        time.sleep(0.2)
