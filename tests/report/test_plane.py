"""Eigenvalues in the plane: every point is drawn, those outside at the edge, beside the unit circle."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ctbench.report.plane import REACH, draw


def test_points_and_the_unit_circle() -> None:
    axes = Figure().subplots()
    near = pd.DataFrame({"x": [1.0, 0.5], "value": [0.0, -0.5]})
    far = pd.DataFrame({"x": [-7.0], "value": [3.0]})
    draw(axes, [near, far], ["red", "blue"])
    circle, first, second = (np.asarray(line.get_xydata()) for line in axes.get_lines())
    np.testing.assert_allclose(np.linalg.norm(circle, axis=1), 1)
    np.testing.assert_array_equal(first, near.to_numpy())
    np.testing.assert_array_equal(second, [[-REACH, REACH]])
    assert axes.get_aspect() == 1
