"""Models of interacting particles, trained one step ahead and tested by feeding back what they predict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np
import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import pad

from ctbench.models import MODELS
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.solvers.fixed import Stage, integrate
from ctbench.spec.errors import UserError
from ctbench.training.one_step import OneStepAhead, OneStepSettings
from ctbench.training.task import Row, SeedResult, Task, generators, measured

CHUNK = 50  # iterations in one step of the loop
SAMPLE = 50  # iterations between points of the loss curve
DRAWN = (0, 1, 2)  # seeds whose first particle is followed from the end of the training data
STRIDE = 8  # steps between points of what is drawn

Advance = Callable[[Tensor], Tensor]
"""States [seeds, batch, particles, 4] one spacing later."""


class Settings(OneStepSettings):
    """One-step-ahead training of particles x, v in the plane, and the extrapolation afterwards.

    `map` is x_{k+1} = MLP(x_k) on all particles at once, `field` dx/dt = MLP(x), `graph_field` a graph convolution,
    `persistence` x_{k+1} = x_k; a field goes one step of `scheme` ahead. `extra` and `order` are those of the graph
    field.
    """

    kind: Literal["map", "field", "graph_field", "persistence"]
    hidden: tuple[int, ...] = ()
    order: Literal[1, 2] = 1
    extra: int = Field(0, ge=0, multiple_of=2)
    scheme: SchemeName = "midpoint"
    particles: int = Field(10, ge=2)
    duration: float = Field(5.0, gt=0, description="Time of the trajectory; its first half is for training.")
    spacing: float = Field(1.95e-3, gt=0)
    iterations: int = Field(2000, ge=1)
    batch: int = Field(32, ge=1)
    learning_rate: float = Field(0.01, gt=0)
    horizons: tuple[int, ...] = Field((1, 3, 5, 10, 15, 20, 50), min_length=1, description="Steps between two resets.")
    drawn: float = Field(1.0, gt=0, description="Time over which the drawn trajectories run.")


class Particles(OneStepAhead[Settings]):
    """A model of particles for each seed's own trajectory.

    The squared error of a step is divided by the squared spacing, so that Adam's epsilon is small beside the gradients.

    Args:
        settings: how to train and test.
        trajectories: states at multiples of `spacing`, [points, seeds, particles, 4]; the first half is for training.
        seeds: the group.
        device: `cpu` or `cuda`.

    Raises:
        UserError: if the trajectories have another shape, hold NaN, or are too short for the longest horizon.
    """

    def __init__(
        self, settings: Settings, trajectories: np.ndarray, seeds: tuple[int, ...], device: str = "cpu"
    ) -> None:
        train, test = halves(trajectories, settings, len(seeds))
        name, graph = ("gcn_field", True) if settings.kind == "graph_field" else ("mlp", False)
        options = {"hidden": settings.hidden, **({"order": settings.order, "extra": settings.extra} if graph else {})}
        kind = MODELS[name]
        dimension = train.shape[-1] * (1 if graph else settings.particles)
        network = kind(kind.Options(**options), dimension, generators("init", seeds))
        super().__init__(settings, network, train, seeds, device, chunk=CHUNK, sample=SAMPLE)
        self.test, self.graph = torch.from_numpy(test).to(device), graph

    def outputs(self, state: Tensor) -> Tensor:
        """The network's for states [seeds, batch, particles, width], of their shape."""
        return self.network(state) if self.graph else self.network(state.flatten(2)).unflatten(2, state.shape[2:])

    def derivative(self, stage: Stage, state: Tensor) -> Tensor:
        return self.outputs(state)

    def advance(self, state: Tensor) -> Tensor:
        """The states [seeds, batch, particles, 4] one spacing later; extra columns start at zero in each step."""
        if self.settings.kind == "map":
            return self.outputs(state)
        scheme, width = SCHEMES[self.settings.scheme], state.shape[-1]
        widened = pad(state, (0, self.settings.extra))
        return integrate(self.derivative, widened, scheme, steps=1, end=self.settings.spacing)[..., :width]

    def losses(self, index: Tensor) -> Tensor:
        of = torch.arange(len(self.seeds), device=index.device).unsqueeze(1)
        error = self.advance(self.trajectory[index, of]) - self.trajectory[index + 1, of]
        return (error / self.settings.spacing).square().mean((1, 2, 3))

    @torch.no_grad()
    def rows(self) -> list[list[Row]]:
        found = tested(self.settings, self.test, self.advance)
        for i, (seed, loss) in enumerate(zip(self.seeds, self.final_loss().tolist(), strict=True)):
            found[i].append(measured("training_loss", loss, "1"))
            if seed in DRAWN:
                found[i] += self.drawing(i)
        return found

    def drawing(self, index: int) -> Iterator[Row]:
        """The way of a seed's first particle in the plane, true and predicted without a reset."""
        steps = min(round(self.settings.drawn / self.settings.spacing), len(self.test) - 1)
        begin = self.test[:1].transpose(0, 1)
        predicted = torch.cat([begin.unsqueeze(0), rollout(self.advance, begin, steps)])[:, index, 0, 0]
        for name, way in (("true_path", self.test[: steps + 1, index, 0]), ("predicted_path", predicted)):
            for x, y in way[::STRIDE, :2].tolist():
                yield measured(name, y, "1", x=x)


