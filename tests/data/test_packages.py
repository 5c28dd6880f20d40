"""Registry clients are stood in for by small programs of the same name; the real ones are in test_registries.py."""

import io
import stat
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from ctbench.data import _packages
from ctbench.data._files import file_digest
from ctbench.data._packages import UnavailableError
from ctbench.data._sources import Package


@pytest.fixture
def client(tmp_path, monkeypatch):
    """Puts a program on an otherwise empty PATH; it says how it was called in `calls`."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def install(name: str, body: str) -> Path:
        calls = tmp_path / f"{name}.calls"
        program = folder / name
        program.write_text(f"#!/bin/sh\necho \"$@\" >> '{calls}'\n{body}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return calls

    return install


@pytest.fixture
def tarball(tmp_path):
    path = tmp_path / "made.tgz"
    with tarfile.open(path, "w:gz") as archive:
        for name, raw in (("package/a.txt", b"a"), ("package/deep/b.txt", b"b")):
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))
    return path


@pytest.fixture
def work(tmp_path):
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


def npm_package(tarball, sha256=None):
    digest = sha256 or file_digest(tarball, "sha256")
    return Package("made", "npm", "made", "1.0", digest, ("package/a.txt", "package/deep/b.txt"))


def test_npm(client, tarball, work, heard):
    calls = client("npm", f"/bin/cp '{tarball}' made-1.0.tgz")
    folder = npm_package(tarball).fetch(work, heard.append)
    assert sorted(p.name for p in folder.iterdir()) == ["a.txt", "b.txt"]
    assert calls.read_text().startswith("pack ") and "made@1.0" in calls.read_text()


def test_an_archive_with_another_hash_is_not_opened(client, tarball, work, heard):
    client("npm", f"/bin/cp '{tarball}' made-1.0.tgz")
    with pytest.raises(UnavailableError, match=r"made-1\.0\.tgz: sha256 is [0-9a-f]{64}, expected 00"):
        npm_package(tarball, sha256="00").fetch(work, heard.append)


def test_a_client_that_is_not_installed(client, tarball, work, heard):
    with pytest.raises(UnavailableError, match="npm is not installed here"):
        npm_package(tarball).fetch(work, heard.append)


def test_a_client_that_fails_is_quoted_in_one_line(client, tarball, work, heard):
    client(
        "npm",
        "echo noise; (echo 'npm error code E404'; echo 'npm error 404 not found'; echo 'log in x') >&2; exit 3",
    )
    with pytest.raises(UnavailableError) as error:
        npm_package(tarball).fetch(work, heard.append)
    assert str(error.value) == "npm ended with 3: npm error code E404; npm error 404 not found"


def test_a_client_that_leaves_nothing(client, tarball, work, heard):
    client("npm", "exit 0")
    with pytest.raises(UnavailableError, match=r"the client left 0 files that match \*\.tgz"):
        npm_package(tarball).fetch(work, heard.append)


def test_a_client_that_hangs_is_given_up(client, tarball, work, heard, monkeypatch):
    monkeypatch.setattr(_packages, "TIMEOUT", 0.2)
    client("npm", "exec /bin/sleep 20")
    with pytest.raises(UnavailableError, match="npm did not finish"):
        npm_package(tarball).fetch(work, heard.append)


def test_a_missing_member_is_named(tarball, work):
    with pytest.raises(UnavailableError, match=r"made\.tgz cannot be unpacked .*package/c\.txt"):
        _packages.unpack(tarball, ["package/c.txt"], work)


def test_a_damaged_archive(work, tmp_path):
    for name in ("x.whl", "x.tgz"):
        (tmp_path / name).write_bytes(b"no archive")
        with pytest.raises(UnavailableError, match=f"{name} cannot be unpacked"):
            _packages.unpack(tmp_path / name, ["a"], work)


def test_pip_asks_for_a_wheel_of_the_named_version(tmp_path, work, monkeypatch):
    asked = []

    def run(command, folder):
        asked.extend(command)
        with zipfile.ZipFile(folder / "made-1.0-cp37.whl", "w") as wheel:
            wheel.writestr("made/data/a.txt", "a")

    monkeypatch.setattr(_packages, "_run", run)
    wheel = _packages.pip("made", "1.0", work)
    assert asked[:4] == [sys.executable, "-m", "pip", "download"] and asked[-1] == "made==1.0"
    _packages.unpack(wheel, ["made/data/a.txt"], work)
    assert (work / "a.txt").read_text() == "a"


def test_apt_with_old_lists_reads_fresh_ones_aside(client, work):
    """The plain download fails; `update` and the second download are told to use lists in the given folder."""
    calls = client("apt-get", 'case "$*" in *Lists=*download*) : > made_1_all.deb;; *update*) ;; *) exit 100;; esac')
    assert _packages.apt("made", "1", work).name == "made_1_all.deb"
    first, update, second = calls.read_text().splitlines()
    assert "Dir::" not in first
    assert f"Dir::State::Lists={work}" in update and f"Dir::State::Lists={work}" in second


def test_apt_without_any_list_tells_both_reasons(client, work):
    client("apt-get", 'echo "E: Unable to locate package made"; exit 100')
    with pytest.raises(UnavailableError, match="Unable to locate package made; with fresh lists: apt-get"):
        _packages.apt("made", "1", work)


def test_a_rebuilt_debian_package_is_told_and_its_data_decides(client, work, heard):
    client("apt-get", ": > made_2_all.deb")
    client("dpkg-deb", '/bin/mkdir -p "$3/usr/share" && echo data > "$3/usr/share/a.txt"')
    package = Package("made", "apt", "made", "1", "00", ("usr/share/a.txt",))
    folder = package.fetch(work, heard.append)
    assert (folder / "a.txt").read_text() == "data\n"
    assert "another build than the one known (made_2_all.deb: sha256 is" in heard[1]
