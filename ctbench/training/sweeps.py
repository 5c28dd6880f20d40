"""What a trained image classifier does under another scheme, number of steps, number of bases, or kind of gradient."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import Any

import torch
from pydantic import Field, PositiveInt
from torch import Tensor
from torch.nn.functional import cross_entropy

from ctbench.models._image import ImageModel
from ctbench.models.continuousnet import ContinuousNet, StageRule
from ctbench.solvers import SCHEMES, SchemeName
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.training.image_classification import ImageClassification, Settings, build
from ctbench.training.images import Arrays, accuracy, prepared
from ctbench.training.saved import kept
from ctbench.training.task import Row, SeedResult, Task, measured

FINER = 4
"""How many times the steps of the training the best scheme takes to tell what a net computes as an ODE."""


class Trained:
    """A trained net with the images it was measured on.

    Args:
        settings: of the training.
        weights: what the training left, for this seed.
        arrays: as for `prepared`.
        seed: the seed of the training.
        device: `cpu` or `cuda`.
    """

    def __init__(
        self, settings: Settings, weights: Mapping[str, Tensor], arrays: Arrays, seed: int, device: str = "cpu"
    ) -> None:
        self.settings, self.weights, self.arrays, self.seed, self.device = settings, weights, arrays, seed, device
        self.train, self.test = prepared(settings, arrays, device)

    def network(self) -> ImageModel:
        """A fresh copy, ready for inference. Raises UserError if the weights are of another network."""
        network = build(self.settings.model, self.settings.trained_options(), self.arrays)
        try:
            network.load_state_dict(dict(self.weights))
        except RuntimeError as error:
            raise UserError(
                f"weights of seed {self.seed} are of another network: {' '.join(str(error).split())}"
            ) from None
        return network.to(self.device).to(memory_format=torch.channels_last).eval()  # pyright: ignore[reportCallIssue]

    def continuous(self) -> ContinuousNet:
        """The same, of a ContinuousNet."""
        network = self.network()
        assert isinstance(network, ContinuousNet)
        return network


class Sweep(Task):
    """Points measured one after another; each leaves results and what the clock said."""

    def __init__(self, trained: Trained, points: list[Any]) -> None:
        self.trained, self.points, self.steps = trained, points, len(points)
        self.rows: list[Row] = []
        self.timings: list[Row] = []

    def timed_accuracy(self, network: ImageModel, **where: Any) -> float:
        """Test accuracy (%) of a net; its time goes to the timings."""
        begin = time.perf_counter()
        found = accuracy(network, self.trained.test)
        self.timings.append(measured("eval_seconds", time.perf_counter() - begin, "s", **where))
        return found

    def conclusions(self) -> list[Row]:
        """Rows that follow from all points together."""
        return []

    def state(self) -> dict[str, Any]:
        return {"rows": self.rows, "timings": self.timings}

    def restore(self, state: dict[str, Any]) -> None:
        self.rows, self.timings = state["rows"], state["timings"]

    def results(self) -> list[SeedResult]:
        return [SeedResult(self.trained.seed, [*self.rows, *self.conclusions()], timings=self.timings)]


class ManifestationSettings(Frozen):
    """Schemes and numbers of steps under which a trained net is measured."""

    schemes: tuple[SchemeName, ...] = ("euler", "midpoint", "rk4_38", "rk4_classic")
    steps: tuple[PositiveInt, ...] = tuple(range(1, 21))
    stage_rule: StageRule | None = Field(None, description="Null: as in training.")
    tolerance: float = Field(0.5, ge=0, description="Change of accuracy that counts as none, in percentage points.")


class Manifestation(Sweep):
    """Test accuracy under every scheme and number of steps; weights and batch norm statistics stay as trained.

    The steps are those of an ODE block of a ContinuousNet, and those of each residual unit of a ResNet, where one Euler
    step is the net as trained.
    """

    def __init__(self, settings: ManifestationSettings, trained: Trained) -> None:
        self.settings, self.network = settings, trained.network()
        self.scheme, self.native = self.network.manifestation
        self.accuracy = accuracy(self.network, trained.test)
        if settings.stage_rule and isinstance(self.network, ContinuousNet):
            for block in self.network.blocks:
                block.stage_rule = settings.stage_rule
        self.finest = FINER * self.native
        steps = sorted({*settings.steps, self.native, self.finest})
        super().__init__(trained, [(scheme, n) for scheme in settings.schemes for n in steps])

    def step(self, index: int) -> None:
        scheme, steps = self.points[index]
        self.network.manifest(scheme, steps)
        where = {"solver": scheme, "steps": steps}
        found = self.timed_accuracy(self.network, **where)
        self.rows += [
            measured("test_accuracy", found, "%", **where),
            measured("accuracy_drop", self.accuracy - found, "%", **where),
        ]

    def conclusions(self) -> list[Row]:
        """Is it an ODE? The critical step, and what a better solver changes (after Ott et al. 2021).

        `critical_step`: the largest step, in steps of the training, such that with it and every smaller one the net's
        own scheme is as accurate as the best scheme of the sweep with `FINER` times the steps, within the tolerance; 0
        if none. One step for the whole block is the largest there is, so K is the ceiling for a net of K bases.
        """
        found = {(r["solver"], r["steps"]): r["value"] for r in self.rows if r["metric"] == "test_accuracy"}
        best = max(self.settings.schemes, key=lambda scheme: SCHEMES[scheme].order)
        truth = found[best, self.finest]
        rows = [measured("better_solver_drop", self.accuracy - truth, "%")]
        if self.scheme in self.settings.schemes:
            own = {n: value for (scheme, n), value in found.items() if scheme == self.scheme}
            same = [abs(own[n] - truth) <= self.settings.tolerance for n in sorted(own)]
            good = [n for i, n in enumerate(sorted(own)) if all(same[i:])]
            step = self.native / good[0] if good else 0.0
            rows.append(measured("critical_step", step if math.isfinite(self.accuracy) else math.nan, "1"))
        return rows


class FewerUnitsSettings(Frozen):
    """Numbers of units to keep; those above the net's own number are passed over."""

    units: tuple[PositiveInt, ...] = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)


