"""Where a number comes from: code, versions, machine, time."""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import shutil
import subprocess
import time
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("ctbench", "torch", "numpy", "scipy", "torchdiffeq", "pandas", "scikit-learn")
ENVIRONMENT = (
    *("CUDA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "OMP_NUM_THREADS", "MKL_NUM_THREADS"),
    *("SLURM_JOB_ID", "SLURMD_NODENAME", "SLURM_RESTART_COUNT"),
)
ROOT = Path(__file__).resolve().parents[2]


class Clock:
    """Wall and process time since it was made."""

    def __init__(self) -> None:
        self.started, self._wall, self._process = datetime.now(UTC), time.perf_counter(), time.process_time()

    def read(self) -> dict[str, Any]:
        return {
            "started": self.started.isoformat(timespec="seconds"),
            "wall_seconds": round(time.perf_counter() - self._wall, 3),
            "process_seconds": round(time.process_time() - self._process, 3),
            "peak_memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }


def provenance(command: str, threads: int, device: str) -> dict[str, Any]:
    """What does not change while a run lasts: command, code, versions, machine."""
    return {
        "command": command,
        "threads": threads,
        "device": device,
        "environment": {name: os.environ[name] for name in ENVIRONMENT if name in os.environ},
        **code(),
        "versions": versions(),
        **machine(),
    }


@cache
def code() -> dict[str, Any]:
    """Git commit, whether the tree differs from it, and the hash of the lock file; `unknown` outside a checkout."""
    commit, status = _git("rev-parse", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    lock = ROOT / "requirements.lock"
    return {
        "commit": commit or "unknown",
        "dirty": bool(status) if commit else None,
        "lock": hashlib.sha256(lock.read_bytes()).hexdigest()[:12] if lock.exists() else "unknown",
    }


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the packages that numbers depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


@cache
def machine() -> dict[str, Any]:
    """Processor, cores, GPU and platform."""
    cpu = platform.processor() or "unknown"
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    gpu = (
        _output("nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader")
        if shutil.which("nvidia-smi")
        else ""
    )
    return {"cpu": cpu, "cores": os.cpu_count(), "gpu": gpu or "none", "platform": platform.platform()}


def _git(*arguments: str) -> str:
    return _output("git", "--no-optional-locks", "-C", str(ROOT), *arguments)


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""
