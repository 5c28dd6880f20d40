import numpy as np
import pytest
import torch

from ctbench.papers.continuousnet.pendulum import exact
from ctbench.solvers.fixed import Stage
from ctbench.training.loop import run
from ctbench.training.vector_field import Settings, VectorField


def task(seeds: tuple[int, ...] = (0, 1), **settings: object) -> VectorField:
    chosen = Settings(scheme="rk4_38", spacing=0.1, duration=10, test_steps=(20, 40), **{"iterations": 300, **settings})
    path = exact(0.1 * np.arange(101))
    return VectorField(chosen, path, exact(np.array(0.0)), exact(np.array(2.0)), seeds)


def test_the_true_field_has_the_loss_and_error_of_the_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    """RK4 with step 0.1 on the pendulum itself errs by about 1.9e-3 at t = 2 (known value at step 0.105)."""

    def truth(self: VectorField, stage: Stage, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x[..., 1], -9.81 * torch.sin(x[..., 0])], dim=-1)

    monkeypatch.setattr(VectorField, "field", truth)
    known = task()
    known.test("rk4_38", 20)
    known.test("rk4_38", 40)
    assert known.errors[0][0] == pytest.approx(1.6e-3, rel=0.3)
    assert known.errors[0][0] / known.errors[1][0] > 10
    assert float(known.final_loss().max()) < 1e-6


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
