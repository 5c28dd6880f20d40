"""Every registered model keeps the rules that somebody's own is held to."""

from collections.abc import Iterator

import pytest
import torch
from torch import Generator

from ctbench.contract import Rule, models
from ctbench.models import MODELS
from ctbench.models._graph import GraphModel
from ctbench.models._image import ImageModel
from ctbench.models._recurrent import RecurrentModel


def kept() -> Iterator[tuple[str, Rule]]:
    """Models of neither kind belong to one experiment, whose tests test them; their options are like all others."""
    for name in MODELS:
        both = issubclass(MODELS[name], GraphModel | ImageModel)
        yield from ((name, rule) for rule in (models.rules(MODELS[name]) if both else models.OPTIONS))


@pytest.mark.parametrize(("name", "rule"), [pytest.param(*case, id=f"{case[0]}: {case[1].says}") for case in kept()])
def test_a_model_keeps_the_rules(name: str, rule: Rule) -> None:
    assert rule.fault(MODELS[name]) == ""


@pytest.mark.parametrize("name", [name for name in MODELS if issubclass(MODELS[name], RecurrentModel)])
def test_recurrent_model(name: str) -> None:
    kind = MODELS[name]
    x, times = torch.randn(2, 4, 3, 12, 3), torch.rand(2, 4, 4).cumsum(-1)

    def build(*seeds: int) -> RecurrentModel:
        return kind(kind.Options(hidden=6), torch.eye(12) / 2 + 1 / 24, [Generator().manual_seed(s) for s in seeds])

    model = build(0, 1)
    found = model(x, times)
    assert found.shape == (2, 4, 12) and bool(torch.isfinite(found).all())
    found.square().sum().backward()
    for parameter in model.parameters():
        assert parameter.shape[0] == 2 and parameter.grad is not None and bool(parameter.grad.any())
    torch.testing.assert_close(found[1:], build(1)(x[1:], times[1:]))
