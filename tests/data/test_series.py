"""Series of readings on graphs: the files' layouts, what is refused, and the simulated corridor."""

import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as made

from ctbench import data
from ctbench.data import _prepare, corridor, traffic
from ctbench.data._manifest import Entry
from ctbench.data._packages import UnavailableError
from ctbench.data._series import by_time, series, table
from ctbench.data._sources import Mirror, Official, Remote, git_blob
from ctbench.spec.errors import UserError

SPEEDS = 60 + np.arange(2 * 288 * 3).reshape(-1, 3) % 7
DISTANCES = np.array([[0.0, 1.0, 5.0], [1.0, 0.0, 9.0], [5.0, 9.0, 0.0]])


def csv(numbers: np.ndarray) -> str:
    return "".join(",".join(map(str, row)) + "\n" for row in numbers.tolist())


def pems(folder: Path, **members: str) -> Path:
    """A small archive in the layout of PeMSD7_Full.zip: two days, three stations."""
    chosen = {"V_228.csv": csv(SPEEDS), "W_228.csv": csv(DISTANCES), **members}
    with zipfile.ZipFile(folder / "PeMSD7_Full.zip", "w") as archive:
        for name, text in chosen.items():
            if text:
                archive.writestr(f"PeMSD7_Full/PeMSD7_{name}", text)
    return folder


def test_the_pems_archive_gives_speeds_and_the_nearer_pairs(tmp_path: Path) -> None:
    found = traffic.decode_stgcn("pemsd7m", pems(tmp_path))
    np.testing.assert_array_equal(found["readings"], SPEEDS)
    np.testing.assert_array_equal(found["weights"], [[0, 1, 0], [1, 0, 0], [0, 0, 0]])
    assert found["period"] == 288


def test_a_line_that_counts_the_columns_is_no_data(tmp_path: Path) -> None:
    folder = pems(tmp_path, **{"W_228.csv": "0,1,2\n" + csv(DISTANCES)})
    assert traffic.decode_stgcn("pemsd7m", folder)["weights"].sum() == 2


@pytest.mark.parametrize(
    "members, message",
    [
        ({"V_228.csv": ""}, "found 0 members named V_228.csv, expected one"),
        ({"V_228.csv": csv(SPEEDS[:300])}, "found 300 rows, expected whole days"),
        ({"W_228.csv": csv(2 * DISTANCES[:2, :2])}, r"graph of shape \(2, 2\) for 3 stations"),
        ({"W_228.csv": "0,1\n1,x\n"}, "line 2: could not convert"),
        ({"W_228.csv": "0,1\n1\n"}, "line 2: found 1 columns, expected 2"),
        ({"V_228.csv": csv(SPEEDS).replace("61", "nan", 1)}, "the reading at time 0, station 1 is nan"),
    ],
)
def test_an_archive_of_another_layout_is_refused(tmp_path: Path, members: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        traffic.decode_stgcn("pemsd7m", pems(tmp_path, **members))


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "PeMSD7_Full.zip").write_text("<html>")
    with pytest.raises(UserError, match="no zip archive"):
        traffic.decode_stgcn("pemsd7m", tmp_path)


def test_without_a_known_hash_the_fingerprint_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CTBENCH_MIRROR", str(pems(tmp_path)))
    source, known = Mirror("stgcn", ("PeMSD7_Full.zip",)), {"times": 576, "stations": 3, "edges": 1}
    recipe = _prepare.Recipe("small", traffic.FAMILY, Entry("small", "none", "", known, (source,)))
    prepared = _prepare.prepare(recipe, tmp_path / "data", None, lambda _: None)
    assert _prepare.load(recipe, tmp_path / "data").sha256 == prepared.sha256
    other = _prepare.Recipe("other", traffic.FAMILY, Entry("other", "none", "", {**known, "times": 12672}, (source,)))
    with pytest.raises(UserError, match="576 instead of 12672"):
        _prepare.prepare(other, tmp_path / "data", None, lambda _: None)


