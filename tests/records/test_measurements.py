from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctbench.records import measurements
from ctbench.spec.errors import UserError

TEXT = st.text(max_size=8).filter(lambda text: text.isprintable())
ROW = st.fixed_dictionaries(
    {"metric": TEXT, "value": st.floats()},
    optional={"solver": TEXT, "steps": st.integers(0, 2**53), "seed": st.integers(0, 2**53), "x": st.floats()},
)


@settings(deadline=None)
@given(st.lists(ROW, max_size=5))
def test_round_trip(tmp_path_factory: pytest.TempPathFactory, rows: list[dict]) -> None:
    path = tmp_path_factory.getbasetemp() / "round.parquet"
    frame = measurements.table(rows)
    measurements.write(frame, path)
    found = measurements.read(path)
    pd.testing.assert_frame_equal(found, frame, check_exact=True)
    assert list(found.columns) == list(measurements.DTYPES) and len(found) == len(rows)
    for row, (_, back) in zip(rows, found.iterrows(), strict=True):
        for column in measurements.DTYPES:
            if column not in row:
                assert pd.isna(back[column])
            else:
                assert back[column] == row[column] or np.isnan(row[column])


def test_the_columns_are_those_of_the_design() -> None:
    design = ["paper", "experiment", "dataset", "model", "solver", "steps", "seed", "metric", "x", "value", "unit"]
    assert [column for column in measurements.DTYPES if column in design] == design


def test_a_column_that_the_table_does_not_have() -> None:
    with pytest.raises(ValueError, match="vaule"):
        measurements.table([{"metric": "m", "vaule": 1.0}])


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated", "text", "fewer columns", "other order"])
def test_a_file_of_another_kind_is_named(tmp_path: Path, damage: str) -> None:
    path, frame = tmp_path / "m.parquet", measurements.table([{"metric": "m", "value": 1.0}] * 50)
    measurements.write(frame, path)
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "fewer columns":
        frame.drop(columns="value").to_parquet(path)
    elif damage == "other order":
        frame[list(measurements.DTYPES)[::-1]].to_parquet(path)
    else:
        path.write_bytes({"empty": b"", "truncated": whole[: len(whole) // 2], "text": b"metric,value\nm,1\n"}[damage])
    with pytest.raises(UserError, match=r"m\.parquet"):
        measurements.read(path)


def test_an_empty_table_and_empty_columns_keep_their_types(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    pd.DataFrame(columns=list(measurements.DTYPES)).to_parquet(path)  # columns without a type
    pd.testing.assert_frame_equal(measurements.read(path), measurements.table([]))
    some = measurements.table([{"metric": "m", "value": 1.0}])
    some.astype({"solver": "object", "steps": "object"}).to_parquet(path)
    pd.testing.assert_frame_equal(measurements.read(path), some)


def test_many_files_are_one_table_in_their_order(tmp_path: Path) -> None:
    tables = [measurements.table([{"metric": name, "value": 1.0}] * n) for name, n in (("b", 2), ("a", 0), ("c", 1))]
    paths = [tmp_path / f"{i}.parquet" for i in range(3)]
    for table, path in zip(tables, paths, strict=True):
        measurements.write(table, path)
    assert list(measurements.gather(paths)["metric"]) == ["b", "b", "c"]
    pd.testing.assert_frame_equal(measurements.gather([]), measurements.table([]))


def test_a_column_of_another_type_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    measurements.table([{"metric": "m"}]).assign(value=["many"]).to_parquet(path)
    with pytest.raises(UserError, match=r"m\.parquet: a column has another type"):
        measurements.read(path)
