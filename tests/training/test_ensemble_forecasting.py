"""Forecasts by draws: the score, the coverage, training, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ctbench.spec.errors import UserError
from ctbench.training.ensemble_forecasting import (
    DRAWS,
    Forecasting,
    Persistence,
    Series,
    Settings,
    crps,
    enclosed,
)
from ctbench.training.ensemble_forecasting import tested as scored
from ctbench.training.loop import run

NODES, STEPS = 3, 4


def series(seeds: int = 2, count: int = 12, window: int = 5) -> Series:
    """Nodes that swing, node i a third of a turn after node i - 1."""
    rng = np.random.default_rng(0)
    phase, when = (
        rng.uniform(0, 6.28, (8, count, 1, 1))[:seeds],
        np.sort(rng.uniform(-4, 0, (8, count, window)))[:seeds],
    )
    shift, ahead = np.arange(NODES) * 2.1, np.arange(1, STEPS + 1)
    truth = np.sin(phase + ahead[:, None] + shift)
    return Series(
        times=when,
        values=np.sin(phase + when[..., None] + shift),
        future=truth,
        kept=np.ones((seeds, count, STEPS), bool),
        truth=truth,
        adjacency=np.roll(np.eye(NODES), 1, axis=0),
        step=1.0,
        train=8,
    )


def settings(model: str | None = "latent_dynamics", **changes: object) -> Settings:
    return Settings(**{"model": model, "iterations": 20, "batch": 4, "draws": 2, **changes})


MODELS = [
    ("latent_dynamics", {"stochastic": True}),
    ("latent_dynamics", {}),
    ("latent_dynamics", {"graph": False}),
    ("gru_d", {}),
]


def test_the_score_is_its_definition_and_fair() -> None:
    draws, y = torch.randn(2, 5, 3, dtype=torch.float64), torch.randn(2, 3, dtype=torch.float64)
    apart = (draws.unsqueeze(1) - draws.unsqueeze(2)).abs().sum((1, 2)) / (2 * 5 * 4)
    torch.testing.assert_close(crps(draws, y), (draws - y.unsqueeze(1)).abs().mean(1) - apart)


def test_the_score_of_a_normal_forecast_has_its_closed_form() -> None:
    """CRPS of N(0, 1) at 0 is (sqrt 2 - 1) / sqrt pi; the estimate is unbiased with two draws already."""
    draws = torch.randn(1, 2, 200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    found = crps(draws, torch.zeros(1, 200_000, dtype=torch.float64)).mean()
    assert float(found) == pytest.approx((2**0.5 - 1) / np.pi**0.5, abs=5e-3)


@pytest.mark.parametrize("k, share", [(2, 0.9), (10, 0.5)])
def test_right_draws_enclose_the_stated_share(k: int, share: float) -> None:
    both = torch.randn(1, DRAWS + 1, 50_000, generator=torch.Generator().manual_seed(1))
    found = enclosed(both[:, :DRAWS].sort(dim=1).values, both[:, DRAWS], k).mean()
    assert float(found) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("model, options", MODELS)
def test_training_lowers_the_score_and_seeds_do_not_mix(model: str, options: dict) -> None:
    def task(seeds: tuple[int, ...], iterations: int = 40) -> Forecasting:
        whole = series(6)
        own = {name: getattr(whole, name)[list(seeds)] for name in ("times", "values", "future", "kept", "truth")}
        chosen = settings(model, options=options, iterations=iterations, learning_rate=0.02)
        return Forecasting(chosen, replace(whole, **own), seeds)

    def scores(task: Forecasting) -> list[float]:
        return [next(r["value"] for r in result.rows if r["metric"] == "crps") for result in run(task)]

    begun, together, alone = scores(task((1, 5), iterations=1)), scores(task((1, 5))), scores(task((5,)))
    assert sum(together) < 0.9 * sum(begun)
    assert together[1] == pytest.approx(alone[0], rel=1e-3)


def test_without_the_graph_there_is_no_neighbour_and_with_it_numbering_does_not_matter() -> None:
    whole, swap = series(1), [2, 0, 1]
    task = Forecasting(settings(), whole, (0,))
    values, times = (torch.from_numpy(x).float() for x in (whole.values, whole.times))
    network = task.network
    read = network.encoder(network.seen(values, times))
    network.encoder.first.mean = network.encoder.first.mean[swap][:, swap]
    network.encoder.last.mean = network.encoder.last.mean[swap][:, swap]
    torch.testing.assert_close(network.encoder(network.seen(values[..., swap], times)), read[:, :, swap])
    plain = Forecasting(settings(options={"graph": False}), whole, (0,)).network
    assert plain.nodes == 1 and plain.encoder.first.mean is None


def test_a_forecast_that_is_the_truth_has_no_error() -> None:
    whole = series()
    draws = torch.from_numpy(whole.truth[:, 8:]).float().unsqueeze(1).expand(-1, DRAWS, -1, -1, -1)
    rows = scored(draws, whole, (0, 7))
    assert max(r["value"] for r in rows[1] if r["metric"] in ("rmse", "crps", "rmse_ahead")) < 1e-6
    drawn = {r["metric"] for r in rows[0]} - {r["metric"] for r in rows[1]}
    assert drawn == {f"forecast_{part}" for part in ("low", "high", "mean", "true", "seen")}


def test_persistence_holds_the_last_value() -> None:
    whole = series()
    rows = run(Persistence(settings(None), whole, (0, 1)))[1].rows
    expected = np.sqrt(np.square(whole.values[1, 8:, -1:] - whole.truth[1, 8:]).mean())
    assert next(r["value"] for r in rows if r["metric"] == "rmse") == pytest.approx(expected, rel=0.15)


def test_an_interrupted_training_ends_alike() -> None:
    whole, first, second = (Forecasting(settings(options={"stochastic": True}), series(), (0, 1)) for _ in range(3))
    first.step(0)
    second.restore(first.state())
    whole.step(0)
    for task in (whole, second):
        task.step(1)
    assert [r.rows for r in whole.results()] == [r.rows for r in second.results()]


def changed(name: str, place: tuple[int, ...], value: float) -> Series:
    whole = series()
    array = getattr(whole, name).copy()
    array[place] = value
    return replace(whole, **{name: array})


@pytest.mark.parametrize(
    "bad, message",
    [
        (changed("values", (1, 3, 0, 0), np.nan), "values: found nan in series 3 of the group's seed number 1"),
        (changed("future", (0, 2, 1, 0), np.inf), "future: found inf in series 2"),
        (changed("times", (0, 4, 1), -9.0), "times: found -9 after .* in series 4 .* out of order"),
        (changed("times", (0, 5, 1), float(series().times[0, 5, 0])), "in series 5 .* repeated"),
        (changed("times", (1, 0, 4), 0.5), "times: found 0.5 in series 0 .* up to 0"),
        (changed("kept", (1, 6), False), "kept: series 6 of the group's seed number 1 keeps no time"),
        (replace(series(), adjacency=np.eye(4)), r"adjacency: found the shape \(4, 4\), expected \(3, 3\)"),
        (
            replace(series(), times=series().times[..., :2]),
            r"times: found the shape \(2, 12, 2\), expected \(2, 12, 5\)",
        ),
        (replace(series(), step=0.0), "step: found 0.0"),
        (replace(series(), train=12), "train: found 12 of 12 series"),
        (series(window=0), "no observation"),
    ],
)
def test_bad_series_are_refused(bad: Series, message: str) -> None:
    for kind, model in ((Forecasting, "gru_d"), (Persistence, None)):
        with pytest.raises(UserError, match=message):
            kind(settings(model), bad, (0, 1))


def test_models_that_do_not_forecast_and_unknown_options_are_refused() -> None:
    with pytest.raises(UserError, match="model: found 'gcn', expected one that forecasts"):
        settings("gcn")
    with pytest.raises(UserError, match="stochastic"):
        settings(options={"stochastik": True})
    with pytest.raises(UserError, match="gru_d"):
        settings("gru_e")
    assert settings().options == {"graph": True, "stochastic": False, "latent": 4, "hidden": 16, "substeps": 1}
