"""Errors that are the user's to mend. The command line prints them as one paragraph and exits with 2."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Bad input: names the key or file, what was found and what was expected."""


def unknown(kind: str, name: str, known: Iterable[str], *, where: str = "") -> UserError:
    """An error for a name that does not exist, with the nearest names that do."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    hint = f"Did you mean {' or '.join(repr(n) for n in near)}?" if near else f"Known: {', '.join(names)}."
    place = f" ({where})" if where else ""
    return UserError(f"There is no {kind} called {name!r}{place}. {hint}")
