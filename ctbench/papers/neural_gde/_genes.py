"""Genetic regulatory networks, simulated by the chemical Langevin equation read in the sense of Stratonovich.

Of gene i there are m_i transcripts and p_i proteins, both in units of the protein level that half represses a gene:

    dm_i = (r_i - m_i) dt + sqrt((r_i + m_i) / V) o dW,      r_i = R_0 + R prod_j h(p_j),
    dp_i = b (m_i - p_i) dt + sqrt(b (m_i + p_i) / V) o dW',  h(p) = 1 / (1 + p^n) or p^n / (1 + p^n),

j over the genes that repress or activate i, V the number of molecules in that unit, time in lifetimes of a transcript
(Elowitz and Leibler 2000; Gillespie 2000). Rates are taken at the positive part of the state. The constants and the
networks are this project's: the text that would say which the authors simulated is not available.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ctbench.solvers.stochastic import heun
from ctbench.spec.seeds import generator

R_0, R, HILL, B, V = 0.1, 50.0, 3.0, 1.0, 20.0
START = 4.0  # states begin uniform on [0, START]
STEP = 0.05  # of the simulation
SETTLING = 5.0  # time before the first observation may be made
NOISE = 0.1  # standard deviation of an observation of log(1 + p)


@dataclass(frozen=True)
class Network:
    """Who regulates whom: `signs[i, j]` is -1 where j represses i, 1 where j activates i, else 0."""

    signs: np.ndarray

    @property
    def genes(self) -> int:
        return len(self.signs)

    @property
    def adjacency(self) -> np.ndarray:
        """1 where column j regulates row i."""
        return np.abs(self.signs)

    def production(self, p: np.ndarray) -> np.ndarray:
        """r_i from protein levels, [..., genes]."""
        power = np.maximum(p, 0.0)[..., None, :] ** HILL
        active = np.where(self.signs > 0, power, 1.0) / np.where(self.signs != 0, 1 + power, 1.0)
        return R_0 + R * active.prod(-1)

    def drift(self, y: np.ndarray) -> np.ndarray:
        """d/dt of transcripts and proteins, [2, ..., genes]."""
        m, p = y
        return np.stack([self.production(p) - m, B * (m - p)])

    def diffusion(self, y: np.ndarray) -> np.ndarray:
        """The factors of the noise, [2, ..., genes]."""
        m, p = np.maximum(y, 0.0)
        return np.sqrt(np.stack([self.production(p) + m, B * (m + p)]) / V)


def ring(genes: int) -> Network:
    """Each gene represses the next."""
    return Network(-np.roll(np.eye(genes, dtype=int), 1, axis=0))


def random(genes: int, regulators: int = 2, seed: int = 0) -> Network:
    """Every gene has so many regulators among the others, three of five repress."""
    rng, signs = generator("init", seed, "network"), np.zeros((genes, genes), dtype=int)
    for i in range(genes):
        others = rng.choice(np.delete(np.arange(genes), i), regulators, replace=False)
        signs[i, others] = np.where(rng.random(regulators) < 0.6, -1, 1)
    return Network(signs)


NETWORKS = {"repressilator": ring(3), "ring_7": ring(7), "random_10": random(10)}


def simulate(network: Network, seeds: tuple[int, ...], cells: int, duration: float) -> np.ndarray:
    """log(1 + p) of every cell after settling, [seeds, cells, points, genes], the points `STEP` apart."""
    steps, shape = round((SETTLING + duration) / STEP), (2, cells, network.genes)
    rngs = [generator("data split", seed, "cells") for seed in seeds]
    begin = np.stack([rng.uniform(0, START, shape) for rng in rngs], axis=1)
    increments = (np.stack([rng.normal(0, STEP**0.5, shape) for rng in rngs], axis=1) for _ in range(steps))
    states = heun(network.drift, network.diffusion, begin, increments, STEP)
    proteins = np.stack([state[1] for state in states[round(SETTLING / STEP) :]], axis=2)
    return np.log1p(np.maximum(proteins, 0.0))
