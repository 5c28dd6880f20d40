"""Every registered scheme keeps the rules that somebody's own is held to."""

import pytest

from ctbench.contract import solvers
from ctbench.solvers import SCHEMES


@pytest.mark.parametrize(
    ("name", "rule"),
    [pytest.param(name, rule, id=f"{name}: {rule.says}") for name in SCHEMES for rule in solvers.rules(name)],
)
def test_a_scheme_keeps_the_rules(name: str, rule) -> None:
    assert rule.fault(SCHEMES[name]) == ""
