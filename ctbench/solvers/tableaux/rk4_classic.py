"""The classic Runge-Kutta scheme of order 4."""

from ctbench.solvers._tableau import Tableau, row

TABLEAU = Tableau(
    "rk4_classic",
    order=4,
    a=(row(), row("1/2"), row(0, "1/2"), row(0, 0, 1)),
    b=row("1/6", "1/3", "1/3", "1/6"),
    c=row(0, "1/2", "1/2", 1),
    source="Kutta 1901; HNW table II.1.2",
)
