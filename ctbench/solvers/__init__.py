"""Solvers: Runge-Kutta tableaux as data, one fixed-step loop, torchdiffeq, and the exponential action."""

from typing import Annotated

from pydantic import AfterValidator

from ctbench.solvers._tableau import Tableau
from ctbench.spec.registry import Registry

SCHEMES: Registry[Tableau] = Registry("ctbench.solvers.tableaux", "solver", "TABLEAU")

SchemeName = Annotated[str, AfterValidator(lambda name: SCHEMES[name].name)]
"""The name of a scheme in typed settings; an unknown one raises UserError with the nearest names."""
