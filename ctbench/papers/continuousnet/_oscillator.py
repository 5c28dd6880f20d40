"""The harmonic oscillator du/dt = A u from u(0) = (0, 1), in closed form."""

from __future__ import annotations

import numpy as np

GENERATOR = np.array([[0.0, 1.0], [-1.0, 0.0]])


def exact(time: np.ndarray) -> np.ndarray:
    """u(t) = (sin t, cos t), [..., 2], from times in seconds, [...]."""
    return np.stack([np.sin(time), np.cos(time)], axis=-1)
