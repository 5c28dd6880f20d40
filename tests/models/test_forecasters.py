"""Every model that forecasts by draws: shapes, gradients to every parameter, seeds alone as in company."""

from itertools import pairwise

import pytest
import torch
from torch import Generator

from ctbench.models import MODELS
from ctbench.models._forecast import Forecaster, Frame

FRAME = Frame(torch.roll(torch.eye(3), 1, 0), window=4, steps=5, step=0.5)
ROWS = [
    (name, options)
    for name in MODELS
    if issubclass(MODELS[name], Forecaster)
    for options in ([{}] if name != "latent_dynamics" else [{}, {"stochastic": True}, {"graph": False}])
]


def generators(*seeds: int) -> list[Generator]:
    return [Generator().manual_seed(seed) for seed in seeds]


@pytest.mark.parametrize("name, options", ROWS)
def test_draws_have_their_shape_and_gradients_reach_every_parameter(name: str, options: dict) -> None:
    kind = MODELS[name]
    values, times = torch.rand(2, 6, 4, 3), torch.tensor([-3.0, -1.0, -0.5, 0.0]).expand(2, 6, 4)

    def build(*seeds: int) -> Forecaster:
        return kind(kind.Options(**options), FRAME, generators(*seeds))

    model = build(0, 1)
    draws = model(values, times, 7, generators(2, 3))
    assert draws.shape == (2, 7, 6, 5, 3) and bool(torch.isfinite(draws).all())
    draws.square().sum().backward()
    for parameter in model.parameters():
        assert parameter.shape[0] == 2 and parameter.grad is not None and bool(parameter.grad.any())
    torch.testing.assert_close(build(1)(values[1:], times[1:], 7, generators(3)), draws[1:])


def test_finer_steps_of_the_flow_change_an_ordinary_forecast_by_their_square() -> None:
    kind, found = MODELS["latent_dynamics"], []
    values, times = torch.rand(1, 2, 4, 3).double(), torch.linspace(-3, 0, 4).double().expand(1, 2, 4)
    for substeps in (1, 2, 4, 8):
        model = kind(kind.Options(substeps=substeps), FRAME, generators(0)).double()
        path = model.solved(model.encoder(model.seen(values, times)).chunk(2, -1)[0], generators(1))
        found.append(path[-1])
    gaps = [float((a - b).norm().detach()) for a, b in pairwise(found)]
    assert 3 < gaps[0] / gaps[1] < 5 and 3 < gaps[1] / gaps[2] < 5
