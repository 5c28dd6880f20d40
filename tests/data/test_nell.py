from pathlib import Path

import numpy as np
import pytest

from ctbench.data.nell import FILE, decode_arrays
from ctbench.spec.errors import UserError


def arrays() -> dict[str, np.ndarray]:
    """Six nodes with classes 3 and 7, rows of features in falling order of columns."""
    return {
        "feat_data": np.array([1, 2, 1], np.float32),
        "feat_indices": np.array([4, 0, 2], np.uint16),
        "feat_indptr": np.array([0, 2, 2, 3, 3, 3, 3], np.int32),
        "feat_shape": np.array([6, 5], np.int32),
        "edges": np.array([[0, 1], [1, 5]], np.int32),
        "labels": np.array([3, 7, -1, 7, 3, -1], np.int16),
        "train": np.array([0, 1], np.int32),
        "test": np.array([3], np.int32),
        "recovered_labelled": np.array([4], np.int32),
    }


def decoded(folder: Path, **changes: np.ndarray) -> dict[str, np.ndarray]:
    np.savez(folder / FILE, allow_pickle=False, **{**arrays(), **changes})
    return decode_arrays("nell", folder)


def test_classes_are_those_with_a_training_node(tmp_path):
    found = decoded(tmp_path)
    assert found["labels"].tolist() == [0, 1, -1, 1, 0, -1]
    assert found["feature_indices"].tolist() == [0, 4, 2] and found["feature_values"].tolist() == [2, 1, 1]
    assert [found[part].tolist() for part in ("train", "validation", "test")] == [[0, 1], [4], [3]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": np.array([3, 7, 8, 7, 3, -1])}, "class without a training node"),
        ({"labels": np.array([3, 7])}, "do not fit the 6 rows"),
        ({"edges": np.array([[0, 6]])}, "do not fit the 6 rows"),
    ],
)
def test_a_file_that_disagrees_with_itself_is_refused(tmp_path, changes, message):
    with pytest.raises(UserError, match=message):
        decoded(tmp_path, **changes)


def test_a_file_without_an_array_is_refused(tmp_path):
    np.savez(tmp_path / FILE, edges=arrays()["edges"])
    with pytest.raises(UserError, match="feat_data"):
        decode_arrays("nell", tmp_path)


def test_half_a_file_is_refused(tmp_path):
    decoded(tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match="not readable"):
        decode_arrays("nell", tmp_path)
