import pytest

from ctbench.solvers import SCHEMES


@pytest.mark.parametrize("name", SCHEMES.names)
def test_a_scheme_is_named_as_its_file_and_says_its_source(name: str) -> None:
    scheme = SCHEMES[name]
    assert scheme.name == name and scheme.source and scheme.order <= scheme.stages
