import hashlib

import numpy as np
import pytest

from ctbench.data._dataset import Dataset, canonical_sha256

ARRAYS = {"b": np.arange(6, dtype=np.int32).reshape(2, 3), "a": np.array(7, dtype=np.int64)}


def test_hash_is_the_one_that_its_docstring_states():
    stated = b"a <i8 \n" + (7).to_bytes(8, "little") + b"b <i4 2,3\n"
    stated += b"".join(i.to_bytes(4, "little") for i in range(6))
    assert canonical_sha256(ARRAYS) == hashlib.sha256(stated).hexdigest()


def test_hash_ignores_memory_layout():
    b = ARRAYS["b"]
    for same in (np.asfortranarray(b), b.astype(">i4"), np.repeat(b, 2, axis=0)[::2]):
        assert canonical_sha256({**ARRAYS, "b": same}) == canonical_sha256(ARRAYS)


@pytest.mark.parametrize(
    "other", [ARRAYS["b"].reshape(3, 2), ARRAYS["b"].astype(np.int64), ARRAYS["b"] + 1, ARRAYS["b"].view(np.uint32)]
)
def test_hash_tells_shape_type_and_value(other):
    assert canonical_sha256({**ARRAYS, "b": other}) != canonical_sha256(ARRAYS)


def test_empty_arrays_have_a_hash():
    assert canonical_sha256({"a": np.zeros((0, 2), np.int32)}) != canonical_sha256({"a": np.zeros((2, 0), np.int32)})


def test_objects_have_no_hash():
    with pytest.raises(TypeError, match="'a' holds Python objects"):
        canonical_sha256({"a": np.array([None])})


def test_a_data_set_cannot_be_written_to():
    dataset = Dataset("made", {"a": np.zeros(3)}, "", {"n": 3})
    with pytest.raises(ValueError, match="read-only"):
        dataset.arrays["a"][0] = 1
    with pytest.raises(TypeError):
        dataset.arrays["b"] = np.zeros(3)  # type: ignore[index]
    with pytest.raises(TypeError):
        dataset.fingerprint["n"] = 4  # type: ignore[index]
