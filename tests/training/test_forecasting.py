import numpy as np
import pytest
import torch

from ctbench.spec.errors import UserError
from ctbench.training.forecasting import (
    Baseline,
    GraphSeries,
    Settings,
    Training,
    annealed,
    errors,
    forecast,
    profile,
)
from ctbench.training.loop import run
from ctbench.training.task import SeedResult

T, N, PERIOD = 240, 3, 24
GRAPH = np.ones((N, N)) - np.eye(N)


def series(readings: np.ndarray | None = None) -> GraphSeries:
    waves = 50 + 10 * np.sin(2 * np.pi * np.arange(T)[:, None] / PERIOD + np.arange(N))
    given = waves if readings is None else readings
    return GraphSeries(given, np.arange(float(T)), GRAPH, PERIOD, np.arange(168), np.arange(192, T), "km/h")


def settings(model: str = "gcgru", **changes: object) -> Settings:
    options = {} if model in ("persistence", "historical_average") else {"hidden": 4}
    if model == "gcde_gru":
        options["method"] = "fixed"
    common = {"keep": 0.5, "epochs": 3, "masks": 3, "batch": 32, "inputs": 3, "options": options}
    return Settings(model=model, **{**common, **changes})


def values(result: SeedResult) -> dict[str, float]:
    return {row["metric"]: row["value"] for row in result.rows}


def test_errors_are_those_of_the_formulas() -> None:
    truth = torch.tensor([[10.0, 20.0], [20.0, 40.0]])
    found = truth + torch.tensor([[[1.0, 2.0], [-4.0, 2.0]]])
    got = errors(found, truth)
    assert float(got["rmse"]) == pytest.approx((np.sqrt((1 + 16) / 2) + 2) / 2)
    assert float(got["mape"]) == pytest.approx(100 * (0.1 + 0.1 + 0.2 + 0.05) / 4)
    assert float(got["mape_printed"]) == pytest.approx(100 * (abs(-0.1 + 0.2) / 2 + abs(-0.1 - 0.05) / 2) / 2)
    assert set(errors(found, truth - 10)) == {"rmse"}


def test_a_periodic_series_is_known_by_its_historical_average() -> None:
    found = values(run(forecast(settings("historical_average", keep=1.0), series(), (0, 1)))[1])
    assert found["rmse"] == pytest.approx(0, abs=1e-9) and "rmse_sd_masks" not in found


def test_times_of_day_that_were_lost_are_interpolated() -> None:
    ramp = np.tile((np.arange(T) % PERIOD)[:, None], (1, N)).astype(float)
    rows = np.array([i for i in range(168) if i % PERIOD not in (5, 23)])
    got = profile(series(ramp), rows)
    assert got[5, 0] == pytest.approx(5) and got[23, 0] == pytest.approx((22 + 0) / 2)


def test_persistence_repeats_the_last_reading() -> None:
    task = forecast(settings("persistence"), series(), (0,))
    assert isinstance(task, Baseline)
    index = torch.tensor([[[3, 5, 9, 12]]])
    torch.testing.assert_close(task.predict(index)[0, 0], task.readings[9])


def test_all_seeds_see_the_same_test_masks_and_train_on_their_own() -> None:
    task = forecast(settings("persistence"), series(), (0, 7))
    first, second = run(task)
    assert values(first) == values(second)
    assert len(task.windows[0]) != len(task.windows[1]) or (task.windows[0] != task.windows[1]).any()


@pytest.mark.parametrize("model", ["gru", "gcgru", "gcde_gru"])
def test_training_lowers_the_error_and_seeds_do_not_mix(model: str) -> None:
    few, many = (run(forecast(settings(model, epochs=n, restart=n), series(), (0, 5))) for n in (1, 12))
    alone = run(forecast(settings(model, epochs=12, restart=12), series(), (5,)))[0]
    assert values(many[0])["rmse"] < 0.95 * values(few[0])["rmse"]
    assert values(many[1]) == pytest.approx(values(alone), rel=1e-4)
    assert values(alone)["parameters"] > 0 and values(alone)["rmse_sd_masks"] > 0


def test_a_constant_gap_is_the_real_one_where_all_is_kept() -> None:
    real, constant = (
        run(forecast(settings("gcde_gru", keep=1.0, gaps=gaps), series(), (0,)))[0] for gaps in ("real", "constant")
    )
    assert values(real) == pytest.approx(values(constant), rel=1e-6)


def test_the_told_times_start_at_the_window_and_have_the_mean_gap() -> None:
    task = forecast(settings(gaps="constant"), series(), (0,))
    assert isinstance(task, Training)
    assert task.told(torch.tensor([[[3, 5, 9, 12]]])).tolist() == [[[3, 5, 7, 9]]]


def test_a_resumed_training_ends_as_one_that_was_never_stopped() -> None:
    whole = run(forecast(settings(), series(), (0, 1)))
    first = forecast(settings(), series(), (0, 1))
    for index in range(4):
        first.step(index)
    second = forecast(settings(), series(), (0, 1))
    second.restore(first.state())
    for index in range(4, second.steps):
        second.step(index)
    assert [r.rows for r in second.results()] == [r.rows for r in whole]


def test_the_rate_restarts() -> None:
    assert [annealed(1.0, e, 10) for e in (0, 5, 10, 15)] == pytest.approx([1, 0.5, 1, 0.5])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_reading_that_is_no_number_is_refused(bad: float) -> None:
    readings = np.ones((T, N))
    readings[200, 1] = bad
    with pytest.raises(UserError, match=f"found {bad} at time 200, station 1"):
        series(readings)


def test_a_rate_that_keeps_too_little_is_refused() -> None:
    with pytest.raises(UserError, match=r"train part: \d of 168 observations are kept, expected at least 4"):
        forecast(settings(keep=0.004), series(), (0,))
