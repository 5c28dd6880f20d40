"""The real data sets from package registries, and what is known of them from elsewhere."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from ctbench import data
from ctbench.data import _prepare, cifar10
from ctbench.data._manifest import manifest

pytestmark = [pytest.mark.network, pytest.mark.slow, pytest.mark.timeout(1800)]

PLANETOID = ("cora", "citeseer", "pubmed")
CIFAR10_BINARY_SHA1 = (
    "aadd24acce27caa71bf4b10992e9e7b2d74c2540",
    "c0ba65cce70568cd57b4e03e9ac8d2a5367c1795",
    "1dd00a74ab1d17a6e7d73e185b69dbf31242f295",
    "aab85764eb3584312d3c7f65fd2fd016e36a258e",
    "26e2849e66a845b7f1e4614ae70f4889ae604628",
    "67eb016db431130d61cd03c7ad570b013799c88c",
)
"""Of `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin` of the official binary archive."""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def cifar(root):
    return data.prepare("cifar10", root, sources=["package"])


@pytest.mark.parametrize("name", [*PLANETOID, "fashion_mnist"])
def test_package_has_the_canonical_bytes_and_counts(name, root):
    dataset = data.prepare(name, root, sources=["package"])
    recipe = data.DATASETS[name]
    assert dataset.sha256 == recipe.entry.sha256
    assert dict(recipe.family.fingerprint(dataset.arrays)) == dict(manifest()[name].fingerprint)
    assert data.load(name, root).sha256 == dataset.sha256


@pytest.mark.parametrize("name", PLANETOID)
def test_mirror_has_the_same(name, tmp_path):
    if "CTBENCH_MIRROR" not in os.environ:
        pytest.skip("CTBENCH_MIRROR is not set")
    assert data.prepare(name, tmp_path, sources=["mirror"]).sha256 == manifest()[name].sha256


def binary(images: np.ndarray, labels: np.ndarray) -> bytes:
    """A batch in the official binary layout: for each image its label, then its red, green and blue planes."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.concatenate([labels.astype(np.uint8)[:, None], planes], axis=1).tobytes()


def batches(dataset):
    arrays = dataset.arrays
    for start in range(0, 50000, 10000):
        part = slice(start, start + 10000)
        yield arrays["train_images"][part], arrays["train_labels"][part]
    yield arrays["test_images"], arrays["test_labels"]


def test_cifar10_package_is_in_the_official_order(cifar):
    assert tuple(hashlib.sha1(binary(*batch)).hexdigest() for batch in batches(cifar)) == CIFAR10_BINARY_SHA1
    found = data.DATASETS["cifar10"].family.fingerprint(cifar.arrays)
    assert dict(found) == dict(manifest()["cifar10"].fingerprint)


def test_cifar10_official_archive_gives_the_same(cifar, tmp_path, write_archive, monkeypatch):
    """The same images in the official archive's layout, in a mirror: one canonical hash."""
    members = zip((*cifar10.TRAIN_BATCHES, "test_batch"), batches(cifar), strict=True)
    contents = {
        f"cifar-10-batches-py/{name}": {"data": images, "labels": labels.tolist()} for name, (images, labels) in members
    }
    write_archive(tmp_path / cifar10.ARCHIVE, contents)
    monkeypatch.setenv("CTBENCH_MIRROR", str(tmp_path))
    recipe = data.DATASETS["cifar10"]
    found = _prepare.prepare(recipe, Path(tmp_path, "root"), ["mirror"], print)
    assert found.sha256 == cifar.sha256 == recipe.entry.sha256
