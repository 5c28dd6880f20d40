"""Solvers: Runge-Kutta tableaux as data, one fixed-step loop, torchdiffeq, and the exponential action."""

from ctbench.solvers._tableau import Tableau
from ctbench.spec.registry import Registry

SCHEMES: Registry[Tableau] = Registry("ctbench.solvers.tableaux", "solver", "TABLEAU")
