"""CGNN, propositions 1 to 4 and the limit, as exact mathematics in double precision (CGNN-C8 to C11).

A = diag(alpha)/2 (I + N) with N = D^{-1/2} Adj D^{-1/2} on a small connected graph; W = U diag(m) U' with m in (0, 1).
Each closed form is compared with an integration of its ODE that knows nothing of the form.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

import numpy as np
from pydantic import Field
from scipy.integrate import solve_ivp
from scipy.linalg import expm, logm
from scipy.stats import ortho_group

from ctbench.papers._exact import Check, ExactExperiment
from ctbench.spec.frozen import Frozen
from ctbench.spec.seeds import generator
from ctbench.training.task import Row, measured

Matrix = np.ndarray


class Settings(Frozen):
    """Size of the random graph and times at which the flows are compared."""

    nodes: int = Field(12, ge=4)
    width: int = Field(3, ge=1)
    times: tuple[float, ...] = (1.0, 5.0, 12.1, 20.0)
    graph_seed: int = 0


class Problem:
    """A, W, E on a seeded random graph; `parts` disjoint copies of the graph."""

    def __init__(self, settings: Settings, parts: int = 1) -> None:
        rng, n = generator("init", settings.graph_seed), settings.nodes
        upper = np.triu(rng.random((n, n)) < 0.5, 1)
        upper[np.arange(n - 1), np.arange(1, n)] = True
        self.adjacency = np.kron(np.eye(parts), upper | upper.T)
        self.alpha = rng.uniform(0.6, 0.95, n * parts)
        self.E = rng.normal(size=(n * parts, settings.width))
        self.I = np.eye(n * parts)
        self.A = self.alpha[:, None] / 2 * (self.I + normalised(self.adjacency))
        basis = ortho_group.rvs(settings.width, random_state=rng) if settings.width > 1 else np.eye(1)
        self.W = basis @ np.diag(rng.uniform(0.5, 0.95, settings.width)) @ basis.T


def normalised(adjacency: Matrix) -> Matrix:
    """D^{-1/2} Adj D^{-1/2}."""
    scale = 1 / np.sqrt(adjacency.sum(1))
    return scale[:, None] * adjacency * scale


def solved(field: Callable[[Matrix], Matrix], start: Matrix, time: float) -> Matrix:
    """H(time) of dH/dt = field(H), integrated to 1e-12."""
    path = solve_ivp(
        lambda _, h: field(h.reshape(start.shape)).ravel(),
        (0, time),
        start.ravel(),
        method="DOP853",
        rtol=1e-12,
        atol=1e-13,
    )
    return path.y[:, -1].reshape(start.shape)


def gap(found: Matrix, expected: Matrix) -> float:
    """Relative difference in the Frobenius norm."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def power_sum(A: Matrix, E: Matrix, n: int) -> Matrix:
    """(sum_{i <= n} A^i) E."""
    return sum((np.linalg.matrix_power(A, i) for i in range(1, n + 1)), np.eye(len(A))) @ E


def proposition_1(p: Problem) -> Iterator[Row]:
    """H_{n+1} = A H_n + H_0 is the left Riemann sum, step 1, of H(t) = int_0^{t+1} A^s ds E, which solves an ODE."""
    n, ln_A = 20, np.real(logm(p.A))
    inverse = np.linalg.inv(ln_A)

    def integral(t: float) -> Matrix:
        return inverse @ (expm((t + 1) * ln_A) - p.I) @ p.E

    states = [p.E]
    for _ in range(n):
        states.append(p.A @ states[-1] + p.E)
    yield measured("prop1_power_sum_error", gap(states[n], power_sum(p.A, p.E, n)), "relative")
    found = solved(lambda h: ln_A @ h + p.E, inverse @ (p.A - p.I) @ p.E, 5.0)
    yield measured("prop1_integral_error", gap(found, integral(5.0)), "relative")
    for pieces in (4, 8, 16, 32, 64):
        h = 1 / pieces
        riemann = h * power_sum(expm(h * ln_A), p.E, 6 * pieces - 1)
        yield measured("prop1_riemann_error", gap(riemann, integral(5.0)), "relative", x=h)
    smallest = min(gap(integral(t), states[t]) for t in (1, 5, n))
    yield measured("prop1_discrete_gap", smallest, "relative")


