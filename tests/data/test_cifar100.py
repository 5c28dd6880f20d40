"""CIFAR-100 from small made-up files, and from the sheets of a mirror."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from ctbench import data
from ctbench.data import cifar100
from ctbench.data._dataset import canonical_sha256
from ctbench.data._manifest import manifest
from ctbench.spec.errors import UserError

NAMES = [f"class_{k:02d}" for k in range(100)]
META_MD5 = "7973b15100ade9c7d40fb424638fde48"
"""Of the official archive's member `meta`, as torchvision states it."""
COARSE = """
aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices household_furniture
insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes large_omnivores_and_herbivores
medium_mammals non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2
"""


def write_sheets(pictures, folder: Path) -> None:
    """Sheets of 3 x 4 tiles."""
    from PIL import Image

    images = [*np.split(pictures.train_images, 5), pictures.test_images]
    for name, tiles in zip((*cifar100.TRAIN_SHEETS, "test"), images, strict=True):
        sheet = np.vstack([np.hstack(row) for row in tiles.reshape(3, 4, 32, 32, 3)])
        Image.fromarray(sheet).save(folder / f"{name}.webp", lossless=True)
    labels = {"train": pictures.train_labels, "test": pictures.test_labels}
    np.savez(folder / "labels.npz", class_names=np.array(NAMES), **labels)


def contents(train_images, train_labels, test_images, test_labels, class_names):
    """What the official archive holds of these arrays, in an order of its own."""
    rng = np.random.default_rng(2)
    parts = {"train": (train_images, train_labels), "test": (test_images, test_labels)}
    members = {"meta": {"fine_label_names": [str(name) for name in class_names]}}
    for part, (images, labels) in parts.items():
        order = rng.permutation(len(labels))
        members[part] = {"fine_labels": labels[order].tolist(), "data": images[order]}
    return {f"cifar-100-python/{name}": content for name, content in members.items()}


@pytest.fixture
def archive(colour, tmp_path, write_archive):
    path = tmp_path / cifar100.ARCHIVE
    write_archive(path, contents(**colour.arrays(), class_names=NAMES))
    return path


def test_archive_and_sheets_give_the_same_arrays(colour, archive, tmp_path):
    write_sheets(colour, tmp_path)
    found = cifar100.decode_pickles("cifar100", tmp_path)
    assert canonical_sha256(found) == canonical_sha256(cifar100.decode_sheets("cifar100", tmp_path))
    assert found["class_names"].tolist() == NAMES


def test_images_keep_their_labels_and_are_in_canonical_order(colour, archive, tmp_path):
    found = cifar100.decode_pickles("cifar100", tmp_path)
    for part in ("train", "test"):
        expected = zip(colour.arrays()[f"{part}_labels"], map(bytes, colour.arrays()[f"{part}_images"]), strict=True)
        assert [*zip(found[f"{part}_labels"], map(bytes, found[f"{part}_images"]), strict=True)] == sorted(expected)


@pytest.mark.parametrize("keep", [0, 1000, 50_000])
def test_part_of_an_archive_is_refused(archive, tmp_path, keep):
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(UserError, match=r"cifar-100-python\.tar\.gz"):
        cifar100.decode_pickles("cifar100", tmp_path)


@pytest.mark.parametrize("missing", ["train", "test", "meta"])
def test_an_archive_that_lacks_a_member_is_refused(colour, tmp_path, write_archive, missing):
    members = contents(**colour.arrays(), class_names=NAMES)
    del members[f"cifar-100-python/{missing}"]
    write_archive(tmp_path / cifar100.ARCHIVE, members)
    with pytest.raises(UserError, match=f"not CIFAR-100's archive .*{missing}"):
        cifar100.decode_pickles("cifar100", tmp_path)


def test_labels_must_match(colour, tmp_path):
    colour.train_labels[7] = 100
    write_sheets(colour, tmp_path)
    with pytest.raises(UserError, match=r"train images .* do not match"):
        cifar100.decode_sheets("cifar100", tmp_path)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    if "CTBENCH_MIRROR" not in os.environ:
        pytest.skip("CTBENCH_MIRROR is not set")
    return data.prepare("cifar100", tmp_path_factory.mktemp("data"), sources=["mirror"])


@pytest.mark.slow
def test_mirror_has_the_known_counts_and_means(prepared):
    arrays, known = prepared.arrays, manifest()["cifar100"]
    assert dict(data.DATASETS["cifar100"].family.fingerprint(arrays)) == dict(known.fingerprint)
    assert set(np.bincount(arrays["train_labels"])) == {500} and set(np.bincount(arrays["test_labels"])) == {100}
    means = arrays["train_images"].mean(axis=(0, 1, 2)) / 255
    np.testing.assert_allclose(means, (0.50707516, 0.48654887, 0.44091784), atol=5e-9)


@pytest.mark.slow
def test_mirror_in_the_official_layout_has_the_same_hash(prepared, tmp_path, write_archive, monkeypatch):
    write_archive(tmp_path / cifar100.ARCHIVE, contents(**prepared.arrays))
    monkeypatch.setenv("CTBENCH_MIRROR", str(tmp_path))
    assert data.prepare("cifar100", tmp_path / "root", sources=["mirror"]).sha256 == prepared.sha256


@pytest.mark.slow
def test_class_names_are_the_official_ones(prepared):
    """The names give, byte for byte, the official file: Python 2's pickle, where every value has a number."""
    numbers = iter(range(1, 1000))

    def kept(raw: bytes) -> bytes:
        return raw + b"q" + bytes([next(numbers)])

    def words(values) -> bytes:
        return b"".join(kept(b"U" + bytes([len(value)]) + value.encode()) for value in values)

    meta = b"\x80\x02" + kept(b"}") + b"("
    for key, names in (("fine_label_names", prepared.arrays["class_names"]), ("coarse_label_names", COARSE.split())):
        meta += words([key]) + kept(b"]") + b"(" + words(names) + b"e"
    assert hashlib.md5(meta + b"u.").hexdigest() == META_MD5
