"""Times in words."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds in words: '4.2 s', '3 min 20 s', '2 h 5 min'."""
    if seconds < 59.95:
        return f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds:.2g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