def proposition_2(p: Problem, times: tuple[float, ...]) -> Iterator[Row]:
    """H(t) = (A-I)^{-1} (e^{(A-I)t} - I) E + e^{(A-I)t} E solves dH/dt = (A-I) H + E, H(0) = E."""
    L = p.A - p.I
    for t in times:
        closed = np.linalg.solve(L, (expm(L * t) - p.I) @ p.E) + expm(L * t) @ p.E
        yield measured("prop2_error", gap(closed, solved(lambda h: L @ h + p.E, p.E, t)), "relative", x=t)


def proposition_3(p: Problem, times: tuple[float, ...]) -> Iterator[Row]:
    """With W: dH/dt = ln(A) H + H ln(W) + E from H(0) = P K Q^{-1}, K_ij = (a_i E~_ij w_j - E~_ij) / ln(a_i w_j)."""
    (a, P), (w, Q) = np.linalg.eig(p.A), np.linalg.eigh(p.W)
    E, rate = np.linalg.solve(P, p.E) @ Q, np.log(np.outer(a, w))
    ln_A, ln_W = np.real(logm(p.A)), np.real(logm(p.W))
    start = np.real(P @ ((np.outer(a, w) - 1) * E / rate) @ Q.T)
    for t in times:
        closed = np.real(P @ (np.expm1((t + 1) * rate) * E / rate) @ Q.T)
        found = solved(lambda h: ln_A @ h + h @ ln_W + p.E, start, t)
        yield measured("prop3_error", gap(closed, found), "relative", x=t)


def proposition_4(p: Problem, times: tuple[float, ...]) -> Iterator[Row]:
    """H(t) = e^{(A-I)t} E e^{(W-I)t} + P G(t) Q^{-1}, G_ij = E~_ij (e^{(l_i+f_j)t} - 1) / (l_i + f_j)."""
    L, F = p.A - p.I, p.W - np.eye(len(p.W))
    (lam, P), (f, Q) = np.linalg.eig(L), np.linalg.eigh(F)
    E, rate = np.linalg.solve(P, p.E) @ Q, np.add.outer(lam, f)
    for t in times:
        closed = expm(L * t) @ p.E @ expm(F * t) + np.real(P @ (E * np.expm1(rate * t) / rate) @ Q.T)
        found = solved(lambda h: L @ h + h @ F + p.E, p.E, t)
        yield measured("prop4_error", gap(closed, found), "relative", x=t)


def limits(p: Problem, pair: Problem) -> Iterator[Row]:
    """The paper's operator has the limit (I-A)^{-1} E; the released one grows along its zero modes, one a component."""
    settled = flow(p.A - p.I, p.E, 1000.0)
    limit = np.linalg.solve(p.I - p.A, p.E)
    yield measured("limit_error", max(gap(settled, limit), gap(power_sum(p.A, p.E, 1000), limit)), "relative")
    looped = normalised(pair.adjacency + 0.555 * pair.I)
    released = pair.alpha[:, None] / 2 * (looped - pair.I)
    at, later = (np.linalg.norm(flow(released, pair.E, t)) for t in (500.0, 1000.0))
    yield measured("limit_growth_released", later / at - 1, "relative")


def flow(L: Matrix, E: Matrix, time: float) -> Matrix:
    """H(time) of dH/dt = L H + E, H(0) = E, by the exponential of the augmented matrix [[L, I], [0, 0]]."""
    n = len(L)
    whole = expm(time * np.block([[L, np.eye(n)], [np.zeros((n, 2 * n))]]))
    return (whole[:n, :n] + whole[:n, n:]) @ E


class Propositions(ExactExperiment):
    """Exact checks on one seeded graph."""

    paper = "cgnn"
    title = "Propositions 1 to 4 and the limit"
    Settings = Settings
    objects: ClassVar = {"random_graph": {"closed_form": {}}}

    def checks(self, model: str, settings: Frozen) -> Iterator[Check]:
        assert isinstance(settings, Settings)
        p, pair, times = Problem(settings), Problem(settings, parts=2), settings.times
        yield lambda: proposition_1(p)
        yield lambda: proposition_2(p, times)
        yield lambda: proposition_3(p, times)
        yield lambda: proposition_4(p, times)
        yield lambda: limits(p, pair)


EXPERIMENT = Propositions()
