"""What image data sets share.

Canonical arrays: `train_images` and `test_images` uint8 [n, height, width, channels], `train_labels` and `test_labels`
int64 [n], in the order of the official files.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from ctbench.data._dataset import Arrays, Dataset, Fingerprint, Split, short_sha256


def image_fingerprint(white: int) -> Callable[[Arrays], Fingerprint]:
    """A function that gives counts, label hash, and mean and deviation of the training pixels (over `white`)."""

    def fingerprint(arrays: Arrays) -> Fingerprint:
        images, labels = arrays["train_images"], arrays["train_labels"]
        counts = np.bincount(labels)
        moments: dict[str, float] = {}
        for channel in range(images.shape[3]):
            mean, deviation = pixel_moments(images[..., channel])
            moments[f"train_mean_{channel}"] = round(mean / white, 8)
            moments[f"train_std_{channel}"] = round(deviation / white, 8)
        return {
            "train": len(images),
            "test": len(arrays["test_images"]),
            "height": images.shape[1],
            "width": images.shape[2],
            "channels": images.shape[3],
            "classes": len(counts),
            "smallest_class": int(counts.min()),
            "largest_class": int(counts.max()),
            **moments,
            "labels": short_sha256(labels, arrays["test_labels"]),
        }

    return fingerprint


def pixel_moments(pixels: np.ndarray) -> tuple[float, float]:
    """Mean and standard deviation of uint8 pixels, from their histogram: exact sums, whatever the order of addition."""
    histogram = np.zeros(256, dtype=np.int64)
    for chunk in np.array_split(pixels, max(1, len(pixels) // 4096)):
        histogram += np.bincount(chunk.ravel(), minlength=256)
    n = int(histogram.sum())
    first = sum(value * int(count) for value, count in enumerate(histogram))
    second = sum(value * value * int(count) for value, count in enumerate(histogram))
    return first / n, math.sqrt(n * second - first * first) / n


def standard_split(dataset: Dataset, rng: np.random.Generator | None) -> Split:
    """All training images, no validation; `test` indexes the test images."""
    del rng
    n, tested = len(dataset.arrays["train_images"]), len(dataset.arrays["test_images"])
    return {"train": np.arange(n), "validation": np.arange(0), "test": np.arange(tested)}


def holdout_split(dataset: Dataset, rng: np.random.Generator | None) -> Split:
    """A random tenth of the training images (rounded down) held out for validation; `test` indexes the test images.

    `train` and `validation` index the training images, in increasing order. Raises ValueError without a generator.
    """
    if rng is None:
        raise ValueError("the split 'holdout' needs a numpy random generator")
    n, tested = len(dataset.arrays["train_images"]), len(dataset.arrays["test_images"])
    order = rng.permutation(n)
    return {"train": np.sort(order[n // 10 :]), "validation": np.sort(order[: n // 10]), "test": np.arange(tested)}


SPLITS = {"standard": standard_split, "holdout": holdout_split}
