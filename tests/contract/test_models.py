"""Every registered model keeps the rules that somebody's own is held to."""

from collections.abc import Iterator

import pytest

from ctbench.contract import Rule, models
from ctbench.models import MODELS
from ctbench.models._graph import GraphModel
from ctbench.models._image import ImageModel


def kept() -> Iterator[tuple[str, Rule]]:
    """Models of neither kind belong to one experiment, whose tests test them; their options are like all others."""
    for name in MODELS:
        both = issubclass(MODELS[name], GraphModel | ImageModel)
        yield from ((name, rule) for rule in (models.rules(MODELS[name]) if both else models.OPTIONS))


@pytest.mark.parametrize(("name", "rule"), [pytest.param(*case, id=f"{case[0]}: {case[1].says}") for case in kept()])
def test_a_model_keeps_the_rules(name: str, rule: Rule) -> None:
    assert rule.fault(MODELS[name]) == ""
