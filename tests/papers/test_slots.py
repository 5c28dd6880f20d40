"""GPUs are shared by so many runs and no more; a killed run gives its place back. No GPU is needed for that."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from ctbench.papers._slots import VISIBLE, devices, slot
from ctbench.papers._stopping import Stop, StoppedError
from ctbench.spec.errors import UserError


@pytest.fixture(autouse=True)
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VISIBLE, "0,GPU-4711")


HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


class Impatient(Stop):
    """Does not wait."""

    def check(self, needed: float = 0.0) -> None:
        raise StoppedError("no place")


def test_runs_spread_over_the_gpus_before_they_share_one(tmp_path: Path) -> None:
    with ExitStack() as held:
        taken = [held.enter_context(slot(2, Impatient(), tmp_path)) for _ in range(4) if _reset()]
        assert taken == ["0", "GPU-4711", "0", "GPU-4711"]
        _reset()
        with pytest.raises(StoppedError), slot(2, Impatient(), tmp_path):
            pass
    _reset()
    with slot(2, Impatient(), tmp_path) as name:
        assert name == "0" == os.environ[VISIBLE]
    assert os.environ[VISIBLE] == "0,GPU-4711"


def _reset() -> bool:
    """Each run is a process of its own, with the environment that the machine gives."""
    os.environ[VISIBLE] = "0,GPU-4711"
    return True


def test_a_killed_run_gives_its_place_back(tmp_path: Path) -> None:
    holders = []
    for name in ("0", "GPU-4711"):
        command = [sys.executable, "-c", HOLD, str(tmp_path / f"{name}.0.lock")]
        holders.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        assert holders[-1].stdout and holders[-1].stdout.readline()
    with pytest.raises(StoppedError), slot(1, Impatient(), tmp_path):
        pass
    holders[1].send_signal(signal.SIGKILL)
    holders[1].wait()
    with slot(1, Impatient(), tmp_path) as name:
        assert name == "GPU-4711"
    holders[0].kill()
    holders[0].wait()


def test_a_run_waits_for_a_place(tmp_path: Path) -> None:
    class Frees(Stop):
        """Gives the place back while another waits."""

        def check(self, needed: float = 0.0) -> None:
            held.close()

    os.environ[VISIBLE] = "3"
    held = ExitStack()
    held.enter_context(slot(1, Stop(), tmp_path))
    begin = time.monotonic()
    with slot(1, Frees(), tmp_path) as name:
        assert name == "3" and time.monotonic() - begin < 5


@pytest.mark.parametrize("visible", ["", " , "])
def test_no_gpu(monkeypatch: pytest.MonkeyPatch, visible: str) -> None:
    monkeypatch.setenv(VISIBLE, visible)
    with pytest.raises(UserError, match=VISIBLE):
        devices()


def test_a_machine_is_asked_for_its_gpus(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(VISIBLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="nvidia-smi"):
        devices()
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 0\necho 1\n")
    tool.chmod(0o755)
    assert devices() == ["0", "1"]
