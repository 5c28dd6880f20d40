"""Kills, limits, full disks, damage, clocks: after each the same command gives the same bytes."""

import errno
import hashlib
import os
import random
import resource
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made import Campaign, until

from ctbench.cli import main
from ctbench.data._packages import UnavailableError
from ctbench.data._sources import Remote
from ctbench.papers._stopping import EXIT_CODE

Make = Callable[..., Campaign]
Outcome = Callable[..., None]
Whole = dict[str, bytes]


@pytest.mark.parametrize("number", range(20))
def test_killed_at_a_random_moment(make: Make, alone: tuple[Whole, float], outcome: Outcome, number: int) -> None:
    campaign, (whole, seconds) = make(), alone
    process = campaign.start()
    time.sleep(random.Random(number).uniform(0, seconds))
    process.kill()
    process.join()
    kept = campaign.finished()
    assert campaign.run() == 0, campaign.said
    outcome("SIGKILL of a run at a random moment", *campaign.toll(whole, kept))


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGUSR1"])
def test_asked_to_end(make: Make, whole: Whole, outcome: Outcome, name: str) -> None:
    campaign = make()
    process = campaign.start()
    until(campaign.training)
    assert process.pid
    os.kill(process.pid, signal.Signals[name])
    process.join()
    assert process.exitcode == EXIT_CODE, campaign.said
    assert list(campaign.results.glob(".state/*/group-*/state.pt"))
    assert campaign.run() == 0
    outcome(f"{name}: state saved, exit code 75", *campaign.toll(whole))


def test_the_time_limit_comes_near_again_and_again(make: Make, whole: Whole, outcome: Outcome) -> None:
    campaign, codes = make(), []
    while not codes or codes[-1] == EXIT_CODE:
        codes.append(campaign.run("--max-minutes", str(0.004 * (len(codes) + 1))))
        assert len(codes) < 40
    assert codes[0] == EXIT_CODE and codes[-1] == 0, campaign.said
    outcome("internal deadline: state saved, exit code 75", *campaign.toll(whole))


def test_a_run_that_waits_for_another_is_asked_to_end(make: Make, whole: Whole, outcome: Outcome) -> None:
    campaign = make()
    first = campaign.start()
    until(campaign.training)
    assert first.pid
    os.kill(first.pid, signal.SIGSTOP)
    second = campaign.start()
    until(lambda: "waits for another" in campaign.said)
    assert second.is_alive() and second.pid
    os.kill(second.pid, signal.SIGTERM)
    second.join(30)
    assert second.exitcode == EXIT_CODE
    os.kill(first.pid, signal.SIGCONT)
    first.join()
    assert first.exitcode == 0
    outcome("SIGTERM of a run that waits for another", *campaign.toll(whole))


def test_out_of_memory(make: Make, whole: Whole, outcome: Outcome) -> None:
    """The address space ends a few MB beyond what the process has when it begins."""

    def tight() -> None:
        pages = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (pages + 2**20, resource.RLIM_INFINITY))

    campaign = make()
    assert campaign.run(before=tight) not in (0, EXIT_CODE)
    assert not (campaign.job.folder / "record.json").exists()
    kept = campaign.finished()
    assert campaign.run() == 0, campaign.said
    outcome("out of memory (address space)", *campaign.toll(whole, kept))


