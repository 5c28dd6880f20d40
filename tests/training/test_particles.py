import numpy as np
import pytest
import torch

from ctbench.models._dense_graph import neighbours, normalised
from ctbench.models.gcn_field import GCNField
from ctbench.spec.errors import UserError
from ctbench.training.loop import run
from ctbench.training.particles import Particles, Persistence, Settings, extrapolated, scores

SPACING = 0.01


def settings(**changes: object) -> Settings:
    common = {
        "kind": "graph_field",
        "hidden": (8,),
        "particles": 3,
        "spacing": SPACING,
        "horizons": (1, 5),
        "drawn": 0.1,
    }
    return Settings(**{**common, "iterations": 50, "batch": 8, **changes})


def swings(seeds: int, points: int = 61) -> np.ndarray:
    """Three particles in the trap, alone: x'' = -x."""
    t = SPACING * np.arange(points)[:, None, None, None]
    begin = np.random.default_rng(0).uniform(-1, 1, (8, 3, 4))[:seeds]
    x, v = begin[..., :2], begin[..., 2:]
    return np.concatenate([x * np.cos(t) + v * np.sin(t), v * np.cos(t) - x * np.sin(t)], axis=-1)


def task(seeds: tuple[int, ...] = (0, 1), **changes: object) -> Particles:
    return Particles(settings(**changes), swings(8)[:, list(seeds)], seeds)


def test_neighbours_and_operator_are_those_of_the_definition() -> None:
    x = torch.tensor([[0.0, 0.0], [0.3, 0.4], [1.0, 0.0]], dtype=torch.float64)
    near = neighbours(x, 0.5)
    assert near.tolist() == [[False, True, False], [True, False, False], [False, False, False]]
    expected = [[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 1]]
    torch.testing.assert_close(normalised(near.double()), torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("order, extra", [(1, 0), (1, 4), (2, 0), (2, 4)])
def test_the_field_does_not_care_how_particles_are_numbered(order: int, extra: int) -> None:
    model = GCNField(GCNField.Options(order=order, extra=extra), 4, [torch.Generator().manual_seed(0)])
    h, swap = torch.rand(1, 5, 6, 4 + extra), torch.tensor([3, 0, 5, 1, 2, 4])
    torch.testing.assert_close(model(h[:, :, swap]), model(h)[:, :, swap])
    assert model(h).shape == h.shape


def test_second_order_moves_positions_by_velocities() -> None:
    model = GCNField(GCNField.Options(order=2, extra=4), 4, [torch.Generator().manual_seed(0)])
    h = torch.rand(1, 5, 6, 8)
    slope = model(h)
    torch.testing.assert_close(slope[..., [0, 1, 4, 5]], h[..., [2, 3, 6, 7]])


@pytest.mark.parametrize("kind, extra", [("map", 0), ("field", 0), ("graph_field", 0), ("graph_field", 4)])
def test_training_lowers_the_loss_and_seeds_do_not_mix(kind: str, extra: int) -> None:
    begun = task(kind=kind, extra=extra).final_loss().mean()
    together = run(task((0, 5), kind=kind, extra=extra))
    alone = run(task((5,), kind=kind, extra=extra))[0]
    losses = [next(r["value"] for r in result.rows if r["metric"] == "training_loss") for result in (*together, alone)]
    assert max(losses[:2]) < begun
    assert losses[1] == pytest.approx(losses[2], rel=1e-8)


def test_a_model_that_knows_the_truth_has_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    known, c, s = task(), np.cos(SPACING), np.sin(SPACING)

    def advance(y: torch.Tensor) -> torch.Tensor:
        return torch.cat([y[..., :2] * c + y[..., 2:] * s, y[..., 2:] * c - y[..., :2] * s], dim=-1)

    monkeypatch.setattr(known, "advance", advance)
    assert float(known.final_loss().max()) < 1e-20
    rows = known.rows()[1]
    assert max(r["value"] for r in rows if r["metric"] in ("rmse", "mape", "mape_printed")) < 1e-9
    paths = [[(r["x"], r["value"]) for r in rows if r["metric"] == name] for name in ("true_path", "predicted_path")]
    assert len(paths[0]) == 2
    np.testing.assert_allclose(paths[0], paths[1], atol=1e-12)


def test_extrapolation_is_set_back_after_every_horizon() -> None:
    test = torch.arange(12.0, dtype=torch.float64).reshape(12, 1, 1, 1).expand(12, 1, 3, 4)
    truth, found = extrapolated(test, lambda state: state, 5)
    assert truth[:, 0, 0].tolist() == list(range(1, 11))
    assert found[:, 0, 0].tolist() == [0] * 5 + [5] * 5


def test_scores_are_those_of_the_formulas() -> None:
    truth = torch.tensor([[1.0, 4.0], [2.0, -2.0]], dtype=torch.float64).unsqueeze(1)
    error = torch.tensor([[0.1, 0.4], [-0.2, 0.2]], dtype=torch.float64).unsqueeze(1)
    found = {name: float(value) for name, _, value in scores(truth, truth - error)}
    assert found["mape_printed"] == pytest.approx(100 * (abs(0.1 - 0.1) + abs(0.1 - 0.1)) / 4)
    assert found["mape"] == pytest.approx(10, rel=1e-6)
    assert found["rmse"] == pytest.approx((np.sqrt(0.05 / 2) + np.sqrt(0.2 / 2)) / 2)


def test_persistence_moves_nothing() -> None:
    rows = run(Persistence(settings(kind="persistence"), swings(2), (0, 1)))[1].rows
    path = swings(2)[30:, 1].reshape(31, -1)
    expected = np.sqrt(np.square(np.diff(path, axis=0)).mean(0)).mean()
    assert next(r["value"] for r in rows if r["metric"] == "rmse" and r["x"] == 1) == pytest.approx(expected)


def test_an_interrupted_training_ends_alike() -> None:
    whole, first, second = task(iterations=150), task(iterations=150), task(iterations=150)
    for index in range(3):
        whole.step(index)
    first.step(0)
    second.restore(first.state())
    second.step(1)
    second.step(2)
    assert [r.rows for r in whole.results()] == [r.rows for r in second.results()]


def test_bad_trajectories_are_refused() -> None:
    path = swings(2)
    with pytest.raises(UserError, match=r"found the shape \(61, 2, 3, 4\), expected \(points, 3, 3, 4\)"):
        Particles(settings(), path, (0, 1, 2))
    with pytest.raises(UserError, match=r"expected \(points, 2, 4, 4\)"):
        Particles(settings(particles=4), path, (0, 1))
    with pytest.raises(UserError, match=r"horizons: found \[1, 31\], expected from 1 to 30"):
        Particles(settings(horizons=(1, 31)), path, (0, 1))
    path[7, 1, 2, 0] = np.nan
    with pytest.raises(UserError, match="found nan at point 7 of seed 1"):
        Persistence(settings(kind="persistence"), path, (0, 1))
