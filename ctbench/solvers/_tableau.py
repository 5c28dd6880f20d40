"""Explicit Runge-Kutta schemes as data that checks itself.

A scheme with s stages advances dy/dt = f(t, y) from t to t + h by

    k_i = f(t + c_i h, y + h sum_{j<i} a_ij k_j),    y(t + h) = y + h sum_i b_i k_i.

Coefficients are fractions, so the checks are exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

Row = tuple[Fraction, ...]


def row(*numbers: int | str) -> Row:
    """Coefficients from integers and texts such as `"1/3"`."""
    return tuple(Fraction(number) for number in numbers)


@dataclass(frozen=True)
class Tableau:
    """A Butcher tableau.

    Args:
        name: the name users write.
        order: order of convergence of the global error.
        a: strictly lower triangle, row i has i entries.
        b: weights of the stages.
        c: times of the stages, as fractions of a step.
        source: where the coefficients stand.

    Raises:
        ValueError: if shapes disagree, c_i != sum_j a_ij, or an order condition up to min(order, 4) is broken.
    """

    name: str
    order: int
    a: tuple[Row, ...]
    b: Row
    c: Row
    source: str

    def __post_init__(self) -> None:
        stages = range(len(self.b))
        if len(self.c) != len(self.b) or [len(r) for r in self.a] != list(stages):
            raise ValueError(f"{self.name}: shapes of a, b and c do not fit together")
        if any(self.c[i] != sum(self.a[i]) for i in stages):
            raise ValueError(f"{self.name}: c_i must equal sum_j a_ij")
        for order, text, found, expected in self.order_conditions():
            if order <= self.order and found != expected:
                raise ValueError(f"{self.name}: {text} is {found}, expected {expected} for order {order}")

    @property
    def stages(self) -> int:
        """Evaluations of the field in one step."""
        return len(self.b)

    def order_conditions(self) -> list[tuple[int, str, Fraction, Fraction]]:
        """(order, condition, found, expected) for the rooted trees up to order 4 (Hairer, Norsett, Wanner, II.2)."""
        a, b, c = self.a, self.b, self.c

        def weighted(values: list[Fraction]) -> Fraction:
            return sum((b_i * v for b_i, v in zip(b, values, strict=True)), Fraction(0))

        def inner(values: list[Fraction]) -> list[Fraction]:
            return [sum((a_ij * v for a_ij, v in zip(r, values, strict=False)), Fraction(0)) for r in a]

        one, two, three = [list(map(lambda x, p=p: x**p, c)) for p in (1, 2, 3)]
        return [
            (1, "sum b", weighted([Fraction(1)] * self.stages), Fraction(1)),
            (2, "sum b c", weighted(one), Fraction(1, 2)),
            (3, "sum b c^2", weighted(two), Fraction(1, 3)),
            (3, "sum b a c", weighted(inner(one)), Fraction(1, 6)),
            (4, "sum b c^3", weighted(three), Fraction(1, 4)),
            (4, "sum b c a c", weighted([x * y for x, y in zip(one, inner(one), strict=True)]), Fraction(1, 8)),
            (4, "sum b a c^2", weighted(inner(two)), Fraction(1, 12)),
            (4, "sum b a a c", weighted(inner(inner(one))), Fraction(1, 24)),
        ]
