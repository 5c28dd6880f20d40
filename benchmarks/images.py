"""Image training: images on the device, moved there, channels last, bf16, against float32, NCHW and a host loader."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset
from torch.utils.flop_counter import FlopCounterMode

from benchmarks._line import Line
from ctbench.data import load
from ctbench.papers.continuousnet.classification import EXPERIMENT
from ctbench.training.image_classification import ImageClassification, Settings, build
from ctbench.training.images import Arrays

BATCHES = 24
CEILING = 989e12
"""Dense bf16 FLOP/s of an H200 (NVIDIA's data sheet)."""


class Plain(Dataset[tuple[Tensor, int]]):
    """CIFAR-10 as one would write it first: every image cropped, mirrored and standardised by itself, on the host."""

    def __init__(self, arrays: Arrays, mean: Tensor, deviation: Tensor) -> None:
        self.images, self.labels = arrays["train_images"], arrays["train_labels"]
        self.mean, self.deviation = mean.view(3, 1, 1), deviation.view(3, 1, 1)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        padded = np.pad(self.images[index], ((4, 4), (4, 4), (0, 0)))
        down, right = np.random.randint(0, 9, 2)
        image = padded[down : down + 32, right : right + 32]
        if np.random.random() < 0.5:
            image = image[:, ::-1]
        pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).float() / 255
        return (pixels - self.mean) / self.deviation, int(self.labels[index])


def lines(full: bool) -> Iterator[Line]:
    torch.set_num_threads(2)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    arrays = load("cifar10", Path("data")).arrays
    models = ("euler_k1", "rk4_k1", "rk4_k8") if full or device == "cuda" else ("euler_k1",)
    for model in models:
        plain = plain_rate(arrays, model, device)
        for precision in ("float32", "bfloat16"):
            settings = Settings.model_validate(
                {**EXPERIMENT.published("cifar10", model), "precision": precision, "train_images": BATCHES * 128}
            )
            task = ImageClassification(settings, arrays, 0, device)
            ours = len(task.train) / median(seconds(task.epoch, i, device) for i in range(1 if device == "cpu" else 5))
            rate = ours * flops(task)
            said = f"{rate / 1e12:.2f} TFLOP/s{ceiling(precision, device, rate)}"
            said += f"; losses at equal weights differ by {difference(task, arrays):.0e}"
            yield Line(f"{model} on CIFAR-10, {device}, {precision}", "images/s", ours, plain, said=said)


def ceiling(precision: str, device: str, rate: float) -> str:
    """The share of an H200's dense bf16 rate, where that is the machine."""
    here = torch.cuda.get_device_name() if device == "cuda" else ""
    return f", {rate / CEILING:.1%} of the ceiling" if "H200" in here and precision == "bfloat16" else ""


def plain_rate(arrays: Arrays, model: str, device: str) -> float:
    """Images a second of the twin: float32, NCHW, host loader, one training."""
    settings = Settings.model_validate(EXPERIMENT.published("cifar10", model))
    network = build(settings.model, settings.options, arrays).to(device).train()
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
    statistics = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2470, 0.2435, 0.2616])
    loader = DataLoader(Plain(arrays, *statistics), batch_size=128, shuffle=True, num_workers=0)
    batches, times = iter(loader), []
    for _ in range(BATCHES):
        begin = time.perf_counter()
        images, labels = (x.to(device) for x in next(batches))
        optimizer.zero_grad()
        cross_entropy(network(images), labels).backward()
        optimizer.step()
        _wait(device)
        times.append(time.perf_counter() - begin)
    return 128 / median(times)


def difference(task: ImageClassification, arrays: Arrays) -> float:
    """Between the loss of a batch in NCHW and float32, and in our layout and precision, at the same weights."""
    twin = build(task.settings.model, task.settings.options, arrays).to(task.device)
    twin.load_state_dict(task.network.state_dict())
    images, labels = task.train.standardised(task.train.pixels[:128]), task.train.labels[:128]
    with torch.no_grad():
        theirs = cross_entropy(twin.train()(images.contiguous()), labels)
        with torch.autocast(task.device, torch.bfloat16, enabled=task.settings.precision == "bfloat16"):
            ours = cross_entropy(task.network.train()(images), labels)
    return abs(float(ours - theirs))


def flops(task: ImageClassification) -> float:
    """Floating-point operations of one image, forwards and backwards."""
    images, labels = task.train.standardised(task.train.pixels[:8]), task.train.labels[:8]
    network: nn.Module = task.network
    with FlopCounterMode(display=False) as counter:
        cross_entropy(network(images), labels).backward()
    return counter.get_total_flops() / 8


def seconds(epoch: Callable[[int], float], index: int, device: str) -> float:
    """Of one epoch, after a first that does not count."""
    if index == 0:
        epoch(0)
    begin = time.perf_counter()
    epoch(index)
    _wait(device)
    return time.perf_counter() - begin


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
