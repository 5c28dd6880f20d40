"""GCDE-GRU on the corridor: sequences of all seeds in one solve, against one at a time and torchdiffeq's dopri5."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import torch
from torch import Tensor, sigmoid, tanh
from torchdiffeq import odeint

from benchmarks._line import Line
from ctbench.data import load
from ctbench.papers.neural_gde._traffic import graph_series
from ctbench.training.forecasting import Settings, Training

SEEDS = tuple(range(6))
BATCH = 32
TOLERANCES = {"rtol": 1e-4, "atol": 1e-3}


class Plain:
    """The same equations and weights for one seed, a sequence at a time, an adaptive solve for every gap."""

    def __init__(self, task: Training, seed: int) -> None:
        self.w = {name: p[seed].detach().clone().requires_grad_() for name, p in task.network.named_parameters()}
        operator: Any = task.network.operator
        self.L: Tensor = operator

    def __call__(self, x: Tensor, times: Tensor) -> Tensor:
        """Predictions [batch, nodes] from features [batch, K, nodes, 3] and times [batch, K + 1]."""
        return torch.stack([self.sequence(a, t) for a, t in zip(x, times, strict=True)])

    def sequence(self, x: Tensor, times: Tensor) -> Tensor:
        w, h = self.w, x.new_zeros(x.shape[1], len(self.w["cell.candidate"]))
        for k in range(len(x)):
            seen = self.L @ x[k]
            gates = seen @ w["cell.gates_in.weight"] + w["cell.gates_in.bias"] + self.L @ h @ w["cell.gates"]
            z, r = sigmoid(gates).chunk(2, dim=-1)
            new = seen @ w["cell.candidate_in.weight"] + w["cell.candidate_in.bias"]
            h = z * h + (1 - z) * tanh(new + self.L @ (r * h) @ w["cell.candidate"])
            path: Any = odeint(self.field, h, times[k : k + 2], method="dopri5", **TOLERANCES)
            h = path[-1]
        inner = torch.relu(h @ w["output.first.weight"] + w["output.first.bias"])
        return (inner @ w["output.last.weight"] + w["output.last.bias"])[:, 0]

    def field(self, t: Tensor, h: Tensor) -> Tensor:
        w = self.w
        inner = tanh(self.L @ h @ w["first.weight"] + w["first.bias"])
        return self.L @ inner @ w["second.weight"] + w["second.bias"]


def lines(full: bool) -> Iterator[Line]:
    torch.set_num_threads(1)
    series = graph_series(load("corridor", Path("data")))
    options = {"hidden": 16, "method": "fixed", "scheme": "rk4_38"}
    task = Training(Settings(model="gcde_gru", keep=0.5, batch=BATCH, options=options), series, SEEDS)
    tight = Training(
        Settings(model="gcde_gru", keep=0.5, options={**options, "method": "dopri5", **TOLERANCES}), series, SEEDS
    )
    index = task.order(0)[:, :BATCH]
    target, twin = task.standard[index[0, :, -1]], Plain(task, 0)
    x, times = features(task, index)
    with torch.no_grad():
        ours, adaptive, theirs = task.network(x, times)[0], tight.network(x, times)[0], twin(x[0], times[0])
    optimizer = torch.optim.Adam(list(twin.w.values()), lr=1e-2)

    def step_plain() -> None:
        optimizer.zero_grad()
        (twin(x[0], times[0]) - target).square().mean().backward()
        optimizer.step()

    def step_ours() -> None:
        task.optimizer.zero_grad()
        (task.forward(index) - task.standard[index[..., -1]]).square().mean((1, 2)).sum().backward()
        task.optimizer.step()

    repeats = 20 if full else 5
    fast, slow = seconds(step_ours, 4 * repeats) / len(SEEDS), seconds(step_plain, repeats)
    said = f"predictions differ by {gap(adaptive, theirs):.0e} with dopri5 in both, "
    said += f"by {gap(ours, theirs):.0e} with one rk4 step a gap"
    what = f"GCDE-GRU on the corridor, a training step of {BATCH} sequences, a seed"
    yield Line(what, "ms", 1000 * fast, 1000 * slow, said=said)


def features(task: Training, index: Tensor) -> tuple[Tensor, Tensor]:
    """What the network is given for these windows."""
    caught: list[tuple[Tensor, Tensor]] = []
    handle = task.network.register_forward_pre_hook(lambda _, given: caught.append(given))
    with torch.no_grad():
        task.forward(index)
    handle.remove()
    return caught[0]


def gap(found: Tensor, expected: Tensor) -> float:
    """Relative difference."""
    return float((found - expected).norm() / expected.norm())


def seconds(work: Any, repeats: int) -> float:
    """Median of the processor time of a call."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return median(times)
