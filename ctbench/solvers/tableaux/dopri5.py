"""Dormand and Prince's scheme of order 5, here with fixed steps."""

from ctbench.solvers._tableau import Tableau, row

TABLEAU = Tableau(
    "dopri5",
    order=5,
    a=(
        row(),
        row("1/5"),
        row("3/40", "9/40"),
        row("44/45", "-56/15", "32/9"),
        row("19372/6561", "-25360/2187", "64448/6561", "-212/729"),
        row("9017/3168", "-355/33", "46732/5247", "49/176", "-5103/18656"),
    ),
    b=row("35/384", 0, "500/1113", "125/192", "-2187/6784", "11/84"),
    c=row(0, "1/5", "3/10", "4/5", "8/9", 1),
    source="Dormand and Prince 1980; HNW table II.5.2",
)
