"""What a solver must keep. Shapes and order conditions its tableau checks itself when it is made."""

from __future__ import annotations

import numpy as np
import torch
from scipy.linalg import expm

from ctbench.contract import Rule, expect
from ctbench.solvers._tableau import Tableau
from ctbench.solvers.fixed import Stage, integrate

RATE = torch.tensor([[-0.3, 1.0], [-2.0, -0.1]], dtype=torch.float64)
STEPS = (16, 32, 64)


def rules(name: str) -> tuple[Rule, ...]:
    """Those of the scheme in the file `name`."""

    def named(tableau: Tableau) -> None:
        expect(tableau.name == name, f"name: found {tableau.name!r}, expected {name!r}, the name of its file")

    return (Rule("it is a Tableau", _tableau), Rule("it is named as its file", named), *RULES)


def slope(tableau: Tableau) -> float:
    """Order of convergence on dy/dt = cos(t) A y, whose solution is exp(A sin t) y(0); stage times matter in it."""

    def swinging(stage: Stage, y: torch.Tensor) -> torch.Tensor:
        return RATE @ y * float(np.cos(stage.time))

    start = torch.tensor([1.0, 0.5], dtype=torch.float64)
    truth = expm(RATE.numpy() * np.sin(1.0)) @ start.numpy()
    found = [integrate(swinging, start, tableau, steps=n, end=1.0).numpy() for n in STEPS]
    return float(np.polyfit(-np.log(STEPS), [np.log(np.abs(y - truth).max()) for y in found], 1)[0])


def _tableau(tableau: object) -> None:
    expect(isinstance(tableau, Tableau), f"TABLEAU: found {type(tableau).__name__}, expected a Tableau")


def _source(tableau: Tableau) -> None:
    expect(tableau.source, "source: empty, expected where the coefficients stand")


def _order(tableau: Tableau) -> None:
    expect(tableau.order <= tableau.stages, f"order: found {tableau.order} with {tableau.stages} stages")
    found = slope(tableau)
    expect(abs(found - tableau.order) < 0.15, f"order: found {found:.2f} by measurement, expected {tableau.order}")


RULES = (
    Rule("it says where its coefficients stand", _source),
    Rule("its error falls with its order on an equation with a known solution", _order),
)
