import json
from pathlib import Path

import pandas as pd
import pytest

from ctbench.records import measurements, record
from ctbench.records.provenance import Clock, provenance
from ctbench.spec.errors import UserError
from ctbench.spec.files import sha256
from ctbench.spec.run import RunSpec, read_spec

SPEC = RunSpec(paper="cgnn", experiment="e", dataset="d", model="m", settings={"rate": 0.1}, seeds=(0, 1))
OTHER = RunSpec(**{**SPEC.model_dump(), "settings": {"rate": 0.2}})
ROWS = measurements.table(
    [{"metric": "accuracy", "value": value, "seed": seed} for seed, value in enumerate((1.0, 2.0))]
)


def finished(folder: Path, spec: RunSpec = SPEC, code: str = "c0de") -> Path:
    keys = {"code": code, "cell": "cell", "parent": None}
    tables = dict(zip(record.TABLES, (ROWS, ROWS.head(0), ROWS.head(0)), strict=True))
    record.finish(spec, folder, keys, tables, {"command": "test"})
    return folder


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    folder = finished(tmp_path / "run")
    assert read_spec(folder / "spec.json") == SPEC
    assert record.read_record(folder) == {
        "format": record.FORMAT,
        "run": SPEC.run_id,
        "code": "c0de",
        "cell": "cell",
        "parent": None,
        "files": {name: sha256(folder / name) for name in record.FILES},
    }
    pd.testing.assert_frame_equal(measurements.read(folder / "measurements.parquet"), ROWS)
    assert len(measurements.read(folder / "curves.parquet")) == 0


def test_done_means_this_run_by_this_code_with_its_numbers(tmp_path: Path) -> None:
    assert not record.is_done(SPEC, tmp_path, "c0de")
    record.write_spec(SPEC, tmp_path)
    assert not record.is_done(SPEC, tmp_path, "c0de")
    finished(tmp_path)
    assert record.is_done(SPEC, tmp_path, "c0de")
    assert not record.is_done(OTHER, tmp_path, "c0de")
    assert not record.is_done(SPEC, tmp_path, "0ther")


@pytest.mark.parametrize("name", record.TABLES)
def test_a_record_without_one_of_its_tables_is_not_done(tmp_path: Path, name: str) -> None:
    finished(tmp_path)
    (tmp_path / f"{name}.parquet").unlink()
    assert not record.is_done(SPEC, tmp_path, "c0de")


def test_a_record_half_written_is_not_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`record.json` comes last, whatever fails before."""

    def fail(path: Path, content: object) -> None:
        raise RuntimeError(path.name)

    record.write_spec(SPEC, tmp_path)
    monkeypatch.setattr(record, "write_json", fail)
    with pytest.raises(RuntimeError, match="provenance"):
        finished(tmp_path)
    assert not record.is_done(SPEC, tmp_path, "c0de")


def test_another_runs_folder_is_left_as_it_is(tmp_path: Path) -> None:
    finished(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for write in (lambda: record.write_spec(OTHER, tmp_path), lambda: finished(tmp_path, OTHER)):
        with pytest.raises(UserError, match="collision") as error:
            write()
        assert OTHER.text() in str(error.value) and SPEC.text() in str(error.value)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_the_same_spec_again_is_not_written_again(tmp_path: Path) -> None:
    record.write_spec(SPEC, tmp_path)
    time = (tmp_path / "spec.json").stat().st_mtime_ns
    record.write_spec(SPEC, tmp_path)
    assert (tmp_path / "spec.json").stat().st_mtime_ns == time


@pytest.mark.parametrize("content", [{"format": record.FORMAT - 1, "run": "r"}, {"run": "r"}, [1], "text"])
def test_a_record_of_another_format_is_refused(tmp_path: Path, content: object) -> None:
    finished(tmp_path)
    (tmp_path / "record.json").write_text(json.dumps(content))
    for read in (lambda: record.read_record(tmp_path), lambda: record.is_done(SPEC, tmp_path, "c0de")):
        with pytest.raises(UserError, match=rf"record\.json.*expected {record.FORMAT}"):
            read()


def test_a_record_without_its_keys_is_refused(tmp_path: Path) -> None:
    finished(tmp_path)
    (tmp_path / "record.json").write_text(json.dumps({"format": record.FORMAT}))
    with pytest.raises(UserError, match=r"record\.json.*cell, code, parent, run"):
        record.is_done(SPEC, tmp_path, "c0de")


def test_gathered_rows_are_those_of_the_finished_runs_of_the_plan(tmp_path: Path) -> None:
    for name in ("a", "b", "unplanned"):
        finished(tmp_path / "runs" / name)
    record.write_spec(SPEC, tmp_path / "runs" / "unfinished")
    (tmp_path / "plan.txt").write_text("a\nunfinished\nb\nnever begun\n")
    folders = record.planned(tmp_path)
    assert [folder.name for folder in folders] == ["a", "b"]
    assert record.gather(folders, "measurements")["value"].tolist() == [1.0, 2.0, 1.0, 2.0]
    assert list(record.gather([], "measurements").columns) == list(measurements.DTYPES)


def test_without_a_plan_there_is_nothing_to_gather(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"plan\.txt.*ctbench plan"):
        record.planned(tmp_path)


def test_provenance_says_all_that_the_design_promises() -> None:
    clock = Clock()
    sum(range(10**6))
    origin = {**provenance("ctbench run x", threads=2, device="cpu"), **clock.read()}
    assert set(origin) >= {
        *("command", "threads", "device", "commit", "dirty", "lock", "versions", "cpu", "cores", "gpu", "platform"),
        *("started", "wall_seconds", "process_seconds", "peak_memory_bytes"),
    }
    assert {"python", "torch", "numpy", "scipy", "torchdiffeq", "ctbench"} <= set(origin["versions"])
    assert "unknown" not in origin["versions"].values()
    assert min(origin["process_seconds"], origin["wall_seconds"]) > 0 and origin["peak_memory_bytes"] > 2**20
    json.dumps(origin, allow_nan=False)
