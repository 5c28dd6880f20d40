"""Numbers as plain text, rounded by their uncertainty."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal
from math import floor, inf, isfinite, isinf, log10

_PLAIN = range(-4, 6)
"""Powers of ten of the larger of value and half-width that need no factor."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain(value: float) -> str:
    """`value` to four digits, whole ones all. A value that is not finite is shown as such."""
    if not isfinite(value):
        return "∞" if value == inf else "−∞" if isinf(value) else "diverged"
    power = factor(abs(value))
    shown = digits(value, power, four(value, power))
    return trimmed(shown).replace("-", "−") + (times(power) if power else "")


def interval(value: float, low: float, high: float) -> str:
    """`value [low, high]`, rounded by the half-width of the interval, to seven digits at most.

    The value alone where there is no interval, or none that can be seen.
    """
    if not isfinite(low) or not isfinite(high) or high <= low:
        return plain(value)
    size = max(abs(value), abs(low), abs(high))
    power = factor(size)
    last = max(place((high - low) / 2, 2), place(size, 7)) - power
    shown = [digits(number, power, last).replace("-", "−") for number in (value, low, high)]
    if shown[1] == shown[2]:
        return shown[0] + (times(power) if power else "")
    return f"{shown[0]} [{shown[1]}, {shown[2]}]" + (times(power) if power else "")


def signed(text: str) -> str:
    """A number's text with its sign, also where it is positive."""
    return text if text.startswith(("−", "0 ", "diverged")) or text == "0" else f"+{text}"


def place(size: float, count: int) -> int:
    """The decimal place of the last of `count` significant digits, after rounding (0.0996 is 0.10)."""
    return int(f"{size:.{count - 1}e}".split("e")[1]) - count + 1


def four(value: float, power: int) -> int:
    """The decimal place, after taking out the power of ten, to which four digits of a number are shown.

    Whole digits are all shown: 92231, not 92230.
    """
    return min(place(abs(value), 4) - power, 0) if value else 0


def factor(size: float) -> int:
    """The power of ten to take out of a number of this size."""
    exponent = floor(log10(size)) if size > 0 else 0
    return 0 if exponent in _PLAIN else exponent


def digits(value: float, power: int, last: int) -> str:
    """The digits of `value` / 10**`power` up to the decimal place `last`."""
    scaled = Decimal(repr(value)).scaleb(-power)
    kept = scaled.quantize(Decimal(1).scaleb(last), rounding=ROUND_HALF_EVEN)
    text = f"{kept:.0f}" if last > 0 else f"{kept:f}"
    return text.removeprefix("-") if not kept else text


def trimmed(text: str) -> str:
    """Without zeros after the last digit of a fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def times(power: int) -> str:
    """The factor 10**`power`."""
    return " × 10" + str(power).translate(_RAISED)
