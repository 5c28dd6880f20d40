"""The 3/8 rule of order 4, which torchdiffeq calls `rk4`."""

from ctbench.solvers._tableau import Tableau, row

TABLEAU = Tableau(
    "rk4_38",
    order=4,
    a=(row(), row("1/3"), row("-1/3", 1), row(1, -1, 1)),
    b=row("1/8", "3/8", "3/8", "1/8"),
    c=row(0, "1/3", "2/3", 1),
    source="Kutta 1901; HNW table II.1.2",
)
