import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctbench.spec import files
from ctbench.spec.errors import UserError
from ctbench.spec.files import atomic_path, read_json, write_if_changed, write_json, write_text


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_the_file_appears_at_the_end_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "a.txt"
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        assert temporary.parent == path.parent and not path.exists()
    assert path.read_text() == "half" and os.listdir(path.parent) == ["a.txt"]


@pytest.mark.parametrize("fault", [ValueError("mine"), KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_an_error_inside_leaves_the_old_file_and_no_other(tmp_path: Path, fault: BaseException) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old")
    expected = UserError if isinstance(fault, OSError) else type(fault)
    with pytest.raises(expected), atomic_path(path) as temporary:
        temporary.write_text("half")
        raise fault
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


def test_a_full_disk_at_the_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_text(tmp_path / "a.txt", "old")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(UserError, match=r"a\.txt.*No space left on device"):
        write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text() == "old" and os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.parametrize("write", [lambda path: write_text(path, "new"), lambda path: write_json(path, [1])])
def test_a_full_disk_at_the_first_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(files.tempfile, "mkstemp", full)
    with pytest.raises(UserError, match="No space left on device"):
        write(tmp_path / "a.json")
    assert os.listdir(tmp_path) == []


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(UserError, match=r"cannot be (made|written)"):
        write_text(tmp_path / "a" / "b.txt", "new")


def test_an_unchanged_file_keeps_its_time(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_if_changed(path, "same")
    os.utime(path, ns=(1, 1))
    write_if_changed(path, "same")
    assert path.stat().st_mtime_ns == 1
    write_if_changed(path, "other")
    assert path.stat().st_mtime_ns > 1 and path.read_text() == "other"


NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.dictionaries(st.text(max_size=5), st.lists(NUMBERS | st.text(max_size=5) | st.none(), max_size=3), max_size=4)
)
def test_json_round_trip(tmp_path_factory: pytest.TempPathFactory, content: dict) -> None:
    path = tmp_path_factory.getbasetemp() / "round.json"
    write_json(path, content)
    assert read_json(path) == content
    before = path.read_bytes()
    write_json(path, dict(reversed(content.items())))
    assert path.read_bytes() == before


def test_json_has_no_nan(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("raw", [b"", b"{", json.dumps({"a": 1}).encode()[:-1], b"\xff\xfe{}"])
def test_damaged_json_is_named(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "a.json").write_bytes(raw)
    with pytest.raises(UserError, match=r"a\.json: not valid JSON"):
        read_json(tmp_path / "a.json")


def test_missing_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.json: no such file"):
        read_json(tmp_path / "a.json")


def test_a_folder_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=str(tmp_path)):
        read_json(tmp_path)
