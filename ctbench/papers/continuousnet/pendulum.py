"""ContinuousNet, learned dynamics: a pendulum's vector field trained through a scheme (CN-C3, C4, C5; E2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.continuousnet._pendulum import exact
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.vector_field import MAPS, Settings, VectorField

MODELS: dict[str, dict[str, Any]] = {
    "euler": {"scheme": "euler"},
    "midpoint": {"scheme": "midpoint"},
    "rk4": {"scheme": "rk4_38"},
    "euler_l1": {"scheme": "euler", "loss": "l1"},
    "rnn": {"scheme": "map", "test_schemes": ()},
    "resnet": {"scheme": "residual", "test_schemes": ()},
}
TEST_STEPS = (2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 100, 200, 500, 2000, 20_000)


class Pendulum(Experiment):
    """Nets trained through Euler, midpoint or RK4 (3/8 rule), tested under every scheme at steps from 1 s to 0.1 ms.

    The data set's name gives the spacing of the training points, which is exact here: the authors recorded T/(N+1)
    for points that are T/(N-1) apart. The steps of the test contain the spacing, so the notch there is not missed.

    Beside them the same net as a plain map, `rnn` x -> f(x) and `resnet` x -> x + 0.1 f(x); and `euler_l1`, Euler
    with the mean absolute error as its loss, as the authors' first version trained Euler but not RK4.
    """

    paper = "continuousnet"
    title = "Learned vector field of a pendulum"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.continuousnet/pendulum, {model} on {dataset}"
        return {
            "spacing": spacing(dataset),
            "duration": 200.0,
            "iterations": 50_000,
            "test_steps": TEST_STEPS,
            **row(MODELS, model, "model", where),
        }

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations", "duration")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        schemes = sorted({settings.scheme, *settings.test_schemes} - MAPS.keys())
        return (
            "ctbench.papers.continuousnet._pendulum",
            "ctbench.training.vector_field",
            "ctbench.models.mlp",
            *(f"ctbench.solvers.tableaux.{scheme}" for scheme in schemes),
        )

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        stages = {"rk4_38": 4, "midpoint": 2}.get(settings.scheme, 1)
        return settings.iterations * (0.5 + 0.4 * stages) / 8000

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> VectorField:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        points = round(settings.duration / settings.spacing) + 1
        trajectory = exact(settings.spacing * np.arange(points))
        start, end = exact(np.array(0.0)), exact(np.array(settings.horizon))
        return VectorField(settings, trajectory, start, end, seeds, inputs.device)


def spacing(dataset: str) -> float:
    """Seconds between training points, from a name such as `pendulum_0.1`. Raises UserError on another form."""
    kind, _, number = dataset.partition("_")
    try:
        value = float(number)
    except ValueError:
        value = 0.0
    if kind != "pendulum" or not value > 0:
        raise UserError(f"Data set {dataset!r}: expected `pendulum_` and the spacing in seconds, such as pendulum_0.1.")
    return value


EXPERIMENT = Pendulum()
