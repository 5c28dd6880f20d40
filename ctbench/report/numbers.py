"""Numbers for people: rounded by their uncertainty, and written alike in every format."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite, isinf, nan
from typing import Literal

from ctbench.judge.numbers import digits, factor, four, interval, place, times, trimmed

__all__ = ["Markup", "Shown", "interval", "rounded"]

Markup = Literal["text", "tex", "html"]


@dataclass(frozen=True)
class Shown:
    """A rounded number: digits of the value and of its half-width, times ten to the `power`."""

    value: str
    half: str = ""
    power: int = 0

    def write(self, markup: Markup = "text") -> str:
        """As plain text, LaTeX or HTML."""
        core = f"{self.value}{_PLUS_MINUS[markup]}{self.half}" if self.half else self.value
        if markup == "tex":
            core = core if self.power == 0 else _times(core, self.half, rf" \times 10^{{{self.power}}}")
            return f"${core}$"
        core = core.replace("-", "−")
        if self.power == 0:
            return core
        if markup == "html":
            return _times(core, self.half, f"&nbsp;×&nbsp;10<sup>{str(self.power).replace('-', '−')}</sup>")
        return _times(core, self.half, times(self.power))


_PLUS_MINUS: dict[Markup, str] = {"text": " ± ", "tex": r" \pm ", "html": "&nbsp;±&nbsp;"}


def rounded(value: float, half: float = nan) -> Shown:
    """`value` ± `half`, both to the place of the second significant digit of `half`; four digits without one, whole
    ones all.

    Seven digits of the larger at most: a smaller half-width, that of machine precision, is 0.
    A value that is not finite is shown as such.
    """
    if not isfinite(value):
        return Shown("∞" if value == inf else "-∞" if isinf(value) else "diverged")
    if not isfinite(half) or half <= 0:
        power = factor(abs(value))
        shown = trimmed(digits(value, power, four(value, power)))
        return Shown(shown, "0" if half == 0 else "", power)
    size = max(abs(value), half)
    power = factor(size)
    last = max(place(half, 2), place(size, 7)) - power
    shown = digits(half, power, last)
    return Shown(digits(value, power, last), shown if float(shown) else "0", power)


def _times(core: str, half: str, factor: str) -> str:
    return f"({core}){factor}" if half else f"{core}{factor}"
