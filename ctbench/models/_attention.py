"""Attention over the neighbours of every node, for many seeds at once (Velickovic et al. 2018)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import Generator, Tensor, nn
from torch.autograd import Function
from torch.nn.functional import leaky_relu

from ctbench.models._graph import glorot, stacked
from ctbench.models._sparse import Graph, factors, sides

SLOPE = 0.2


class Neighbourhoods(nn.Module):
    """The edges u -> v of a symmetric graph with a loop at every node, in the order of a CSR matrix with rows v."""

    begins: Tensor
    """Where the edges of each node begin, [nodes + 1]."""
    targets: Tensor
    """v of every edge."""
    sources: Tensor
    """u of every edge."""
    reverse: Tensor
    """The position of the edge v -> u."""

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        looped = sparse.csr_array(graph.adjacency + sparse.eye_array(graph.nodes))
        looped.sort_indices()
        looped.data = np.arange(looped.nnz)
        reverse = sparse.csr_array(looped.T)
        reverse.sort_indices()
        targets = np.repeat(np.arange(sides(looped)[0]), np.diff(looped.indptr))
        arrays = {"begins": looped.indptr, "targets": targets, "sources": looped.indices, "reverse": reverse.data}
        for name, array in arrays.items():
            self.register_buffer(name, torch.from_numpy(array.astype(np.int64)), persistent=False)

    def matrix(self, values: Tensor) -> Tensor:
        """Values [edges] as a CSR matrix [nodes, nodes]."""
        n = len(self.begins) - 1
        return torch.sparse_csr_tensor(self.begins, self.sources, values, size=(n, n), check_invariants=False)

    def reduced(self, values: Tensor, how: str) -> Tensor:
        """`sum` or `max` over the edges into each node, [edges] to [nodes]."""
        return torch.segment_reduce(values, how, offsets=self.begins, unsafe=True)

    def softmax(self, scores: Tensor) -> Tensor:
        """Over the edges into each node, [edges]."""
        weights = (scores - self.reduced(scores, "max")[self.targets]).exp_()
        return weights.div_(self.reduced(weights, "sum")[self.targets])


class _Attend(Function):
    """y_v = sum_u alpha_vu k_vu x_u, alpha_v = softmax_u LeakyReLU(s_v + r_u), one head of one seed after another.

    k are the factors of dropout. Kept for the gradient are alpha and the arguments, no state by edge.
    """

    @staticmethod
    def forward(ctx: Any, edges: Neighbourhoods, s: Tensor, r: Tensor, x: Tensor, kept: Tensor | None) -> Tensor:
        alpha, result = s.new_empty(len(s), len(edges.targets)), torch.empty_like(x)
        for i in range(len(s)):
            scores = s[i].index_select(0, edges.targets) + r[i].index_select(0, edges.sources)
            alpha[i] = edges.softmax(leaky_relu(scores, SLOPE))
            weights = alpha[i] if kept is None else alpha[i] * kept[i]
            torch.addmm(result[i], edges.matrix(weights), x[i], beta=0, out=result[i])
        ctx.edges = edges
        ctx.save_for_backward(s, r, x, alpha, kept)
        return result

    @staticmethod
    def backward(ctx: Any, *cotangents: Tensor) -> tuple[None, Tensor, Tensor, Tensor, None]:
        edges: Neighbourhoods = ctx.edges
        s, r, x, alpha, kept = ctx.saved_tensors
        y = cotangents[0].contiguous()
        of_s, of_r, of_x = torch.empty_like(s), torch.empty_like(r), torch.empty_like(x)
        for i in range(len(s)):
            a, k = alpha[i], 1.0 if kept is None else kept[i]
            of_a = k * torch.linalg.vecdot(y[i].index_select(0, edges.targets), x[i].index_select(0, edges.sources))
            torch.addmm(of_x[i], edges.matrix((k * a)[edges.reverse]), y[i], beta=0, out=of_x[i])
            of_z = a * (of_a - edges.reduced(a * of_a, "sum")[edges.targets])
            positive = s[i].index_select(0, edges.targets) + r[i].index_select(0, edges.sources) > 0
            of_z = torch.where(positive, of_z, SLOPE * of_z)
            of_s[i] = edges.reduced(of_z, "sum")
            of_r[i] = edges.reduced(of_z[edges.reverse], "sum")
        return None, of_s, of_r, of_x, None


class Heads(nn.Module):
    """The attention of several heads on features Theta h, stacked by seed.

    Args:
        edges: over which nodes attend.
        heads: number of heads.
        width: of one head.
        generators: one for each seed.
    """

    def __init__(self, edges: Neighbourhoods, heads: int, width: int, generators: list[Generator]) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.edges = edges
        self.at_target = stacked((heads, width, 1), glorot, generators)
        self.at_source = stacked((heads, width, 1), glorot, generators)

    def forward(self, h: Tensor, rate: float, dropout: list[Generator] | None) -> Tensor:
        """Each node's mean over its neighbours and itself, weighted by attention.

        Args:
            h: Theta h, [seeds, nodes, heads * width].
            rate: probability that an attention coefficient is dropped in training.
            dropout: a generator for each seed in training, None in evaluation.

        Returns:
            [seeds, nodes, heads * width].
        """
        seeds, n, _ = h.shape
        split = h.view(seeds, n, self.heads, self.width).transpose(1, 2).contiguous()
        scores = [(split * a.mT).sum(-1).view(-1, n) for a in (self.at_target, self.at_source)]
        x = split.view(-1, n, self.width)
        y = _Attend.apply(self.edges, *scores, x, self.kept(rate, dropout, h))
        assert isinstance(y, Tensor)
        return y.view(split.shape).transpose(1, 2).reshape(h.shape)

    def kept(self, rate: float, dropout: list[Generator] | None, like: Tensor) -> Tensor | None:
        """Factors 0 or 1 / (1 - rate), [seeds * heads, edges]; None where nothing is dropped."""
        if dropout is None or rate == 0:
            return None
        shape = (self.heads, len(self.edges.targets))
        return torch.cat([factors(shape, rate, g) for g in dropout]).to(like.dtype)
