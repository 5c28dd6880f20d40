"""Numbers for people: rounded by their uncertainty, and written alike in every format."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from math import floor, inf, isfinite, isinf, log10, nan
from typing import Literal

Markup = Literal["text", "tex", "html"]

_PLAIN = range(-4, 6)
"""Powers of ten of the larger of value and half-width that need no factor."""


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
        return _times(core, self.half, _power(self.power))


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PLUS_MINUS: dict[Markup, str] = {"text": " ± ", "tex": r" \pm ", "html": "&nbsp;±&nbsp;"}


def rounded(value: float, half: float = nan) -> Shown:
    """`value` ± `half`, both to the place of the second significant digit of `half`; four digits without one.

    A value that is not finite is shown as such.
    """
    if not isfinite(value):
        return Shown("∞" if value == inf else "-∞" if isinf(value) else "diverged")
    if not isfinite(half) or half <= 0:
        power = _factor(abs(value))
        place = _place(abs(value), 4) - power if value else 0
        return Shown(_trimmed(_digits(value, power, place)), "0" if half == 0 else "", power)
    power = _factor(max(abs(value), half))
    place = _place(half, 2) - power
    return Shown(_digits(value, power, place), _digits(half, power, place), power)


def interval(value: float, low: float, high: float) -> str:
    """`value [low, high]` as text, rounded by the half-width of the interval."""
    if not isfinite(low) or not isfinite(high) or high <= low:
        return rounded(value).write()
    power = _factor(max(abs(value), abs(low), abs(high)))
    place = _place((high - low) / 2, 2) - power
    digits = [_digits(number, power, place).replace("-", "−") for number in (value, low, high)]
    return f"{digits[0]} [{digits[1]}, {digits[2]}]" + (_power(power) if power else "")


def _place(size: float, digits: int) -> int:
    """The decimal place of the last of `digits` significant digits, after rounding (0.0996 is 0.10)."""
    return int(f"{size:.{digits - 1}e}".split("e")[1]) - digits + 1


def _factor(size: float) -> int:
    exponent = floor(log10(size)) if size > 0 else 0
    return 0 if exponent in _PLAIN else exponent


def _digits(value: float, power: int, place: int) -> str:
    scaled = Decimal(repr(value)).scaleb(-power)
    kept = scaled.quantize(Decimal(1).scaleb(place), rounding=ROUND_HALF_EVEN)
    text = f"{kept:.0f}" if place > 0 else f"{kept:f}"
    return text.removeprefix("-") if not kept else text


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text


def _power(power: int) -> str:
    return " × 10" + str(power).translate(_RAISED)


def _times(core: str, half: str, factor: str) -> str:
    return f"({core}){factor}" if half else f"{core}{factor}"
