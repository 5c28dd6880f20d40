from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ctbench.solvers import SCHEMES
from ctbench.training.image_classification import ImageClassification, Settings
from ctbench.training.loop import run
from ctbench.training.sweeps import (
    AdjointGradient,
    AdjointSettings,
    FewerUnits,
    FewerUnitsSettings,
    Manifestation,
    ManifestationSettings,
    Trained,
    TrainingTime,
    TrainingTimeSettings,
)
from ctbench.training.task import Row, measured

Arrays = dict[str, np.ndarray]
TINY: dict[str, Any] = {"width": 4, "stages": 1}
ZERO: dict[str, Any] = {**TINY, "skip_init": True, "norm": False}


def settings(**changes: Any) -> Settings:
    """A recipe of few epochs; `options` are the tiny net's unless given."""
    recipe = {"model": "continuousnet", "options": TINY, "epochs": 3, "batch": 16, "augment": "none"}
    return Settings(**{**recipe, **changes})


def untrained(toy: Arrays, **changes: Any) -> Trained:
    """A net as it begins, in the place of a trained one."""
    chosen = settings(**changes)
    return Trained(chosen, ImageClassification(chosen, toy, seed=3).network.state_dict(), toy, seed=3)


def manifested(trained: Trained, **points: Any) -> Manifestation:
    return Manifestation(ManifestationSettings(**points), trained)


def by_place(rows: list[Row], metric: str) -> dict[tuple[str, int], float]:
    return {(row["solver"], row["steps"]): row["value"] for row in rows if row["metric"] == metric}


def alone(rows: list[Row], metric: str) -> list[float]:
    return [row["value"] for row in rows if row["metric"] == metric]


@pytest.mark.parametrize(
    "changes",
    [
        {"options": {**TINY, "scheme": "rk4_classic", "bases": 2}},
        {"options": {**TINY, "scheme": "midpoint", "bases": 2, "steps": 3}},
        {"options": {**TINY, "scheme": "midpoint"}, "refine": (0.5,)},
        {"model": "resnet"},
    ],
)
def test_a_trained_net_under_its_own_scheme_and_steps_loses_nothing(toy: Arrays, changes: dict[str, Any]) -> None:
    chosen = settings(**changes)
    task = ImageClassification(chosen, toy, seed=3)
    [result] = run(task)
    rows = run(manifested(Trained(chosen, result.weights, toy, 3), steps=(5,)))[0].rows
    assert by_place(rows, "test_accuracy")[task.network.manifestation] == alone(result.rows, "test_accuracy")[0]
    assert by_place(rows, "accuracy_drop")[task.network.manifestation] == 0
    assert len(by_place(rows, "accuracy_drop")) == 4 * 3


@pytest.mark.parametrize("bases", [1, 4])
def test_a_net_without_a_field_is_the_same_under_all_schemes(toy: Arrays, bases: int) -> None:
    trained = untrained(toy, options={**ZERO, "bases": bases})
    rows = run(manifested(trained, steps=(1, 2, 7)))[0].rows
    assert set(by_place(rows, "accuracy_drop").values()) == {0}
    assert alone(rows, "critical_step") == [bases] and alone(rows, "better_solver_drop") == [0]


def concluded(toy: Arrays, own: dict[int, float], better: dict[int, float], scheme: str = "euler") -> list[Row]:
    """Conclusions of a net trained to 80 % with four Euler steps."""
    sweep = manifested(untrained(toy, options={**TINY, "bases": 4}), schemes=(scheme, "rk4_38"))
    sweep.accuracy = 80.0
    for name, values in ((scheme, own), ("rk4_38", better)):
        sweep.rows += [measured("test_accuracy", value, "%", solver=name, steps=n) for n, value in values.items()]
    return sweep.conclusions()


@pytest.mark.parametrize(
    "own, step",
    [
        ({1: 75, 2: 75, 4: 75, 16: 75}, 4),
        ({1: 60, 2: 74.6, 4: 75.4, 16: 75}, 2),
        ({16: 75, 4: 74.4, 2: 75, 1: 75}, 0.25),
        ({1: 75, 2: 75, 4: 80, 16: 75.1}, 0.25),
        ({1: 75, 2: 75, 4: 80, 16: 75.6}, 0),
        ({4: 80, 16: float("nan")}, 0),
    ],
)
def test_the_critical_step_ends_where_accuracy_changes(toy: Arrays, own: dict[int, float], step: float) -> None:
    rows = concluded(toy, own, better={1: 20.0, 16: 75.0, 4: 70.0})
    assert alone(rows, "critical_step") == [step] and alone(rows, "better_solver_drop") == [5]


def test_there_is_no_critical_step_of_another_scheme(toy: Arrays) -> None:
    rows = concluded(toy, {1: 75.0}, {16: 81.0}, scheme="midpoint")
    assert alone(rows, "critical_step") == [] and alone(rows, "better_solver_drop") == [-1]


def test_the_best_scheme_at_four_times_the_steps_tells_the_truth(toy: Arrays) -> None:
    assert alone(concluded(toy, {4: 80.0, 16: 10.0}, {1: 0.0, 16: 30.0, 20: 0.0}), "better_solver_drop") == [50]


def test_the_stage_rule_asked_for_reaches_the_net(toy: Arrays) -> None:
    trained = untrained(toy, options={**TINY, "scheme": "rk4_classic", "bases": 2})
    images = trained.test.standardised(trained.test.pixels)
    ours, released = (manifested(trained, stage_rule=rule).network(images) for rule in ("interval", "as_released"))
    torch.testing.assert_close(ours, trained.network()(images), rtol=0, atol=0)
    assert not torch.equal(released, ours)


