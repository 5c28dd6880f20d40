"""Trajectories of weights: any training recorded as it runs, in bounded memory, continued exactly after a kill."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import safetensors.torch
import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from ctbench.spec.errors import UserError
from ctbench.spec.files import write_bytes
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import SeedResult, Task

LIMIT = 2**31
"""Bytes that one recording may hold."""

Layout = Mapping[str, tuple[int, ...]]
"""Shapes of a network's parameters by name, in the order in which they stand in a snapshot."""


class Recording(Frozen):
    """Which snapshots are taken, and what of them is kept.

    A `step` is one of the training loop, an epoch where there are epochs; an `iteration` is one of the optimiser.
    """

    unit: Literal["step", "iteration"] = "step"
    every: int = Field(default=1, ge=1, description="Units from one snapshot to the next.")
    start: int = Field(default=0, ge=0, description="Units before the first snapshot; 0 takes the untrained weights.")
    window: int | None = Field(
        default=None, ge=2, description="Keep this many snapshots, the last ones; null keeps all."
    )
    dimensions: int | None = Field(
        default=None, ge=1, description="Project larger nets to as many numbers; null projects none."
    )
    precision: Literal["float32", "float64"] = "float32"


@dataclass(frozen=True)
class Trajectory:
    """The snapshots of one seed.

    Attributes:
        weights: one snapshot a row, [snapshots, weights] or, projected, [snapshots, dimensions].
        times: units of training done at each snapshot, [snapshots].
        layout: of the network that was recorded.
    """

    weights: np.ndarray
    times: np.ndarray
    layout: Layout

    def write(self, path: Path) -> None:
        """Write the trajectory as safetensors, whole or not at all."""
        tensors = {"weights": torch.from_numpy(self.weights), "times": torch.from_numpy(self.times)}
        metadata = {"layout": json.dumps({name: list(shape) for name, shape in self.layout.items()})}
        write_bytes(path, safetensors.torch.save(tensors, metadata))

    @classmethod
    def read(cls, path: Path, layout: Layout | None = None) -> Trajectory:
        """Read what `write` wrote; with a `layout`, only of that network.

        Raises UserError if the file is missing, is no trajectory, or holds the snapshots of another network.
        """
        try:
            with safe_open(path, "np") as file:
                metadata = file.metadata() or {}
                found = {name: tuple(shape) for name, shape in json.loads(metadata["layout"]).items()}
                trajectory = cls(file.get_tensor("weights"), file.get_tensor("times"), found)
        except FileNotFoundError:
            raise UserError(f"{path}: there is no such trajectory. `ctbench record` makes one.") from None
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise UserError(f"{path}: found no trajectory ({error}); expected what `ctbench record` wrote.") from None
        if layout is not None:
            same_network(found, layout, str(path))
        return trajectory


def same_network(found: Layout, expected: Layout, where: str) -> None:
    """Raises UserError if snapshots are of another network than expected."""
    if dict(found) != dict(expected):
        different = [name for name in {**expected, **found} if found.get(name) != expected.get(name)]
        first = different[0] if different else "the order"
        raise UserError(
            f"{where}: snapshots of another network; {first}: found {found.get(first)}, expected {expected.get(first)}."
        )


def layout_of(network: nn.Module, stacked: bool) -> dict[str, tuple[int, ...]]:
    """The layout of one seed; a stacked network has a leading axis of seeds."""
    return {name: tuple(p.shape[1:] if stacked else p.shape) for name, p in network.named_parameters()}


def projection(weights: int, dimensions: int) -> tuple[Tensor, Tensor]:
    """A count sketch (Charikar et al. 2002): for each weight its place and sign in the projection.

    It is linear and keeps norms on average, so a few modes of many weights keep their eigenvalues; it takes no more
    memory than the weights. The same for all seeds and runs.
    """
    rng = generator("noise", 0, "projection", weights, dimensions)
    place, sign = rng.integers(0, dimensions, weights), rng.choice([-1.0, 1.0], weights)
    return torch.from_numpy(place), torch.from_numpy(sign)


