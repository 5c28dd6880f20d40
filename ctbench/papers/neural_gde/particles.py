"""Neural GDE, table 4: interacting particles, learned one step ahead and extrapolated (GDE-G6, G7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ctbench.papers._experiment import Experiment, Inputs, row, smaller
from ctbench.papers.neural_gde._particles import SIGNS, simulate, start
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.training.particles import Particles, Persistence, Settings

N = 10
MODELS: dict[str, dict[str, Any]] = {
    "static": {"kind": "map", "hidden": (8 * N, 8 * N)},
    "neural_ode": {"kind": "field", "hidden": (8 * N, 8 * N)},
    "gde": {"kind": "graph_field", "hidden": (16, 16)},
    "gde_augmented": {"kind": "graph_field", "hidden": (32, 32), "extra": 4},
    "gde_second_order": {"kind": "graph_field", "hidden": (32, 32), "extra": 4, "order": 2},
    "persistence": {"kind": "persistence"},
}


class ParticleSystem(Experiment):
    """Ten particles over T = 5 at a spacing of 1.95e-3; the first half trains, the second tests.

    Every seed has a system of its own. The data set `particles` has the force that the paper means, `particles_printed`
    the sign that it prints. `gde_second_order` has dq/dt = p, `gde_augmented` its size without that structure: the
    paper's words fit both. The scheme (midpoint), the activation (tanh), iterations and batch are this project's.
    """

    paper = "neural_gde"
    title = "Extrapolation of interacting particles"
    Settings = Settings

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.neural_gde/particles, {model} on {dataset}"
        row({name: {} for name in SIGNS}, dataset, "data set", where)
        return {"particles": N, "iterations": 2000, "duration": 5.0, **row(MODELS, model, "model", where)}

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        compared = ("particles", "duration") if model == "persistence" else ("particles", "duration", "iterations")
        return smaller(settings, self.published(dataset, model), *compared)

    def needs(self, dataset: str) -> None:
        return None

    def code(self, settings: Frozen) -> tuple[str, ...]:
        assert isinstance(settings, Settings)
        return (
            "ctbench.papers.neural_gde._particles",
            "ctbench.training.particles",
            "ctbench.models.gcn_field" if settings.kind == "graph_field" else "ctbench.models.mlp",
            f"ctbench.solvers.tableaux.{settings.scheme}",
        )

    def seconds(self, settings: Frozen) -> float:
        assert isinstance(settings, Settings)
        each = {"map": 0.7e-3, "field": 1.3e-3, "graph_field": 3e-3, "persistence": 0.0}[settings.kind]
        return 0.3 + settings.iterations * each * settings.batch / 32

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Particles | Persistence:
        settings = self.settings(spec)
        assert isinstance(settings, Settings)
        begin = np.stack([start(seed, settings.particles) for seed in seeds])
        points = round(settings.duration / settings.spacing) + 1
        trajectories = simulate(begin, SIGNS[spec.dataset], settings.spacing, points)
        kind = Persistence if settings.kind == "persistence" else Particles
        return kind(settings, trajectories, seeds, inputs.device)


EXPERIMENT = ParticleSystem()
