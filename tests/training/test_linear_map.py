import numpy as np
import pytest
import torch

from ctbench.training.linear_map import FORMULAS, INVERSES, LinearMap, Settings, gap, least_squares
from ctbench.training.loop import run

A = np.array([[0.0, 1.0, 0.0], [-1.0, -0.1, 0.0], [0.2, 0.0, -0.5]])


def trajectory() -> np.ndarray:
    step = FORMULAS["flow"](torch.from_numpy(A), 0.1).numpy()
    return np.stack([np.linalg.matrix_power(step, n) @ [0.0, 1.0, 1.0] for n in range(60)])


def task(seeds: tuple[int, ...] = (0, 1), **settings: object) -> LinearMap:
    chosen = {"formulas": ("trapezoid",), "spacing": 0.1, "dt": 0.1, "iterations": 250, "batch": 25, **settings}
    return LinearMap(Settings(learning_rate=0.05, **chosen), trajectory(), A, seeds)


@pytest.mark.parametrize("formula", INVERSES)
def test_a_formula_of_its_inverse_is_the_step(formula: str) -> None:
    step = torch.linalg.matrix_exp(0.1 * torch.from_numpy(np.stack([A, 2 * A])))
    torch.testing.assert_close(FORMULAS[formula](INVERSES[formula](step, 0.3), 0.3), step, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("formula, order", [("forward_euler", 1), ("backward_euler", 1), ("trapezoid", 2), ("rk4", 4)])
def test_formulas_have_their_order(formula: str, order: int) -> None:
    L = torch.from_numpy(A)
    errors = [float(gap(FORMULAS[formula](L, dt), torch.linalg.matrix_exp(dt * L))) for dt in (0.2, 0.1)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order + 1, abs=0.15)


def test_least_squares_finds_the_flow() -> None:
    flow = torch.linalg.matrix_exp(0.1 * torch.from_numpy(A))
    assert float(gap(least_squares(torch.from_numpy(trajectory())), flow)) < 1e-12


def test_training_lowers_the_loss_and_seeds_do_not_mix() -> None:
    begun = float(task().final_loss().min())
    together, alone = run(task((0, 5))), run(task((5,)))[0]
    losses = [next(r["value"] for r in x.rows if r["metric"] == "training_loss") for x in (*together, alone)]
    assert max(losses) < begun / 2
    assert losses[1] == pytest.approx(losses[2], rel=1e-9)


def test_the_learning_rate_drops_after_each_milestone() -> None:
    rate = task(milestones=(2, 4), decay=0.5).rate
    assert [rate(i) for i in range(1, 7)] == [0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125]


def test_a_restored_task_goes_on_as_if_nothing_had_been() -> None:
    undisturbed, begun, resumed = task(), task(), task()
    begun.step(0)
    resumed.restore(begun.state())
    for index in range(1, resumed.steps):
        resumed.step(index)
    assert repr(run(undisturbed)) == repr(resumed.results())
