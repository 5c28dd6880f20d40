"""The explicit midpoint rule."""

from ctbench.solvers._tableau import Tableau, row

TABLEAU = Tableau(
    "midpoint", order=2, a=(row(), row("1/2")), b=row(0, 1), c=row(0, "1/2"), source="Runge 1895; HNW II.1"
)
