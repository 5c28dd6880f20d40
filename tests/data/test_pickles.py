import collections
import io
import os
import pickle

import numpy as np
import pytest
import scipy.sparse

from ctbench.data._pickles import read_pickle
from ctbench.spec.errors import UserError


def read(raw: bytes):
    return read_pickle(io.BytesIO(raw), "ind.made.x")


def test_python2_containers_and_arrays(pickled_as_python2):
    array = np.arange(250, dtype=np.uint8).reshape(5, 50)
    value = read(pickled_as_python2({"data": array, "labels": [1, 2], "name": "caf\xe9"}))
    np.testing.assert_array_equal(value["data"], array)
    assert value["labels"] == [1, 2] and value["name"] == "café"
    graph = collections.defaultdict(list, {0: [1], 1: [0]})
    assert read(pickled_as_python2(graph)) == graph


def test_python2_matrix(pickled_as_python2):
    matrix = scipy.sparse.csr_matrix(np.random.default_rng(0).integers(0, 2, (6, 4)).astype(np.float32))
    found = read(pickled_as_python2(matrix))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.toarray(), matrix.toarray())


@pytest.mark.parametrize("protocol", [3, 4])
def test_python3_pickles(protocol):
    matrix = scipy.sparse.csr_matrix(np.eye(3))
    value = read(pickle.dumps({b"data": np.arange(3)}, protocol))
    np.testing.assert_array_equal(value[b"data"], np.arange(3))
    np.testing.assert_array_equal(read(pickle.dumps(matrix, protocol)).toarray(), np.eye(3))


class Malicious:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_pickle_is_refused(tmp_path, protocol):
    mark = tmp_path / "ran"
    raw = pickle.dumps(Malicious(os.system, f"touch {mark}"), protocol)
    with pytest.raises(UserError, match=r"ind\.made\.x: refused\. This pickle asks for (posix|os)\.system"):
        read(raw)
    assert not mark.exists()


@pytest.mark.parametrize("function", [eval, exec, getattr, __import__, np.load, np.fromfile, open])
def test_other_functions_are_refused(function):
    with pytest.raises(UserError, match="refused"):
        read(pickle.dumps({"deep": [Malicious(function, "1")]}, 2))


@pytest.mark.parametrize("name", ["builtins\nlist.__class__", "numpy\nndarray.tofile", "os\nsystem"])
def test_dotted_names_reach_nothing(name):
    module, attribute = (part.encode() for part in name.split("\n"))
    raw = b"\x80\x04\x8c" + bytes([len(module)]) + module + b"\x8c" + bytes([len(attribute)]) + attribute + b"\x93."
    with pytest.raises(UserError, match="refused"):
        read(raw)


def test_damaged_pickles(pickled_as_python2):
    whole = pickled_as_python2({"data": np.arange(4)})
    for raw in (b"", whole[:-20], b"\x80\x02}q", b"<!DOCTYPE html>"):
        with pytest.raises(UserError, match=r"ind\.made\.x: not a readable pickle"):
            read(raw)


def test_a_matrix_with_indices_out_of_range_is_not_read(pickled_as_python2):
    matrix = scipy.sparse.csr_matrix(np.eye(3))
    matrix.indices[1] = 99
    with pytest.raises(UserError, match="not a readable pickle"):
        read(pickled_as_python2(matrix))