class FewerUnits(Sweep):
    """Accuracy and inference time with fewer units, in the scheme of the training.

    By fewer steps alone (`fewer_steps`), and by projecting theta(t) and the batch norms to as few bases as well
    (`projected`; Queiruga et al. 2021).
    """

    def __init__(self, settings: FewerUnitsSettings, trained: Trained) -> None:
        network = trained.continuous()
        self.scheme = network.manifestation[0]
        self.accuracy = accuracy(network, trained.test)
        super().__init__(trained, [n for n in settings.units if n <= network.bases])

    def step(self, index: int) -> None:
        units = self.points[index]
        thinned, projected = self.trained.continuous(), self.trained.continuous()
        thinned.manifest(self.scheme, units)
        projected.project(units)
        where = {"solver": self.scheme, "steps": units}
        for name, found in [
            ("fewer_steps", self.timed_accuracy(thinned, **where)),
            ("projected", accuracy(projected, self.trained.test)),
        ]:
            self.rows.append(measured(f"{name}_accuracy", found, "%", **where))
            self.rows.append(measured(f"{name}_drop", self.accuracy - found, "%", **where))
        size = sum(p.numel() for p in projected.parameters())
        self.rows.append(measured("projected_parameters", size, "count", **where))


class AdjointSettings(Frozen):
    """Schemes, numbers of steps, and training images in the loss."""

    schemes: tuple[SchemeName, ...] = ("euler", "midpoint", "rk4_classic")
    steps: tuple[PositiveInt, ...] = (1, 2, 4, 8, 16, 32)
    images: int = Field(64, ge=1)


