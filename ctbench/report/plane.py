"""Eigenvalues in the complex plane beside the unit circle: a panel of a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ctbench.report.style import GREY, MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

REACH = 1.25
"""Half of the side of the panel; eigenvalues beyond it stand at its edge."""


def draw(axes: Axes, parts: Sequence[pd.DataFrame], colors: Sequence[Any]) -> None:
    """A cloud for each part, the real parts in column `x` and the imaginary parts in `value`."""
    turn = np.linspace(0, 2 * np.pi, 400)
    axes.plot(np.cos(turn), np.sin(turn), color=GREY, linewidth=0.8, zorder=1)
    for k, part in enumerate(parts):
        points = part[["x", "value"]].to_numpy(dtype=float).clip(-REACH, REACH)
        look = {"marker": MARKERS[k % len(MARKERS)], "color": colors[k], "ls": ""}
        axes.plot(*points.T, ms=3.2, alpha=0.55, markeredgewidth=0, clip_on=False, **look)
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=(-1, 0, 1), yticks=(-1, 0, 1))
