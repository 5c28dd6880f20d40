"""Sparse products for many seeds at once. States are stacked as [seeds, nodes, width]."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Generator, Tensor
from torch.autograd import Function


@dataclass(frozen=True)
class Graph:
    """A graph with node features, as the models take it.

    Attributes:
        features: sparse, [nodes, features].
        adjacency: sparse, symmetric, without self loops, [nodes, nodes].
        classes: number of classes.
    """

    features: sparse.csr_array
    adjacency: sparse.csr_array
    classes: int

    @property
    def nodes(self) -> int:
        return sides(self.features)[0]

    @property
    def width(self) -> int:
        """Number of features."""
        return sides(self.features)[1]


def sides(matrix: sparse.csr_array) -> tuple[int, int]:
    """Rows and columns."""
    shape = matrix.shape
    assert shape is not None
    return shape[0], shape[1]


def normalised(adjacency: sparse.csr_array, self_loop: float) -> sparse.csr_array:
    """D^{-1/2} (A + c I) D^{-1/2}, D the row sums of A + c I; isolated nodes get zero rows (Kipf and Welling 2017)."""
    looped = sparse.csr_array(adjacency + self_loop * sparse.eye_array(sides(adjacency)[0]))
    degree = np.asarray(looped.sum(axis=1)).ravel()
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    return sparse.csr_array(scale[:, None] * looped * scale[None, :])


def csr(matrix: sparse.csr_array, dtype: torch.dtype = torch.float32) -> Tensor:
    """A scipy matrix as a torch CSR tensor."""
    matrix = sparse.csr_array(matrix)
    matrix.sort_indices()
    return _csr(
        torch.from_numpy(matrix.indptr.astype(np.int64)),
        torch.from_numpy(matrix.indices.astype(np.int64)),
        torch.from_numpy(matrix.data).to(dtype),
        sides(matrix),
    )


def _csr(indptr: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.sparse_csr_tensor(indptr, indices, values, size=shape, check_invariants=False)


def _like(matrix: Tensor, values: Tensor) -> Tensor:
    """A CSR tensor with the pattern of `matrix` and other values."""
    return _csr(matrix.crow_indices(), matrix.col_indices(), values, matrix.shape)


class _SymmetricProduct(Function):
    """M H for a symmetric sparse M; its transpose is itself."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, states: Tensor) -> Tensor:
        ctx.matrix = matrix
        return products(matrix, states)

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[None, Tensor]:
        return None, products(ctx.matrix, cotangents[0].contiguous())


def products(matrix: Tensor, states: Tensor) -> Tensor:
    """M H_s for every seed s, into memory that is not cleared first."""
    result = torch.empty_like(states)
    for h, out in zip(states, result, strict=True):
        torch.addmm(out, matrix, h, beta=0, out=out)
    return result


def propagate(matrix: Tensor, states: Tensor) -> Tensor:
    """M H for a symmetric sparse M [n, n] and stacked states [seeds, n, width]."""
    result = _SymmetricProduct.apply(matrix, states)
    assert isinstance(result, Tensor)
    return result


def factors(size: tuple[int, ...], rate: float, generator: Generator) -> Tensor:
    """Dropout's factors: 1 / (1 - rate) with probability 1 - rate to within 2^-17, else 0.

    Four of them from each draw of 64 bits; drawing is most of what dropout costs.
    """
    n = math.prod(size)
    draws = torch.empty(-(-n // 4), dtype=torch.int64, device=generator.device)
    bits = draws.random_(-(2**63), None, generator=generator).view(torch.int16)[:n]
    return (bits < round((1 - rate) * 2**16) - 2**15).float().div_(1 - rate).view(size)


class SparseFeatures:
    """Node features that stay sparse: X W for every seed, with its own dropout on the stored entries.

    Args:
        matrix: [nodes, features].
    """

    def __init__(self, matrix: sparse.csr_array) -> None:
        matrix = sparse.csr_array(matrix)
        matrix.sort_indices()
        order = sparse.csr_array(matrix)
        order.data = np.arange(1, matrix.nnz + 1)
        transposed = sparse.csr_array(order.T)
        self.matrix, self.transposed = csr(matrix), csr(sparse.csr_array(matrix.T))
        self.values = self.matrix.values()
        self.order = torch.from_numpy(transposed.data.astype(np.int64) - 1)

    def to(self, device: str) -> SparseFeatures:
        for name in ("matrix", "transposed", "values", "order"):
            setattr(self, name, getattr(self, name).to(device))
        return self

    def times(self, weight: Tensor, dropout: float, generators: list[Generator] | None) -> Tensor:
        """X W_s for every seed s.

        Args:
            weight: [seeds, features, width].
            dropout: probability that a stored entry of X is dropped.
            generators: one for each seed, for the masks; None in evaluation: nothing is dropped.

        Returns:
            [seeds, nodes, width].
        """
        seeds, _, width = weight.shape
        if generators is None or dropout == 0:
            result = _Product.apply(self.matrix, self.transposed, weight.transpose(0, 1).reshape(-1, seeds * width))
            assert isinstance(result, Tensor)
            return result.view(-1, seeds, width).transpose(0, 1)
        kept = [self.values * factors((len(self.values),), dropout, g) for g in generators]
        return torch.stack([self._masked(values, w) for values, w in zip(kept, weight, strict=True)])

    def _masked(self, values: Tensor, weight: Tensor) -> Tensor:
        matrix, transposed = _like(self.matrix, values), _like(self.transposed, values[self.order])
        result = _Product.apply(matrix, transposed, weight)
        assert isinstance(result, Tensor)
        return result


class _Product(Function):
    """X W with the gradient of W by the stored transpose of X."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, transposed: Tensor, weight: Tensor) -> Tensor:
        ctx.transposed = transposed
        return matrix @ weight

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[None, None, Tensor]:
        return None, None, ctx.transposed @ cotangents[0].contiguous()
