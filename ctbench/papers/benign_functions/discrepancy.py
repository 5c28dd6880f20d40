"""The sign matrix of the inner product: norm, Lindsey's lemma and monochromatic rectangles (BEN-V10)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray

from ctbench.papers._exact import Check, ExactExperiment, bits, pieces, up_to
from ctbench.spec.frozen import Frozen
from ctbench.training.task import Row, measured


class Settings(Frozen):
    """Up to which d the norm, the product with the transpose, and all sets of rows are gone through."""

    svd_up_to: Annotated[int, up_to(11, "singular values of 2^d x 2^d matrices", "`product_up_to` needs no SVD")] = 10
    product_up_to: Annotated[int, up_to(13, "products of 2^d x 2^d matrices", "the identity is the same for all d")] = (
        11
    )
    rectangles_up_to: Annotated[int, up_to(4, "all 2^(2^d) sets of rows", "Lindsey's lemma covers the rest")] = 4


def signs(d: int) -> NDArray[np.float64]:
    """(-1)^<x, y> for x, y in 0 ... 2^d - 1."""
    x = np.arange(2**d)
    return 1.0 - 2.0 * (np.bitwise_count(x[:, None] & x) % 2)


def norm(d: int) -> Iterator[Row]:
    """Largest and smallest singular value over 2^(d/2), and the share of ones."""
    values = np.linalg.svd(signs(d), compute_uv=False) / 2 ** (d / 2)
    yield measured("norm_over_root", values[0], "ratio", x=d)
    yield measured("smallest_over_root", values[-1], "ratio", x=d)
    share = float((signs(d) < 0).mean())
    yield measured("share_of_ones_off", share - (0.5 - 2.0 ** (-d - 1)), "1", x=d)


def product(d: int) -> Iterator[Row]:
    """Entries of M M' that are not those of 2^d I; the integers are below 2^24, so single precision is exact."""
    M = signs(d).astype(np.float32)
    wrong = 0
    for rows in pieces(2**d, 1024):
        expected = np.zeros((len(rows), 2**d), dtype=np.float32)
        expected[np.arange(len(rows)), rows] = 2**d
        wrong += int((M[rows] @ M.T != expected).sum())
    yield measured("product_mismatches", wrong, "count", x=d)
    yield measured("cases", 4**d, "count", x=d)


def rectangles(d: int) -> Iterator[Row]:
    """Over all sets of rows A and, for each size, the best set of columns B.

    Lindsey: |sum over A x B| <= sqrt(2^d |A| |B|). The largest rectangles on which the function is constant follow.
    """
    M, n = signs(d), 2**d
    sizes = np.arange(1, n + 1)
    lindsey, ones, zeros = 0.0, 0, 0
    for numbers in pieces(2**n):
        A = bits(numbers[numbers > 0], n)
        rows, sums = A.sum(1), A @ M
        for sign in (1.0, -1.0):
            best = np.cumsum(-np.sort(-sign * sums, axis=1), axis=1)
            lindsey = max(lindsey, float((best / np.sqrt(n * rows[:, None] * sizes)).max()))
        zeros = max(zeros, int((rows * (sums == rows[:, None]).sum(1)).max()))
        ones = max(ones, int((rows * (sums == -rows[:, None]).sum(1)).max()))
    yield measured("lindsey_ratio", lindsey, "ratio", x=d)
    yield measured("zeros_rectangle_over_bound", zeros / n, "ratio", x=d)
    yield measured("ones_rectangle_over_bound", ones / n, "ratio", x=d)
    yield measured("cases_rectangles", 2**n - 1, "count", x=d)


class Discrepancy(ExactExperiment):
    """A rectangle of one value has at most 2^d entries, a share of 2^-d; exactly for zeros, half of it for ones."""

    paper = "benign_functions"
    title = "Spectral norm and rectangles of the inner product"
    Settings = Settings
    objects: ClassVar = {"sign_matrix": {"inner_product": {}}}
    sizes = ("svd_up_to", "product_up_to", "rectangles_up_to")

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        for d in range(1, settings.svd_up_to + 1):
            yield partial(norm, d)
        for d in range(1, settings.product_up_to + 1):
            yield partial(product, d)
        for d in range(1, settings.rectangles_up_to + 1):
            yield partial(rectangles, d)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        return 2.0 + 8.0 ** (settings.svd_up_to - 10) + 8.0 ** (settings.product_up_to - 12)


EXPERIMENT = Discrepancy()
