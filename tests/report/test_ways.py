"""Panels of one solution: what is drawn is what was measured, in its order."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from ctbench.report.ways import FORECAST, forecast, forecast_handles, paths


def test_a_way_keeps_the_order_of_its_rows_and_seeds_apart() -> None:
    turn = np.linspace(0, 6, 20)
    rows = pd.DataFrame(
        {"seed": np.repeat([0, 1], 20), "metric": "true_path", "x": np.tile(np.cos(turn), 2), "value": np.tile(turn, 2)}
    )
    figure = Figure()
    axes, _ = figure.subplots(1, 2, sharex=True, sharey=True)
    paths(axes, pd.concat([rows, rows.assign(metric="other")]), "metric", ["true_path", "other"], ["b", "r"])
    figure.draw_without_rendering()
    lines = [line for line in axes.lines if len(np.asarray(line.get_xdata())) > 1]
    assert [line.get_color() for line in lines] == ["b", "b", "r", "r"]
    np.testing.assert_allclose(np.asarray(lines[0].get_xydata()), np.stack([np.cos(turn), turn], axis=1))


def test_a_forecast_has_its_band_middle_truth_and_observations() -> None:
    values = {"low": [0.0, 1.0], "high": [2.0, 3.0], "mean": [1.0, 2.0], "true": [1.5, 1.5], "seen": [0.5, 0.7]}
    rows = [
        {"metric": f"forecast_{end}", "x": float(k), "value": v} for end in FORECAST for k, v in enumerate(values[end])
    ]
    axes = Figure().subplots()
    forecast(axes, pd.DataFrame(rows), "b")
    drawn = [np.asarray(line.get_ydata()).tolist() for line in axes.lines]
    assert drawn == [values["mean"], values["true"], values["seen"]]
    corners = axes.collections[0].get_paths()[0].vertices
    assert corners[:, 1].min() == 0 and corners[:, 1].max() == 3
    assert len(list(forecast_handles("b", {"band": "90 %"}))) == 4