@pytest.fixture
def tmpfs(tmp_path: Path) -> Path:
    """A disk of 256 kB. Skips where it cannot be mounted."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.getuid() or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("tmpfs cannot be mounted here")
    yield folder  # type: ignore[misc]
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("left", [0, 8, 24, 48])
def test_disk_full(make: Make, whole: Whole, outcome: Outcome, tmpfs: Path, left: int) -> None:
    campaign = make(results=tmpfs)
    filler = tmpfs / "filler"
    free = os.statvfs(tmpfs)
    filler.write_bytes(b"x" * (free.f_bavail * free.f_bsize - 1024 * left))
    code, said = campaign.run(), campaign.said
    assert code == 2 and "Traceback" not in said and os.strerror(errno.ENOSPC) in said, said
    kept = campaign.finished()
    filler.unlink()
    assert campaign.run() == 0, campaign.said
    outcome("disk full (a small tmpfs)", *campaign.toll(whole, kept))


def test_results_that_cannot_be_written(make: Make, whole: Whole, outcome: Outcome, tmpfs: Path) -> None:
    campaign = make(results=tmpfs)
    subprocess.run(["mount", "-o", "remount,ro", str(tmpfs)], check=True)
    code, said = campaign.run(), campaign.said
    subprocess.run(["mount", "-o", "remount,rw", str(tmpfs)], check=True)
    assert code == 2 and "Traceback" not in said and os.strerror(errno.EROFS) in said, said
    assert campaign.run() == 0, campaign.said
    kept = campaign.finished()
    subprocess.run(["mount", "-o", "remount,ro", str(tmpfs)], check=True)
    code = campaign.run()
    subprocess.run(["mount", "-o", "remount,rw", str(tmpfs)], check=True)
    assert code == 0, "what is done needs no writing"
    outcome("results on a disk that is read-only", *campaign.toll(whole, kept))


@pytest.mark.parametrize("days", [-400, 400])
def test_clock_skew(make: Make, whole: Whole, outcome: Outcome, days: int) -> None:
    """Half of the files come from another time."""
    campaign = make()
    process = campaign.start()
    until(campaign.training)
    process.kill()
    process.join()
    for number, path in enumerate(sorted(campaign.results.rglob("*"))):
        if number % 2:
            os.utime(path, (time.time() + 86400 * days,) * 2)
    assert campaign.run() == 0
    kept = campaign.finished()
    for path in campaign.job.folder.iterdir():
        os.utime(path, (time.time() + 86400 * days,) * 2)
    before = campaign.numbers()
    assert campaign.run() == 0 and campaign.numbers() == before
    outcome("clock skew: files from another year", *campaign.toll(whole, kept))


def test_two_at_once(make: Make, whole: Whole, outcome: Outcome) -> None:
    campaign = make()
    processes = [campaign.start() for _ in range(3)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0], campaign.said
    assert campaign.said.count("training seeds") == 1
    outcome("several processes do the same run at once", *campaign.toll(whole))


def damaged(path: Path, how: str) -> None:
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(content[:middle] if how == "truncated" else content[:middle] + b"\xff\x00" + content[middle + 2 :])


@pytest.mark.parametrize("how", ["truncated", "overwritten"])
def test_damaged_checkpoint(make: Make, whole: Whole, outcome: Outcome, how: str) -> None:
    campaign = make()
    process = campaign.start()
    until(lambda: any(campaign.results.glob(".state/*/group-*/state.pt")))
    process.kill()
    process.join()
    [path] = campaign.results.glob(".state/*/group-*/state.pt")
    damaged(path, how)
    assert campaign.run() == 0
    assert "damaged checkpoint" in campaign.said
    outcome(f"checkpoint {how}", *campaign.toll(whole))


@pytest.mark.parametrize("how", ["truncated", "overwritten"])
@pytest.mark.parametrize("name", ["measurements.parquet", "weights/1.safetensors", "record.json", "provenance.json"])
def test_damaged_record(make: Make, whole: Whole, outcome: Outcome, name: str, how: str) -> None:
    campaign = make()
    assert campaign.run() == 0
    kept = campaign.finished()
    damaged(campaign.job.folder / name, how)
    if name.startswith("weights"):  # the same file as that of the store: its seed alone is trained again
        kept = {path: when for path, when in kept.items() if "seed-0" in path}
    assert campaign.run() == 0, campaign.said
    assert Path(name).name in campaign.said
    outcome(f"{Path(name).suffix[1:]} file of a record {how}", *campaign.toll(whole, kept))


@pytest.mark.parametrize("how", ["truncated", "overwritten"])
def test_damaged_data(tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str], outcome: Outcome) -> None:
    """The file is made again, and then left as it is."""
    path, config = tmp_path / "data" / "digits.npz", tmp_path / "c.yaml"
    config.write_text(f"data: {path.parent}\n")
    prepare = ["data", "prepare", "digits", "--config", str(config)]
    assert main(prepare) == 0
    before = path.read_bytes()
    damaged(path, how)
    assert path.read_bytes() != before
    assert main(["data", "verify", "--config", str(config)]) == 2
    assert main(prepare) == 0 and "corrupt" in capsys.readouterr().out
    made = path.stat().st_ctime_ns
    assert main(prepare) == 0
    outcome(f"data file {how}", int(path.stat().st_ctime_ns != made), int(path.read_bytes() != before))


def test_interrupted_download(tmp_path: Path, outcome: Outcome) -> None:
    """A server that promises a thousand bytes, sends some and hangs up; asked again, it sends them all."""
    server, content = socket.create_server(("127.0.0.1", 0)), random.Random(0).randbytes(1000)
    sent = [0, 10, 999]

    def serve() -> None:
        for size in sent:
            for part in (content[:size], content):
                connection, _ = server.accept()
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + part)
                connection.close()

    threading.Thread(target=serve, daemon=True).start()
    digest = hashlib.sha256(content).hexdigest()
    remote = Remote(f"http://127.0.0.1:{server.getsockname()[1]}/raw.bin", f"sha256:{digest}")
    path = tmp_path / "raw.bin"
    for _ in sent:
        with pytest.raises(UnavailableError):
            remote.download(tmp_path)
        assert not path.exists()
        remote.download(tmp_path)
        outcome("interrupted download", 0, int(path.read_bytes() != content))
        path.unlink()
    server.close()