def test_an_archive_is_known_by_its_name_in_git(tmp_path: Path) -> None:
    """The names that `git hash-object` gives."""
    (tmp_path / "a").write_bytes(b"")
    assert git_blob(tmp_path / "a") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    (tmp_path / "a").write_bytes(b"hello\n")
    assert git_blob(tmp_path / "a") == "ce013625030ba8dba906f756967f9e9ca394464a"
    remote = Remote((tmp_path / "a").as_uri(), "git:e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    (tmp_path / "here").mkdir()
    with pytest.raises(UnavailableError, match="git is ce0136"):
        Official("stgcn", (remote,)).fetch(tmp_path / "here", lambda _: None)


def test_weekly_counts_come_with_edges_both_ways(tmp_path: Path) -> None:
    (tmp_path / "chickenpox.json").write_text(
        json.dumps({"FX": [[1, 2], [3, 4], [5, 6]], "edges": [[0, 0], [0, 1], [1, 0]]})
    )
    found = traffic.decode_temporal("chickenpox", tmp_path)
    np.testing.assert_array_equal(found["weights"], [[0, 1], [1, 0]])
    (tmp_path / "chickenpox.json").write_text("{}")
    with pytest.raises(UserError, match="expected FX and edges"):
        traffic.decode_temporal("chickenpox", tmp_path)


@pytest.mark.parametrize("name", ["metr_la_week", "chickenpox"])
def test_the_mirror_has_the_canonical_bytes_and_counts(name: str, tmp_path: Path) -> None:
    if "CTBENCH_MIRROR" not in os.environ:
        pytest.skip("CTBENCH_MIRROR is not set")
    found = data.prepare(name, tmp_path, sources=["mirror"], log=lambda _: None)
    assert dict(traffic.fingerprint(found.arrays)) == dict(found.fingerprint)


def test_a_graph_that_goes_one_way_is_refused() -> None:
    with pytest.raises(UserError, match="symmetric"):
        series(np.ones((4, 2)), np.array([[0, 1], [0, 0]]), 2, "here")


@given(made(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=st.floats(-1e9, 1e9)))
def test_a_table_is_read_as_it_was_written(numbers: np.ndarray) -> None:
    np.testing.assert_array_equal(table(csv(numbers), "here"), numbers)


@given(st.text(alphabet="0123456789.,-\n ex", max_size=40))
def test_any_text_is_a_table_or_an_error_that_names_the_place(text: str) -> None:
    try:
        assert table(text, "here").ndim == 2
    except UserError as error:
        assert "here" in str(error)


@given(st.integers(10, 3000))
def test_parts_follow_each_other_and_cover_all(times: int) -> None:
    parts = by_time(times)
    np.testing.assert_array_equal(np.concatenate(list(parts.values())), np.arange(times))
    assert len(parts["train"]) == times * 7 // 10 and len(parts["validation"]) == times // 10


def test_the_corridor_keeps_its_vehicles() -> None:
    """What enters less what leaves the network is what the cells gain."""
    rng, beta = np.random.default_rng(0), corridor.proportions()
    jam = corridor.JAM * corridor.LANES
    density = rng.uniform(0, 0.9, (3, len(beta))) * jam
    inflow, capacity = rng.uniform(0, 1500, density.shape), np.tile(corridor.CAPACITY * corridor.LANES, (3, 1))
    for _ in range(200):
        later, outflow, entered = corridor.advance(density, inflow, capacity, beta)
        gone = (outflow * (1 - beta.sum(1))).sum(1)
        gained = corridor.LENGTH / corridor.STEP * (later - density).sum(1)
        np.testing.assert_allclose(gained, entered.sum(1) - gone, atol=1e-6)
        assert (later >= -1e-9).all() and (later <= jam + 1e-9).all()
        density = later


def test_a_queue_grows_backwards_at_the_speed_of_the_wave(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a closed road the jam's end moves at q / (rho_jam - rho), the shock of the triangular flow."""
    monkeypatch.setattr(corridor, "LANES", np.ones(60))
    beta, flow = np.diag(np.ones(59), 1), 1500.0
    capacity = np.full((1, 60), corridor.CAPACITY)
    capacity[0, -1] = 0.0
    density, inflow = np.full((1, 60), flow / corridor.FREE), np.zeros((1, 60))
    inflow[0, 0] = flow
    for _ in range(360):
        density, *_ = corridor.advance(density, inflow, capacity, beta)
    length = corridor.LENGTH * (density[0] > corridor.JAM / 2).sum()
    hours = 360 * corridor.STEP
    shock = flow / (corridor.JAM - flow / corridor.FREE)
    assert length == pytest.approx(shock * hours, abs=2 * corridor.LENGTH)