def test_where_none_is_asked_for_the_stage_rule_is_that_of_the_training(toy: Arrays) -> None:
    options = {**TINY, "scheme": "rk4_classic", "bases": 2, "stage_rule": "as_released"}
    trained = untrained(toy, options=options)
    images = trained.test.standardised(trained.test.pixels)
    torch.testing.assert_close(manifested(trained).network(images), trained.network()(images), rtol=0, atol=0)


@pytest.mark.parametrize("scheme", ["euler", "rk4_classic"])
def test_all_units_lose_nothing_and_fewer_have_fewer_parameters(toy: Arrays, scheme: str) -> None:
    trained = untrained(toy, options={**TINY, "scheme": scheme, "bases": 4})
    rows = run(FewerUnits(FewerUnitsSettings(units=(1, 2, 3, 4, 6)), trained))[0].rows
    for metric in ("fewer_steps_drop", "projected_drop"):
        drops = by_place(rows, metric)
        assert [n for _, n in drops] == [1, 2, 3, 4] and drops[scheme, 4] == 0
    sizes = [by_place(rows, "projected_parameters")[scheme, n] for n in (1, 2, 3, 4)]
    assert sizes[-1] == sum(p.numel() for p in trained.network().parameters())
    assert len(set(np.diff(sizes))) == 1


def test_of_equal_units_the_projection_is_each_of_them(toy: Arrays) -> None:
    """With theta constant both ways of dropping units are one: fewer steps of the same field."""
    grown = untrained(toy).continuous()
    grown.project(4)
    trained = Trained(settings(refine=(0.3, 0.6)), grown.state_dict(), toy, seed=3)
    rows = run(FewerUnits(FewerUnitsSettings(units=(1, 2, 4)), trained))[0].rows
    assert by_place(rows, "projected_accuracy") == by_place(rows, "fewer_steps_accuracy")


def adjoint(toy: Arrays, schemes: tuple[str, ...], steps: tuple[int, ...], **options: Any) -> AdjointGradient:
    """A sweep of a net without kinks."""
    trained = untrained(toy, options={**TINY, **options})
    sweep = AdjointGradient(AdjointSettings(schemes=schemes, steps=steps, images=8), trained)
    for module in sweep.network.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU):
                setattr(module, name, nn.Softplus())
    return sweep


@pytest.mark.parametrize("bases", [1, 2])
@pytest.mark.parametrize("scheme", ["euler", "midpoint", "rk4_classic"])
def test_the_adjoint_gradient_converges_with_the_order_of_the_scheme(toy: Arrays, scheme: str, bases: int) -> None:
    steps = (8, 16, 32)
    rows = run(adjoint(toy, (scheme,), steps, bases=bases))[0].rows
    slope = np.polyfit(-np.log(steps), np.log(list(by_place(rows, "gradient_difference").values())), 1)[0]
    assert slope == pytest.approx(SCHEMES[scheme].order, abs=0.3)


def test_at_the_steps_of_the_training_both_differences_are_one(toy: Arrays) -> None:
    rows = run(adjoint(toy, ("euler", "midpoint"), (2, 3), bases=2, scheme="midpoint"))[0].rows
    between, native = (by_place(rows, metric) for metric in ("gradient_difference", "difference_to_trained"))
    assert [place for place in between if between[place] == native[place]] == [("euler", 2), ("midpoint", 2)]


@pytest.mark.parametrize("scheme", ["euler", "rk4_classic"])
def test_memory_of_the_adjoint_is_flat_and_of_backpropagation_linear_in_steps(toy: Arrays, scheme: str) -> None:
    rows = run(adjoint(toy, (scheme,), (1, 2, 3, 4)))[0].rows
    flat, linear = (list(by_place(rows, f"saved_memory_{way}").values()) for way in ("adjoint", "backpropagation"))
    assert len(set(flat)) == 1 and flat[0] < linear[0]
    growth = np.diff(linear)
    np.testing.assert_allclose(growth, growth[0], rtol=1e-9)
    assert growth[0] > 0


def test_time_of_a_growing_net_is_put_together_from_its_depths(toy: Arrays) -> None:
    """Six epochs, two at each of K = 1, 2, 4, that take 1, 2 and 4 seconds a batch: (1 + 2 + 4) / (3 * 4)."""
    grown = untrained(toy).continuous()
    grown.project(4)
    trained = Trained(settings(epochs=6, refine=(1 / 3, 2 / 3)), grown.state_dict(), toy, seed=3)
    sweep = TrainingTime(TrainingTimeSettings(batches=1, repeats=3), trained)
    assert sweep.depths == [1, 2, 4] and sweep.epochs == [2, 2, 2]
    sweep.seconds = [[1.0, 2.0, 4.0], [1.0, 2.0, 4.0], [9.0, 9.0, 9.0]]
    [result] = sweep.results()
    assert alone(result.timings, "time_ratio") == [pytest.approx(7 / 12)]


def test_deeper_batches_take_longer(toy: Arrays) -> None:
    grown = untrained(toy, options={**TINY, "scheme": "rk4_classic"}).continuous()
    grown.project(16)
    chosen = settings(epochs=6, options={**TINY, "scheme": "rk4_classic"}, refine=(0.2, 0.4, 0.6, 0.8))
    rows = run(TrainingTime(TrainingTimeSettings(batches=1, repeats=3), Trained(chosen, grown.state_dict(), toy, 3)))
    assert alone(rows[0].timings, "time_ratio")[0] < 1
