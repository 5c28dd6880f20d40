"""ContinuousNet, learned dynamics: a pendulum's vector field trained through a scheme (CN-C3, C4, C5; E2).

theta'' = -g sin(theta), unit length, g = 9.81, from rest at theta_0 = 0.75 pi. The truth is in closed form,

    theta(t) = 2 arcsin(k sn(K(k^2) - w t | k^2)),  k = sin(theta_0 / 2),  w = sqrt(g),

with Jacobi's sn and the complete elliptic integral K (Abramowitz and Stegun, ch. 16, 17).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import ellipj, ellipk

from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.vector_field import Settings, VectorField

GRAVITY = 9.81
ANGLE = 0.75 * np.pi
SCHEMES = {"euler": "euler", "midpoint": "midpoint", "rk4": "rk4_38"}
TEST_STEPS = (2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 100, 200, 500, 2000, 20_000)


def exact(time: np.ndarray) -> np.ndarray:
    """State (angle, angular velocity) of the pendulum, [..., 2], radians and radians per second."""
    k, w = np.sin(ANGLE / 2), np.sqrt(GRAVITY)
    sn, cn, dn, _ = ellipj(ellipk(k**2) - w * time, k**2)
    return np.stack([2 * np.arcsin(k * sn), -2 * k * w * cn * dn / np.sqrt(1 - (k * sn) ** 2)], axis=-1)


class Pendulum(Experiment):
    """Nets trained through Euler, midpoint or RK4 (3/8 rule), tested under every scheme at steps from 1 s to 0.1 ms.

    The data set's name gives the spacing of the training points, which is exact here: the authors recorded T/(N+1)
    for points that are T/(N-1) apart. The steps of the test contain the spacing, so the notch there is not missed.
    """

    paper = "continuousnet"
    title = "Learned vector field of a pendulum"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.continuousnet/pendulum, {model} on {dataset}"
        scheme = {name: {"scheme": scheme} for name, scheme in SCHEMES.items()}
        return {
            **row(scheme, model, "model", where),
            "spacing": spacing(dataset),
            "duration": 200.0,
            "iterations": 50_000,
            "test_steps": TEST_STEPS,
        }

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        return smaller(settings, self.published(dataset, model), "iterations", "duration")

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        schemes = sorted({settings.scheme, *settings.test_schemes})
        return __name__, "ctbench.models.mlp", *(f"ctbench.solvers.tableaux.{scheme}" for scheme in schemes)

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        stages = {"euler": 1, "midpoint": 2}.get(settings.scheme, 4)
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
