"""Heun's method, the explicit trapezoidal rule."""

from ctbench.solvers._tableau import Tableau, row

TABLEAU = Tableau("heun", order=2, a=(row(), row(1)), b=row("1/2", "1/2"), c=row(0, 1), source="Heun 1900; HNW II.1")
