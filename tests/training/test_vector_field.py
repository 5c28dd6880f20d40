import numpy as np
import pytest
import torch

from ctbench.papers.continuousnet._pendulum import exact
from ctbench.solvers.fixed import Stage
from ctbench.training.loop import run
from ctbench.training.vector_field import Settings, VectorField, critical_step


def task(seeds: tuple[int, ...] = (0, 1), **settings: object) -> VectorField:
    common = {"scheme": "rk4_38", "spacing": 0.1, "duration": 10, "test_steps": (20, 40), "iterations": 300}
    chosen = Settings(**{**common, **settings})
    path = exact(0.1 * np.arange(101))
    return VectorField(chosen, path, exact(np.array(0.0)), exact(np.array(2.0)), seeds)


@pytest.fixture
def truth(monkeypatch: pytest.MonkeyPatch) -> None:
    def field(self: VectorField, stage: Stage, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x[..., 1], -9.81 * torch.sin(x[..., 0])], dim=-1)

    monkeypatch.setattr(VectorField, "field", field)


def test_the_true_field_has_the_loss_and_error_of_the_scheme(truth: None) -> None:
    """RK4 with step 0.1 on the pendulum itself errs by about 1.9e-3 at t = 2 (known value at step 0.105)."""
    known = task()
    known.test("rk4_38", 20)
    known.test("rk4_38", 40)
    assert known.errors[0][0] == pytest.approx(1.6e-3, rel=0.3)
    assert known.errors[0][0] / known.errors[1][0] > 10
    assert float(known.final_loss().max()) < 1e-6


def test_a_rollout_takes_training_steps_and_finds_the_largest_error(truth: None) -> None:
    known = task()
    known.test("rk4_38", 20)
    assert known.errors[0][0] < float(known.rollout_error()[0]) < 0.1
    assert float(task(scheme="euler").rollout_error()[0]) > 10


@pytest.mark.parametrize("loss, expected", [("mse", (0.3**2 + 0.1**2) / 2), ("l1", 0.2)])
def test_the_loss_is_the_one_asked_for(loss: str, expected: float, monkeypatch: pytest.MonkeyPatch) -> None:
    short = task(loss=loss)
    monkeypatch.setattr(short, "advance", lambda x: x + torch.tensor([0.3, -0.1]))
    short.trajectory = torch.zeros(5, 2, dtype=torch.float64)
    assert short.final_loss().tolist() == pytest.approx([expected] * 2)


@pytest.mark.parametrize("scheme, part", [("map", 0.0), ("residual", 1.0)])
def test_a_map_gives_the_next_state_itself(scheme: str, part: float) -> None:
    plain = task(scheme=scheme, test_schemes=(), iterations=10)
    x = plain.trajectory[:3].expand(2, -1, -1)
    scale = 0.1 if scheme == "residual" else 1.0
    torch.testing.assert_close(plain.advance(x), part * x + scale * plain.network(x))
    rows = run(plain)[0].rows
    tested = [row for row in rows if row["metric"] == "error_at_2"]
    assert [(row["x"], row["steps"], row.get("solver")) for row in tested] == [(0.1, 20, None)]
    assert {row["metric"] for row in rows} == {"training_loss", "rollout_error_10", "error_at_2"}


def test_the_spacing_of_a_map_must_meet_the_horizon() -> None:
    with pytest.raises(ValueError, match="multiple"):
        task(scheme="map", spacing=0.3)


@pytest.mark.parametrize(
    "errors, step",
    [
        ({0.1: 1.0, 0.2: 1.1, 0.4: 1.9, 1.0: 2.1}, 0.4),
        ({0.4: 0.01, 0.2: 1.1, 0.1: 1.0, 1.0: 2.1}, 0.2),
        ({0.1: 1.0, 0.2: 2.1, 0.4: 1.0}, 0.0),
        ({0.1: 1.0, 0.2: float("nan")}, 0.0),
        ({0.1: 1.0}, 0.0),
    ],
)
def test_the_critical_step_ends_where_errors_change(errors: dict[float, float], step: float) -> None:
    assert critical_step(errors) == step


def test_nets_with_a_scheme_have_a_critical_step() -> None:
    metrics = [row["metric"] for row in run(task(iterations=10))[0].rows]
    assert metrics.count("critical_step") == 1
    elsewhere = run(task(iterations=10, test_schemes=("euler",)))[0].rows
    assert "critical_step" not in {row["metric"] for row in elsewhere}


def test_training_lowers_the_loss_and_seeds_do_not_mix() -> None:
    begun = float(task().final_loss().mean())
    together = run(task((0, 5), learning_rate=1e-2))
    alone = run(task((5,), learning_rate=1e-2))[0]
    losses = [next(r["value"] for r in result.rows if r["metric"] == "training_loss") for result in (*together, alone)]
    assert max(losses) < begun / 2
    assert losses[1] == pytest.approx(losses[2], rel=1e-9)


def test_steps_of_the_test_are_named_by_their_length() -> None:
    rows = run(task(iterations=10))[0].rows
    assert {(r["solver"], r["steps"], r["x"]) for r in rows if r["metric"] == "error_at_2"} == {
        (scheme, steps, 2 / steps) for scheme in ("euler", "midpoint", "rk4_38") for steps in (20, 40)
    }
