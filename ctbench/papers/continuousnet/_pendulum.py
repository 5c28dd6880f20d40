"""The pendulum theta'' = -g sin(theta) of unit length, g = 9.81, from rest at theta_0 = 0.75 pi, in closed form.

    theta(t) = 2 arcsin(k sn(K(k^2) - w t | k^2)),  k = sin(theta_0 / 2),  w = sqrt(g),

with Jacobi's sn and the complete elliptic integral K (Abramowitz and Stegun, ch. 16, 17).
"""

from __future__ import annotations

import numpy as np
from scipy.special import ellipj, ellipk

GRAVITY = 9.81
ANGLE = 0.75 * np.pi


def exact(time: np.ndarray) -> np.ndarray:
    """State (angle, angular velocity) of the pendulum, [..., 2], radians and radians per second.

    Args:
        time: seconds, [...].
    """
    k, w = np.sin(ANGLE / 2), np.sqrt(GRAVITY)
    sn, cn, dn, _ = ellipj(ellipk(k**2) - w * time, k**2)
    return np.stack([2 * np.arcsin(k * sn), -2 * k * w * cn * dn / np.sqrt(1 - (k * sn) ** 2)], axis=-1)
