"""Forward Euler."""

from ctbench.solvers._tableau import Tableau, row

TABLEAU = Tableau("euler", order=1, a=(row(),), b=row(1), c=row(0), source="Euler 1768; Hairer, Norsett, Wanner, I.7")
