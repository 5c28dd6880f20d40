import gzip
import pickle
import tarfile

import numpy as np
import pytest

from ctbench import data
from ctbench.data import cifar10, digits, fashion_mnist
from ctbench.data._dataset import Dataset, canonical_sha256
from ctbench.data._images import image_fingerprint, pixel_moments
from ctbench.spec.errors import UserError


def test_cifar10_archive_and_sheets_give_the_same_arrays(colour, tmp_path):
    colour.write_archive(tmp_path / cifar10.ARCHIVE)
    colour.write_sheets(tmp_path)
    truth = canonical_sha256(colour.arrays())
    assert canonical_sha256(cifar10.decode_pickles("cifar10", tmp_path)) == truth
    assert canonical_sha256(cifar10.decode_sheets("cifar10", tmp_path)) == truth


def test_cifar10_half_an_archive_is_refused(colour, tmp_path):
    path = tmp_path / cifar10.ARCHIVE
    colour.write_archive(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UserError, match=r"cifar-10-python\.tar\.gz"):
        cifar10.decode_pickles("cifar10", tmp_path)


def test_cifar10_archive_without_batches_is_refused(tmp_path):
    with tarfile.open(tmp_path / cifar10.ARCHIVE, "w:gz"):
        pass
    with pytest.raises(UserError, match="not CIFAR-10's archive"):
        cifar10.decode_pickles("cifar10", tmp_path)


def test_cifar10_archive_with_a_malicious_batch_is_refused(tmp_path):
    class Malicious:
        def __reduce__(self):
            return print, ("ran",)

    batch = tmp_path / "data_batch_1"
    batch.write_bytes(pickle.dumps(Malicious()))
    with tarfile.open(tmp_path / cifar10.ARCHIVE, "w:gz") as archive:
        archive.add(batch, "cifar-10-batches-py/data_batch_1")
    with pytest.raises(UserError, match=r"data_batch_1: refused"):
        cifar10.decode_pickles("cifar10", tmp_path)


def test_cifar10_labels_must_match(colour, tmp_path):
    colour.test_labels = colour.test_labels[:-1]
    colour.write_sheets(tmp_path)
    with pytest.raises(UserError, match="do not match"):
        cifar10.decode_sheets("cifar10", tmp_path)


def test_fashion_mnist_files(grey, tmp_path):
    grey.write_idx(tmp_path)
    found = fashion_mnist.decode_idx("fashion_mnist", tmp_path)
    assert canonical_sha256(found) == canonical_sha256(grey.arrays())


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        gzip.compress(b"\0\0\x08\x03"),
        gzip.compress(b"\0\0\x08\x01\0\0\0\x02ab"),
        gzip.compress(b"\0\0\x08\x03" + b"\0\0\0\x02" * 3 + b"seven.."),
        gzip.compress(b"\0\0\x08\x03" + b"\0\0\0\x02" * 3 + b"eight...")[:-9],
    ],
    ids=["empty", "not gzip", "no shape", "other rank", "too short", "cut"],
)
def test_idx_files_that_are_not_whole_are_refused(tmp_path, raw):
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(raw)
    with pytest.raises(UserError, match=r"train-images-idx3-ubyte\.gz: not a whole gzipped IDX file"):
        fashion_mnist.read_idx(path, dimensions=3)


def test_fashion_mnist_files_that_disagree_are_refused(grey, tmp_path):
    grey.train_labels = grey.train_labels[:-1]
    grey.write_idx(tmp_path)
    with pytest.raises(UserError, match="60 images, but 59 labels"):
        fashion_mnist.decode_idx("fashion_mnist", tmp_path)


def test_digits_are_all_of_scikit_learns(tmp_path):
    from sklearn.datasets import load_digits

    values, _ = load_digits(return_X_y=True)
    found = digits.decode_sklearn("digits", tmp_path)
    assert found["train_images"].shape == (1297, 8, 8, 1) and found["test_images"].shape == (500, 8, 8, 1)
    together = np.concatenate([found["train_images"], found["test_images"]]).reshape(1797, 64)
    assert sorted(map(bytes, together)) == sorted(map(bytes, values.astype(np.uint8)))


def test_moments_are_those_of_numpy():
    pixels = np.random.default_rng(0).integers(0, 256, (9000, 3, 3), dtype=np.uint8)
    assert pixel_moments(pixels) == pytest.approx((pixels.mean(), pixels.std()), rel=1e-12)


def test_fingerprint_has_counts_and_moments_per_channel(colour):
    found = image_fingerprint(white=255)(colour.arrays())
    assert (found["train"], found["test"], found["channels"]) == (60, 12, 3)
    assert found["train_mean_2"] == pytest.approx(colour.train_images[..., 2].mean() / 255, abs=1e-8)


def test_splits(grey):
    dataset = Dataset("fashion_mnist", grey.arrays(), "", {})
    standard = data.split(dataset, "standard")
    assert {part: len(index) for part, index in standard.items()} == {"train": 60, "validation": 0, "test": 12}
    holdout = data.split(dataset, "holdout", np.random.default_rng(0))
    assert {part: len(index) for part, index in holdout.items()} == {"train": 54, "validation": 6, "test": 12}
    assert sorted([*holdout["train"], *holdout["validation"]]) == list(range(60))
    assert all(index.dtype == np.int64 for index in (*standard.values(), *holdout.values()))
    with pytest.raises(ValueError, match="generator"):
        data.split(dataset, "holdout")
