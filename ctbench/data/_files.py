"""Files that are whole or absent, and one writer at a time."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ctbench.data._dataset import Arrays
from ctbench.spec.errors import UserError


class UnreadableError(Exception):
    """A prepared file that is not an archive of arrays, or whose checksums fail."""


@contextmanager
def exclusive(root: Path, name: str) -> Iterator[None]:
    """Keeps other processes that prepare the same data set under `root` waiting until the block ends.

    The lock is `root/.<name>.lock`; the kernel drops it when its holder dies. Holding it, unfinished files of processes
    that were killed are removed. A file system without locks gives none: the rename alone then protects the readers.
    Raises UserError if `root` cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle = os.open(root / f".{name}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise UserError(f"{root}: data sets cannot be kept there ({error.strerror}).") from None
    try:
        if _lock(handle):
            for left_over in root.glob(f".{name}.*.part"):
                left_over.unlink(missing_ok=True)
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError:
        return False
    return True


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Writes an uncompressed `.npz` under a temporary name, flushes it to the disk and renames it to `path`.

    Raises UserError if the disk is full or the folder cannot be written; an older `path` is then untouched.
    """
    temporary: Path | None = None
    try:
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}.", suffix=".part")
        temporary = Path(part)
        with os.fdopen(handle, "wb") as file:
            np.savez(file, **dict(arrays))  # type: ignore[arg-type]
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror or error}).") from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an `.npz`. Raises FileNotFoundError, UnreadableError (damaged) or UserError (not permitted)."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise
    except PermissionError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    except Exception as error:  # a damaged archive or array header can raise anything
        raise UnreadableError(one_line(error)) from None


def file_digest(path: Path, algorithm: str) -> str:
    """The file's digest in hexadecimal; `algorithm` as hashlib names it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def one_line(error: object, limit: int = 200) -> str:
    """An error's text, or its class where it has none, with white space squeezed, at most `limit` characters."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"
