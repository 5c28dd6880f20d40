"""CGNN: the spectrum of A - I on a citation graph, for the paper's operator and for the released one (CGNN-C11).

At the start of training every alpha is sigmoid(alpha_logit), so A - I is symmetric. Where its largest eigenvalue is
zero, the flow dH/dt = (A - I) H + E has no limit: along a mode v with (A - I) v = 0, v'H(t) = (1 + t) v'E.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
from pydantic import Field
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import eigsh, expm_multiply
from scipy.special import expit

from ctbench.models._sparse import normalised, sides
from ctbench.papers._exact import Check, ExactChecks
from ctbench.papers._experiment import Experiment, Inputs, row
from ctbench.papers.cgnn._settings import FLOW
from ctbench.spec.frozen import Frozen
from ctbench.spec.run import RunSpec
from ctbench.spec.seeds import generator
from ctbench.training.node_classification import graph_of
from ctbench.training.task import Row, measured


class Settings(Frozen):
    """The operator, and the times at which the growth along a zero mode is measured."""

    equation: Literal["paper", "released"]
    alpha_logit: float = Field(ge=-10, le=10)
    self_loop: float = Field(ge=0)
    times: tuple[float, ...] = (1.0, 12.1, 50.0)


def shifted_operator(settings: Settings, adjacency: sparse.csr_array) -> sparse.csr_array:
    """A - I at the start of training: alpha/2 (I + N) - I as printed, alpha/2 (N_c - I) as released, [nodes, nodes]."""
    half = float(expit(settings.alpha_logit)) / 2
    identity = sparse.eye_array(sides(adjacency)[0])
    if settings.equation == "paper":
        return sparse.csr_array(half * (identity + normalised(adjacency, 0.0)) - identity)
    return sparse.csr_array(half * (normalised(adjacency, settings.self_loop) - identity))


def slowest_mode(adjacency: sparse.csr_array, self_loop: float) -> np.ndarray:
    """The unit vector D^{1/2} 1 on the largest component, which N_c leaves unchanged, [nodes]."""
    _, component = connected_components(adjacency, directed=False)
    inside = component == np.bincount(component).argmax()
    v = np.sqrt(np.asarray(adjacency.sum(axis=1)).ravel() + self_loop) * inside
    return v / np.linalg.norm(v)


def checks(settings: Settings, adjacency: sparse.csr_array) -> list[Check]:
    """Both ends of the spectrum, then the growth along the slowest mode at each time."""
    L, v = shifted_operator(settings, adjacency), slowest_mode(adjacency, settings.self_loop)
    return [partial(ends, L), *(partial(growth, L, v, time) for time in settings.times)]


def ends(L: sparse.csr_array) -> Iterator[Row]:
    """The smallest and the largest eigenvalue of L = A - I."""
    nodes = sides(L)[0]
    A, start = L + sparse.eye_array(nodes), generator("init", 0).normal(size=nodes)
    for name, which in (("smallest_eigenvalue", "SA"), ("largest_eigenvalue", "LA")):
        value = eigsh(A, k=1, which=which, v0=start, ncv=60, return_eigenvectors=False)[0]
        yield measured(name, float(value) - 1, "1")


def growth(L: sparse.csr_array, v: np.ndarray, time: float) -> Iterator[Row]:
    """v'H(t) / v'E with E = v, by the action of the exponential of [[L, v], [0, 0]] on (v, 1)."""
    whole = sparse.block_array([[L, sparse.csr_array(v[:, None])], [None, sparse.csr_array((1, 1))]])
    state = expm_multiply(sparse.csr_array(time * whole), np.append(v, 1.0))[:-1]
    yield measured("growth_along_slowest_mode", float(v @ state), "ratio", x=time)


class SpectrumExperiment(Experiment):
    """Nothing is trained."""

    paper = "cgnn"
    title = "Spectrum of the operator"
    Settings = Settings
    seeded = False

    def published(self, dataset: str, model: str) -> dict[str, Any]:
        where = f"experiments.cgnn/spectrum, {model} on {dataset}"
        flow = row(FLOW["planetoid"], dataset, "data set", where)
        here = {"alpha_logit": flow["alpha_logit"], "self_loop": flow["self_loop"]}
        return row(
            {
                "paper": {**here, "equation": "paper", "self_loop": 0.0},
                "released": {**here, "equation": "released"},
            },
            model,
            "model",
            where,
        )

    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        yield from ()

    def needs(self, dataset: str) -> str:
        return dataset

    def code(self, settings: Frozen) -> tuple[str, ...]:
        return (__name__,)

    def seconds(self, settings: Frozen) -> float:
        return 5.0

    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> ExactChecks:
        settings = self.settings(spec)
        assert isinstance(settings, Settings) and inputs.dataset is not None
        return ExactChecks(checks(settings, graph_of(inputs.dataset.arrays, "raw").adjacency))


EXPERIMENT = SpectrumExperiment()
