"""How figures look: print width, a palette for colour-blind readers, and files that are the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctbench.spec.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 7.0
"""Inches: the text width of a page."""
NARROW = 5.0
"""Inches: a figure of one panel."""
GREY = "#8a8a8a"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("", (4, 1.5), (1, 1), (5, 1.2, 1, 1.2), (7, 1.5), (2, 1), (4, 1, 1, 1, 1, 1), (1, 2))
_RC = {
    "axes.edgecolor": "#444444",
    "axes.grid": True,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.titlesize": 8.5,
    "axes.titleweight": "bold",
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",
    "font.size": 8,
    "grid.color": "#e2e2e2",
    "grid.linewidth": 0.5,
    "legend.fontsize": 8,
    "lines.linewidth": 1.4,
    "lines.markersize": 4,
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "ctbench",
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Everything drawn and saved inside looks alike."""
    import matplotlib

    matplotlib.use("agg")
    import seaborn

    look: dict[Any, Any] = {**seaborn.axes_style("ticks"), **_RC}
    with matplotlib.rc_context(look):
        yield


def save(figure: Figure, stem: Path) -> list[Path]:
    """Writes `<stem>.svg` and `<stem>.png`, without dates. Raises UserError if they cannot be written.

    What stands where is decided once, before the first of the files.
    """
    if layout := figure.get_layout_engine():
        layout.execute(figure)
        figure.set_layout_engine(None)
    bare = {"svg": {"Date": None, "Creator": None}, "png": {"Software": None}}
    paths = []
    for suffix, metadata in bare.items():
        paths.append(stem.with_name(f"{stem.name}.{suffix}"))
        with atomic_path(paths[-1]) as temporary:
            figure.savefig(temporary, format=suffix, dpi=200, metadata=metadata)
    return paths
