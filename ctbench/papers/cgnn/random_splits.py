"""CGNN, table of the random splits: every seed has a split of its own, the same for all models (CGNN-C2)."""

from __future__ import annotations

from ctbench.papers.cgnn.fixed_split import FixedSplit


class RandomSplits(FixedSplit):
    """20 training nodes a class, 500 for validation, 1000 for the test, drawn anew for every seed."""

    title = "Node classification on random splits"
    split = "random"


EXPERIMENT = RandomSplits()
