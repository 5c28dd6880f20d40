"""Small files in the data sets' own formats, with the arrays that must come out of them."""

import collections
import gzip
import io
import json
import struct
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse

from ctbench.data import Recipe
from ctbench.data._dataset import canonical_sha256
from ctbench.data._manifest import Entry


def py2_pickle(value) -> bytes:
    """The value as Python 2 with protocol 2 wrote it: strings are byte strings, classes have their old names."""
    return b"\x80\x02" + _py2(value) + b"."


def _py2(value) -> bytes:
    if isinstance(value, (bytes, str)):
        raw = value.encode("latin1") if isinstance(value, str) else value
        return b"T" + struct.pack("<i", len(raw)) + raw
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, (int, np.integer)):
        return b"J" + struct.pack("<i", int(value))
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_py2, value)) + b"t"
    if isinstance(value, list):
        return b"](" + b"".join(map(_py2, value)) + b"e"
    if isinstance(value, collections.defaultdict):
        return b"ccollections\ndefaultdict\n(c__builtin__\nlist\ntR" + _py2_items(value)
    if isinstance(value, dict):
        return b"}" + _py2_items(value)
    if isinstance(value, np.dtype):
        return (
            b"cnumpy\ndtype\n"
            + _py2((value.str[1:], 0, 1))
            + b"R"
            + _py2((3, value.str[0], None, None, None, -1, -1, 0))
            + b"b"
        )
    if isinstance(value, np.ndarray):
        made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n" + _py2((0,)) + _py2("b") + b"tR"
        return (
            made + b"(" + _py2(1) + _py2(value.shape) + _py2(value.dtype) + _py2(False) + _py2(value.tobytes()) + b"tb"
        )
    assert isinstance(value, scipy.sparse.csr_matrix)
    state = {
        "format": "csr",
        "_shape": value.shape,
        "indptr": value.indptr,
        "indices": value.indices,
        "data": value.data,
    }
    return b"cscipy.sparse.csr\ncsr_matrix\n)\x81" + _py2(state) + b"b"


def _py2_items(value: dict) -> bytes:
    return b"(" + b"".join(_py2(key) + _py2(item) for key, item in value.items()) + b"u"


@dataclass
class Citations:
    """A graph of 18 nodes; 12 are known, 13 is without features and label, test nodes come out of order."""

    features: np.ndarray = field(default_factory=lambda: _made_features(18))
    labels: np.ndarray = field(
        default_factory=lambda: np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0, -1, 1, 2, 0, 1])
    )
    test_index: tuple[int, ...] = (16, 12, 17, 14, 15)
    graph: dict[int, list[int]] = field(
        default_factory=lambda: {
            0: [1, 1, 17],
            1: [0, 0],
            17: [0],
            5: [5, 3],
            3: [5],
            **{i: [] for i in (2, 4, *range(6, 17))},
        }
    )
    trained, known = 3, 12

    def write(self, folder: Path, name: str) -> None:
        one_hot = np.eye(3, dtype=np.int32)
        test, known, trained = list(self.test_index), slice(0, self.known), slice(0, self.trained)
        graph = collections.defaultdict(list, self.graph)
        parts = {"graph": graph}
        for prefix, rows in (("", trained), ("t", test), ("all", known)):
            parts[f"{prefix}x"] = scipy.sparse.csr_matrix(self.features[rows])
            parts[f"{prefix}y"] = one_hot[self.labels[rows]]
        folder.mkdir(parents=True, exist_ok=True)
        for part, value in parts.items():
            (folder / f"ind.{name}.{part}").write_bytes(py2_pickle(value))
        (folder / f"ind.{name}.test.index").write_text("".join(f"{i}\n" for i in test))


def _made_features(nodes: int) -> np.ndarray:
    features = np.random.default_rng(0).integers(0, 2, (nodes, 5)).astype(np.float32)
    features[13] = 0
    return features


@pytest.fixture
def pickled_as_python2():
    return py2_pickle


@pytest.fixture
def citations() -> Citations:
    return Citations()


def pack(path: Path, contents: dict[str, dict]) -> None:
    """A tar archive of dictionaries pickled as by Python 2; images [n, 32, 32, 3] under `data` go in as planes."""
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in contents.items():
            if "data" in content:
                planes = np.ascontiguousarray(content["data"].transpose(0, 3, 1, 2))
                content = content | {"data": planes.reshape(len(planes), -1)}
            raw = py2_pickle(content)
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            archive.addfile(member, io.BytesIO(raw))


@pytest.fixture
def write_archive():
    return pack


@dataclass
class Pictures:
    """Sixty training images in five batches and twelve test images."""

    side: int
    channels: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(1)
        shape = (self.side, self.side, self.channels)
        self.train_images = rng.integers(0, 256, (60, *shape), dtype=np.uint8)
        self.test_images = rng.integers(0, 256, (12, *shape), dtype=np.uint8)
        self.train_labels, self.test_labels = rng.integers(0, 10, 60), rng.integers(0, 10, 12)

    def batches(self):
        for i in range(5):
            part = slice(12 * i, 12 * i + 12)
            yield f"data_batch_{i + 1}", self.train_images[part], self.train_labels[part]
        yield "test_batch", self.test_images, self.test_labels

    def write_archive(self, path: Path) -> None:
        batches = {
            name: {"data": images, "labels": labels.tolist(), "batch_label": name}
            for name, images, labels in self.batches()
        }
        pack(path, {f"cifar-10-batches-py/{name}": batch for name, batch in batches.items()})

    def write_sheets(self, folder: Path) -> None:
        from PIL import Image

        for name, images, _ in self.batches():
            Image.fromarray(images.reshape(len(images), -1, 3)).save(folder / f"{name}.png")
        for part, labels in (("train", self.train_labels), ("test", self.test_labels)):
            (folder / f"{part}_lables.json").write_text(json.dumps(labels.tolist()))

    def write_idx(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for prefix, images, labels in (
            ("train", self.train_images, self.train_labels),
            ("t10k", self.test_images, self.test_labels),
        ):
            (folder / f"{prefix}-images-idx3-ubyte.gz").write_bytes(idx(images[..., 0]))
            (folder / f"{prefix}-labels-idx1-ubyte.gz").write_bytes(idx(labels.astype(np.uint8)))

    def arrays(self) -> dict[str, np.ndarray]:
        return {
            "train_images": self.train_images,
            "train_labels": self.train_labels,
            "test_images": self.test_images,
            "test_labels": self.test_labels,
        }


def idx(values: np.ndarray) -> bytes:
    header = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return gzip.compress(header + values.tobytes())


@pytest.fixture
def colour() -> Pictures:
    return Pictures(side=32, channels=3)


@pytest.fixture
def grey() -> Pictures:
    return Pictures(side=28, channels=1)


@pytest.fixture
def recipe_for():
    """A recipe for made-up files: the canonical hash is that of the arrays given."""

    def make(name, family, arrays, *sources) -> Recipe:
        entry = Entry("made up", "none", canonical_sha256(arrays), family.fingerprint(arrays), tuple(sources))
        return Recipe(name, family, entry)

    return make


@pytest.fixture
def heard():
    """A list, and a function that appends to it: what `log` was told."""
    lines: list[str] = []
    return lines