class AdjointGradient(Sweep):
    """Gradient of the adjoint method against back-propagation through the same scheme and steps, in double precision.

    Both belong to one discrete net, batch norms with their running statistics. `gradient_difference` is
    ||adjoint - backpropagation|| / ||backpropagation|| over all parameters; in `difference_to_trained` the
    back-propagation has the steps of the training. `saved_memory` is what the forward pass keeps for the gradient.
    """

    def __init__(self, settings: AdjointSettings, trained: Trained) -> None:
        self.network = trained.continuous().double()
        self.pixels = trained.train.standardised(trained.train.pixels[: settings.images]).double()
        self.labels = trained.train.labels[: settings.images]
        self.native = self.network.manifestation[1]
        super().__init__(trained, [(scheme, n) for scheme in settings.schemes for n in settings.steps])

    def step(self, index: int) -> None:
        scheme, steps = self.points[index]
        self.network.manifest(scheme, self.native)
        trained, _ = self.gradient(adjoint=False)
        self.network.manifest(scheme, steps)
        exact, kept = self.gradient(adjoint=False)
        adjoint, kept_by_adjoint = self.gradient(adjoint=True)
        where = {"solver": scheme, "steps": steps}
        self.rows += [
            measured("gradient_difference", (adjoint - exact).norm() / exact.norm(), "relative", **where),
            measured("difference_to_trained", (adjoint - trained).norm() / trained.norm(), "relative", **where),
            measured("saved_memory_backpropagation", kept / 1e6, "MB", **where),
            measured("saved_memory_adjoint", kept_by_adjoint / 1e6, "MB", **where),
        ]

    def gradient(self, *, adjoint: bool) -> tuple[Tensor, int]:
        """Gradient of the mean cross-entropy, all parameters in one vector; and the bytes saved for it."""
        for block in self.network.blocks:
            block.adjoint = adjoint
        parameters = list(self.network.parameters())
        loss, size = kept(lambda: cross_entropy(self.network(self.pixels), self.labels), parameters)
        found = torch.autograd.grad(loss, parameters, allow_unused=True)
        flat = [(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(parameters, found, strict=True)]
        return torch.cat(flat), size


class TrainingTimeSettings(Frozen):
    """How much of an epoch is timed at each depth, and how often."""

    batches: int = Field(8, ge=1)
    repeats: int = Field(5, ge=1)


class TrainingTime(Sweep):
    """Training time of a growing net against one of its final depth from the start, both timed in this process.

    Each repeat trains fresh nets of every depth of the schedule one after another for some batches, so that whatever
    else the machine does falls on all alike; medians over the repeats make the epochs of the schedule.
    """

    def __init__(self, settings: TrainingTimeSettings, trained: Trained) -> None:
        schedule = trained.settings
        moments = [0, *schedule.moments, schedule.epochs]
        self.epochs = [after - before for before, after in pairwise(moments)]
        self.depths = [schedule.options["bases"] * 2**i for i in range(len(self.epochs))]
        fixed = {"refine": (), "final_bases": None, "train_images": settings.batches * schedule.batch}
        self.trainings = [
            ImageClassification(
                schedule.model_copy(update={**fixed, "options": {**schedule.options, "bases": bases}}),
                trained.arrays,
                trained.seed,
                trained.device,
            )
            for bases in self.depths
        ]
        self.seconds: list[list[float]] = []
        super().__init__(trained, list(range(settings.repeats)))

    def step(self, index: int) -> None:
        self.seconds.append([self.timed(training, index) for training in self.trainings])

    def timed(self, training: ImageClassification, index: int) -> float:
        """Seconds a batch."""
        begin = time.perf_counter()
        training.epoch(index)
        return (time.perf_counter() - begin) * training.settings.batch / len(training.train)

    def state(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def restore(self, state: dict[str, Any]) -> None:
        self.seconds = state["seconds"]

    def results(self) -> list[SeedResult]:
        batch = [median(column) for column in zip(*self.seconds, strict=True)]
        growing = sum(n * seconds for n, seconds in zip(self.epochs, batch, strict=True))
        timings = [measured("batch_seconds", seconds, "s", x=k) for k, seconds in zip(self.depths, batch, strict=True)]
        timings.append(measured("time_ratio", growing / (sum(self.epochs) * batch[-1]), "ratio"))
        return [SeedResult(self.trained.seed, [], timings=timings)]
