"""Training on the hinge loss: resumed as if never stopped, exact gradients go downhill, samples are fresh."""

import numpy as np
import torch

from ctbench.models._dense import Dense
from ctbench.training.hinge import CHUNK, HingeSettings, HingeTraining, Problem
from ctbench.training.task import generators

SETTINGS = HingeSettings(optimizer="sgd", learning_rate=0.1, iterations=2 * CHUNK)


def problems():
    def line(x):
        return np.where(x[..., 0] >= 0.3, 1.0, -1.0)

    def draw(rng, count):
        return rng.random((count, 1))

    grid = (np.arange(64)[:, None] + 0.5) / 64
    return [
        Problem(float(k), grid, line, lambda init: Dense((1, 8), "tanh", init), draw=draw, after=None) for k in (1, 2)
    ]


def rows(task):
    for index in range(task.steps):
        task.step(index)
    return [result.rows for result in task.results()]


def test_a_resumed_training_ends_as_one_never_stopped():
    whole = rows(HingeTraining(SETTINGS, problems(), (0, 1)))
    for stop in (1, 3):
        first = HingeTraining(SETTINGS, problems(), (0, 1))
        for index in range(stop):
            first.step(index)
        saved = torch.load(_saved(first.state()), weights_only=True)
        second = HingeTraining(SETTINGS, problems(), (0, 1))
        second.restore(saved)
        for index in range(stop, second.steps):
            second.step(index)
        assert [result.rows for result in second.results()] == whole


def _saved(state):
    import io

    content = io.BytesIO()
    torch.save(state, content)
    content.seek(0)
    return content


def test_gradient_descent_lowers_the_loss_and_moves_no_farther_than_its_path():
    for seed in rows(HingeTraining(SETTINGS, problems()[:1], (0, 1, 2))):
        value = {row["metric"]: row["value"] for row in seed}
        assert value["loss_drop"] > 0.1
        assert value["distance_over_path"] <= 1 + 1e-5


def test_a_seed_trains_alone_as_in_company():
    together = rows(HingeTraining(SETTINGS, problems()[:1], (0, 1)))[1]
    alone = rows(HingeTraining(SETTINGS, problems()[:1], (1,)))[0]
    for a, b in zip(together, alone, strict=True):
        assert abs(a["value"] - b["value"]) < 1e-4


def test_samples_are_fresh_and_those_of_their_seed():
    task = HingeTraining(SETTINGS.model_copy(update={"batch": 16}), problems(), (0, 1))
    (first, _), (second, _) = task.batches(0, 2)
    assert first.shape == (2, 16, 1)
    assert not torch.equal(first, second) and not torch.equal(first[0], first[1])


def test_a_tamed_net_stays_below_one():
    net = Dense((1, 16, 16), "relu", generators("init", (0, 1, 2)))
    with torch.no_grad():
        net.weights[-1].mul_(50)
        x = torch.linspace(0, 1, 100)[:, None]
        net.tame(x)
        assert net(x[None]).abs().max() < 1
