"""A stacked training of node classification beside its plain twin: the same numbers, and the seconds of both."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from benchmarks._line import Line
from ctbench.data import load, split
from ctbench.papers import experiments
from ctbench.training.node_classification import NodeClassification, Settings, decay_groups, graph_of
from ctbench.training.optimizers import optimizer

Twin = Callable[[NodeClassification, int], nn.Module]
"""Builds the network of one seed of a stacked training, with the same weights; called, it gives logits."""

SEEDS = 10
EPOCHS = 60
"""Of ours, of which the median is taken."""
STEPS = 5
"""After which the logits are compared again."""


def training(experiment: str, dataset: str, model: str, seeds: int) -> NodeClassification:
    """The paper's setting on the fixed split, untrained."""
    data = load(dataset, Path("data"))
    settings = Settings.model_validate(experiments()[experiment].published(dataset, model))
    graph, labels = graph_of(data.arrays, settings.features), data.arrays["labels"]
    part = {name: np.tile(index, (seeds, 1)) for name, index in split(data, "planetoid").items()}
    return NodeClassification(settings, graph, labels, part, tuple(range(seeds)))


def beside(twin: Twin, experiment: str, model: str, epochs: int, asked: str, full: bool) -> Line:
    """Ours a seed, and so many epochs of the twin; with `full` both whole, and their test accuracies."""
    still, fast = (training(experiment, "cora", model, SEEDS) for _ in range(2))
    plain, whole = twin(fast, 0), fast.settings.epochs
    begin, end = differences(still, twin(still, 0))
    said = f"logits differ by {begin:.0e}, after {STEPS} steps without dropout by {end:.0e}"
    ours = median(timed(fast.step, epoch) for epoch in range(whole if full else EPOCHS)) / SEEDS
    seconds, accuracy = train(plain, fast, whole if full else epochs)
    if full:
        mean = float(fast.best.test.mean())
        said += f"; test accuracy {mean:.1f} % (mean of {SEEDS} seeds), of the twin {accuracy:.1f} % (one seed)"
    what = f"{model} on Cora, {whole} epochs, a seed"
    return Line(what, "s", whole * ours, whole * median(seconds), asked, said)


def differences(fast: NodeClassification, plain: nn.Module) -> tuple[float, float]:
    """Of the logits of the first seed, at equal weights and after each has trained for some steps without dropout."""
    fast.dropout = None  # pyright: ignore[reportAttributeAccessIssue]
    plain.eval()
    step, begin = stepper(plain, fast), gap(fast, plain)
    for index in range(STEPS):
        fast.step(index)
        step()
    return begin, gap(fast, plain)


@torch.no_grad()
def gap(fast: NodeClassification, plain: nn.Module) -> float:
    """Relative difference of the logits."""
    ours, theirs = fast.network.eval()(None)[0], plain()
    return float((ours - theirs).norm() / theirs.norm())


def stepper(plain: nn.Module, fast: NodeClassification) -> Callable[[], None]:
    """A step of the twin's training."""
    settings, index = fast.settings, fast.split["train"][0]
    descent = optimizer(settings.optimizer, decay_groups(plain, settings), lr=settings.learning_rate)

    def step() -> None:
        descent.zero_grad()
        cross_entropy(plain()[index], fast.labels[index]).backward()
        descent.step()

    return step


def train(plain: nn.Module, fast: NodeClassification, epochs: int) -> tuple[list[float], float]:
    """Train the twin, evaluating every epoch: seconds of each, and test accuracy at the best epoch by validation."""
    settings, step = fast.settings, stepper(plain, fast)
    best, reported, seconds = -torch.inf, 0.0, []
    for epoch in range(epochs):
        begin = time.perf_counter()
        plain.train()
        step()
        plain.eval()
        score, test = evaluated(plain, fast)
        if epoch >= settings.select_from and score > best:
            best, reported = score, test
        seconds.append(time.perf_counter() - begin)
    return seconds, reported


@torch.no_grad()
def evaluated(plain: nn.Module, fast: NodeClassification) -> tuple[float, float]:
    """The validation score that chooses the epoch, and test accuracy."""
    logits, validation, test = plain(), fast.split["validation"][0], fast.split["test"][0]
    right = (logits.argmax(-1) == fast.labels).float()
    loss = cross_entropy(logits[validation], fast.labels[validation])
    score = right[validation].mean() if fast.settings.select_by == "accuracy" else -loss
    return float(score), 100 * float(right[test].mean())


def timed(work: Callable[[int], object], argument: int) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    work(argument)
    return time.perf_counter() - begin