class Recorded(Task):
    """A training that also keeps snapshots of its weights; its steps and its results are those of the training.

    Args:
        task: trains one network, in its attribute `network`; a task with `seeds` stacks them in the first axis.
        recording: what to keep.

    Raises UserError if there is no network, or if the snapshots would need more than `LIMIT` bytes.
    """

    def __init__(self, task: Task, recording: Recording) -> None:
        if not isinstance(getattr(task, "network", None), nn.Module):
            raise UserError(f"{type(task).__name__}: it trains no single network, so it has no weights to record.")
        self.task, self.recording, self.steps = task, recording, task.steps
        self.trained = getattr(task, "chunks", task.steps)
        self.layout = layout_of(self.network, self.stacked)
        self.dtype = getattr(torch, recording.precision)
        self.sketch: tuple[Tensor, Tensor] | None = None
        size = sum(int(np.prod(shape)) for shape in self.layout.values())
        if recording.dimensions is not None and recording.dimensions < size:
            self.sketch = projection(size, recording.dimensions)
        self.snapshots: deque[Tensor] = deque(maxlen=recording.window)
        self.times: deque[int] = deque(maxlen=recording.window)
        self.units = 0
        if recording.unit == "step":
            self._check_memory(self.trained)

    @property
    def network(self) -> nn.Module:
        """The network as it stands; a refinement may have put another in its place."""
        return getattr(self.task, "network")  # noqa: B009

    @property
    def stacked(self) -> bool:
        return hasattr(self.task, "seeds")

    @torch.no_grad()
    def weights(self) -> Tensor:
        """What a snapshot keeps of the weights, [seeds, numbers], on the CPU."""
        same_network(layout_of(self.network, self.stacked), self.layout, "recording")
        seeds = len(getattr(self.task, "seeds", (0,)))
        flat = torch.cat([p.detach().reshape(seeds, -1) for p in self.network.parameters()], 1)
        if self.sketch is not None:
            place, sign = (part.to(flat.device) for part in self.sketch)
            assert self.recording.dimensions is not None
            flat = flat.new_zeros(seeds, self.recording.dimensions).index_add_(1, place, flat * sign.to(flat.dtype))
        return flat.to("cpu", self.dtype)

    def step(self, index: int) -> None:
        if not self.units and not self.times:
            self._take()
        if self.recording.unit == "step":
            self.task.step(index)
            if index < self.trained:
                self._advance()
            return
        hook = register_optimizer_step_post_hook(self._seen)
        try:
            self.task.step(index)
        finally:
            hook.remove()
        if index == 0:
            self._check_memory(self.units * self.trained)

    def _seen(self, optimizer: torch.optim.Optimizer, *_: Any) -> None:
        if optimizer.param_groups[0]["params"][0] is next(self.network.parameters()):
            self._advance()

    def _advance(self) -> None:
        self.units += 1
        self._take()

    def _take(self) -> None:
        """Keep a snapshot, if one is due."""
        after = self.units - self.recording.start
        if after >= 0 and after % self.recording.every == 0:
            self.snapshots.append(self.weights())
            self.times.append(self.units)

    def _check_memory(self, units: int) -> None:
        count = max(0, units - self.recording.start) // self.recording.every + 1
        needed = min(count, self.recording.window or count) * self.weights().nbytes
        if needed > LIMIT:
            raise UserError(
                f"recording: {count} snapshots need {needed / 2**30:.1f} GiB, and {LIMIT / 2**30:.0f} GiB are allowed. "
                "Set `window`, `every` or `dimensions`."
            )

    def trajectories(self) -> list[Trajectory]:
        """One for each seed. Raises UserError if no snapshot was taken."""
        if not self.snapshots or not self.units:
            raise UserError(
                f"recording: no snapshot in {self.units} units; the first {self.recording.start} are left out. "
                "A training replayed on a GPU shows no iterations; record its steps."
            )
        times = np.array(self.times)
        return [Trajectory(w.numpy(), times, self.layout) for w in torch.stack([*self.snapshots], 1)]

    def state(self) -> dict[str, Any]:
        return {
            "task": self.task.state(),
            "snapshots": torch.stack([*self.snapshots]) if self.snapshots else None,
            "times": [*self.times],
            "units": self.units,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises UserError if the snapshots of the state are of another network or another recording."""
        saved = state["snapshots"]
        if saved is not None and saved.shape[1:] != self.weights().shape:
            raise UserError(
                f"recording: the saved snapshots have {tuple(saved.shape[1:])} numbers (seeds, weights), expected "
                f"{tuple(self.weights().shape)}: they are of another network or another recording."
            )
        self.task.restore(state["task"])
        self.snapshots.extend(() if saved is None else saved.to(self.dtype).unbind())
        self.times.extend(state["times"])
        self.units = state["units"]

    def results(self) -> list[SeedResult]:
        return self.task.results()
