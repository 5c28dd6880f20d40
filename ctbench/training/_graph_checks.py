"""What a graph and a split must be before a network is trained on them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
import torch

from ctbench.models._sparse import Graph
from ctbench.spec.errors import UserError


def check(graph: Graph, labels: np.ndarray, split: Mapping[str, np.ndarray]) -> None:
    """Nodes without neighbours, without features or without label may be in the graph; the split must not use the last.

    Args:
        graph: features and adjacency.
        labels: [nodes], -1 where there is none.
        split: indices `train`, `validation`, `test`, each [seeds, n].

    Raises:
        UserError: naming what was found and what was expected.
    """
    _check_graph(graph, labels)
    for part, index in split.items():
        if index.size == 0:
            raise UserError(f"split.{part}: has no node, expected at least one.")
        if index.min() < 0 or index.max() >= graph.nodes:
            raise UserError(
                f"split.{part}: found node {_outside(index, graph.nodes)}, expected 0 to {graph.nodes - 1}."
            )
        without = index[labels[index] < 0]
        if without.size:
            raise UserError(f"split.{part}: node {without[0]} has no label; expected nodes with one.")
    for seed in range(len(split["train"])):
        for a, b in combinations(split, 2):
            both = np.intersect1d(split[a][seed], split[b][seed])
            if both.size:
                raise UserError(f"split: node {both[0]} is in {a} and in {b}; expected parts that do not overlap.")
        missing = np.setdiff1d(np.arange(graph.classes), labels[split["train"][seed]])
        if missing.size:
            raise UserError(f"split.train: has no node of class {missing[0]}, expected one of each {graph.classes}.")


def check_memory(seeds: int, bytes_per_seed: int, free: int) -> None:
    """Raises UserError, saying how many seeds fit, if the free memory does not hold all."""
    if seeds * bytes_per_seed > free:
        raise UserError(
            f"seeds: {seeds} trained together need about {seeds * bytes_per_seed / 2**30:.1f} GiB; "
            f"{free / 2**30:.1f} GiB are free, which hold {free // bytes_per_seed}."
        )


def free_memory(device: str) -> int:
    """Bytes that can be had on the device."""
    if torch.device(device).type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except FileNotFoundError:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))


def _outside(index: np.ndarray, nodes: int) -> int:
    return int(index.min() if index.min() < 0 else index.max())


def _check_graph(graph: Graph, labels: np.ndarray) -> None:
    adjacency = graph.adjacency
    if adjacency.shape != (graph.nodes, graph.nodes) or labels.shape != (graph.nodes,):
        raise UserError(
            f"graph: found adjacency {adjacency.shape} and {len(labels)} labels for {graph.nodes} rows of features."
        )
    loops = np.flatnonzero(adjacency.diagonal())
    if loops.size:
        raise UserError(f"graph.adjacency: node {loops[0]} has an edge to itself; expected none, models add their own.")
    one_way = (abs(adjacency - adjacency.T)).tocoo()
    if one_way.count_nonzero():
        u, v = (int(ends[0]) for ends in one_way.nonzero())
        raise UserError(f"graph.adjacency: differs between ({u}, {v}) and ({v}, {u}); expected undirected edges.")
    if not graph.features.count_nonzero():
        raise UserError("graph.features: all are zero; expected at least one that is not.")
