import numpy as np
import pandas as pd
import pytest

from ctbench.judge.statistics import t_interval
from ctbench.report.centres import by_hue

ROWS = pd.DataFrame(
    {"model": ["a"] * 6 + ["b"] * 2, "x": [1.0, 1, 1, 2, 2, 2, 2, 2], "value": [1.0, 2, 6, 3, 3, 3, 5, 7]}
)


def test_the_band_is_the_t_interval_of_the_judge() -> None:
    lines = by_hue(ROWS, "model", "x", "mean")
    assert lines["a"].loc[1.0].tolist() == pytest.approx(t_interval(np.array([1.0, 2, 6])))
    assert lines["a"].loc[2.0].tolist() == [3, 3, 3] and list(lines["b"].index) == [2.0]


def test_median_and_range() -> None:
    assert by_hue(ROWS, "model", "x", "median")["a"].loc[1.0].tolist() == [2, 1, 6]
    assert by_hue(ROWS, None, "x", "median")[None].loc[2.0].tolist() == [3, 3, 7]
