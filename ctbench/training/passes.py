"""Time of a pass through a network, forward and backward, with passes through a GCN in between."""

from __future__ import annotations

import time
from functools import partial
from statistics import median
from typing import Annotated, Any

import torch
from pydantic import AfterValidator, Field
from torch import Tensor

from ctbench.models import resolved
from ctbench.training.node_classification import NodeClassification, Settings
from ctbench.training.task import SeedResult, Task, measured

WARM_UP = 3
"""Passes before the first that counts."""


class PassSettings(Settings):
    """The training whose passes are timed, and the GCN to which they are compared."""

    passes: int = Field(ge=1)
    gcn: Annotated[dict[str, Any], AfterValidator(partial(resolved, "gcn"))] = Field(description="Options of the GCN.")

    def compared(self) -> Settings:
        """The same training of the GCN."""
        content = self.model_dump(exclude={"passes", "gcn"})
        return Settings.model_validate({**content, "model": "gcn", "options": self.gcn})


class Passes(Task):
    """Passes in training mode through two untrained networks of one seed in turn, so that both meet the same load.

    Forward is up to the logits; backward is the gradient of the loss in all parameters. `nfe_training` is the mean over
    the passes. The timings are medians in ms; `*_over_gcn` are their ratios.

    Args:
        training: of the network.
        gcn: the training to which it is compared.
        passes: how many of each are timed.
    """

    def __init__(self, training: NodeClassification, gcn: NodeClassification, passes: int) -> None:
        self.pair, self.steps = (training, gcn), WARM_UP + passes
        self.seconds: list[list[float]] = []
        self.nfe: list[int] = []

    def step(self, index: int) -> None:
        found = [second for training in self.pair for second in passed(training)]
        if index >= WARM_UP:
            self.seconds.append(found)
            self.nfe += self.pair[0].network.nfe

    def state(self) -> dict[str, Any]:
        return {"pair": [training.state() for training in self.pair], "seconds": self.seconds, "nfe": self.nfe}

    def restore(self, state: dict[str, Any]) -> None:
        for training, saved in zip(self.pair, state["pair"], strict=True):
            training.restore(saved)
        self.seconds, self.nfe = state["seconds"], state["nfe"]

    def results(self) -> list[SeedResult]:
        forward, backward, gcn_forward, gcn_backward = (median(column) for column in zip(*self.seconds, strict=True))
        rows = [measured("nfe_training", sum(self.nfe) / len(self.nfe), "count")] if self.nfe else []
        timings = [
            measured("forward_ms", 1e3 * forward, "ms"),
            measured("backward_ms", 1e3 * backward, "ms"),
            measured("forward_over_gcn", forward / gcn_forward, "ratio"),
            measured("backward_over_gcn", backward / gcn_backward, "ratio"),
        ]
        return [SeedResult(self.pair[0].seeds[0], rows, timings=timings)]


def passed(training: NodeClassification) -> tuple[float, float]:
    """Seconds of a forward and of a backward pass."""
    network = training.network.train()
    network.zero_grad(set_to_none=True)
    begin = now(training.labels)
    logits = network(training.dropout)
    forward = now(logits) - begin
    loss = training.loss(logits, "train").sum()
    begin = now(loss)
    loss.backward()
    return forward, now(loss) - begin


def now(tensor: Tensor) -> float:
    """Seconds of processor time, all threads together, which other processes on the machine do not count towards.

    Of a GPU, seconds of the clock once it has done all that was asked of it.
    """
    if not tensor.is_cuda:
        return time.process_time()
    torch.cuda.synchronize(tensor.device)
    return time.perf_counter()