class Persistence(Task):
    """The prediction that nothing moves, tested as the models are. Arguments as those of `Particles`."""

    steps = 1

    def __init__(
        self, settings: Settings, trajectories: np.ndarray, seeds: tuple[int, ...], device: str = "cpu"
    ) -> None:
        self.settings, self.seeds, self.found = settings, seeds, []
        self.test = torch.from_numpy(halves(trajectories, settings, len(seeds))[1]).to(device)

    def step(self, index: int) -> None:
        self.found = tested(self.settings, self.test, lambda state: state)

    def state(self) -> dict[str, Any]:
        return {"found": self.found}

    def restore(self, state: dict[str, Any]) -> None:
        self.found = state["found"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(seed, rows) for seed, rows in zip(self.seeds, self.found, strict=True)]


def rollout(advance: Advance, begin: Tensor, steps: int) -> Tensor:
    """States after 1 .. `steps` steps from `begin`, [steps, *begin.shape]."""
    states = []
    for _ in range(steps):
        begin = advance(begin)
        states.append(begin)
    return torch.stack(states)


def extrapolated(test: Tensor, advance: Advance, horizon: int) -> tuple[Tensor, Tensor]:
    """Truth and prediction, set back to the truth after every `horizon` steps, both [points, seeds, components].

    `test` is [points, seeds, particles, 4]; a last piece shorter than the horizon is left out.
    """
    whole = (len(test) - 1) // horizon * horizon
    found = rollout(advance, test[0:whole:horizon].transpose(0, 1), horizon)
    predicted = found.permute(2, 0, 1, 3, 4).flatten(0, 1)
    return test[1 : whole + 1].flatten(2), predicted.flatten(2)


def tested(settings: Settings, test: Tensor, advance: Advance) -> list[list[Row]]:
    """The scores at every horizon, for every seed."""
    found: list[list[Row]] = [[] for _ in range(test.shape[1])]
    for horizon in settings.horizons:
        for name, unit, values in scores(*extrapolated(test, advance, horizon)):
            for rows, value in zip(found, values.tolist(), strict=True):
                rows.append(measured(name, value, unit, x=horizon))
    return found


def scores(truth: Tensor, predicted: Tensor) -> Iterator[tuple[str, str, Tensor]]:
    """Name, unit and values [seeds] of the errors of predictions [points, seeds, components].

    MAPE as printed (eq. 10) sums signed relative errors over time before it takes the norm; the usual one, that of the
    authors' library, takes the mean of their absolute values. RMSE (eq. 11) is the mean over components.
    """
    error = truth - predicted
    yield "mape_printed", "%", 100 * (error / truth).mean(0).abs().mean(-1)
    yield "mape", "%", 100 * (error.abs() / (truth.abs() + 1e-10)).mean((0, 2))
    yield "rmse", "1", error.square().mean(0).sqrt().mean(-1)


def halves(trajectories: np.ndarray, settings: Settings, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """Training and test half of trajectories [points, seeds, particles, 4]; they share the point in the middle.

    Raises UserError if these cannot be trained on and tested.
    """
    expected = (seeds, settings.particles, 4)
    if trajectories.shape[1:] != expected:
        raise UserError(
            f"trajectories: found the shape {trajectories.shape}, expected (points, {seeds}, {settings.particles}, 4): "
            "seeds, particles, and position and velocity in the plane."
        )
    bad = np.argwhere(~np.isfinite(trajectories))
    if len(bad):
        raise UserError(
            f"trajectories: found {trajectories[tuple(bad[0])]} at point {bad[0][0]} of seed {bad[0][1]}, "
            "expected numbers throughout."
        )
    middle = (len(trajectories) - 1) // 2
    train, test = trajectories[: middle + 1], trajectories[middle:]
    if not 1 <= min(settings.horizons) <= max(settings.horizons) < len(test) or middle < 1:
        raise UserError(
            f"horizons: found {list(settings.horizons)}, expected from 1 to {len(test) - 1}, the steps of the second "
            "half of the trajectory."
        )
    return train, test
