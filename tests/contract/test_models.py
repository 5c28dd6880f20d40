"""Every registered model: options are typed and frozen, results are finite, gradients reach every parameter."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy import sparse
from torch import Generator

from ctbench.models import MODELS
from ctbench.models._graph import GraphModel
from ctbench.models._image import ImageModel
from ctbench.models._recurrent import RecurrentModel
from ctbench.models._sparse import Graph


def graph() -> Graph:
    ring = np.roll(np.eye(12), 1, axis=1)
    x = sparse.csr_array(np.random.default_rng(0).random((12, 5)))
    return Graph(x, sparse.csr_array(ring + ring.T), classes=3)


def of_kind(kind: type) -> list[str]:
    return [name for name in MODELS if issubclass(MODELS[name], kind)]


@pytest.mark.parametrize("name", MODELS.names)
def test_options_have_defaults_and_refuse_unknown_keys(name: str) -> None:
    options = MODELS[name].Options()
    with pytest.raises(ValidationError):
        MODELS[name].Options(no_such_key=1)
    with pytest.raises(ValidationError):
        setattr(options, next(iter(type(options).model_fields)), None)


@pytest.mark.parametrize("name", of_kind(GraphModel))
def test_graph_model(name: str) -> None:
    kind = MODELS[name]

    def build(*seeds: int) -> GraphModel:
        return kind(kind.Options(), graph(), [Generator().manual_seed(s) for s in seeds])

    model = build(0, 1)
    logits = model([Generator().manual_seed(s) for s in (0, 1)])
    assert logits.shape == (2, 12, 3) and bool(torch.isfinite(logits).all())
    logits.square().sum().backward()
    for parameter in model.parameters():
        assert parameter.shape[0] == 2 and parameter.grad is not None and bool(torch.isfinite(parameter.grad).all())
    torch.testing.assert_close(model(None)[1:], build(1)(None))


@pytest.mark.parametrize("name", of_kind(RecurrentModel))
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


@pytest.mark.parametrize("name", of_kind(ImageModel))
def test_image_model(name: str) -> None:
    kind = MODELS[name]
    model = kind(kind.Options(width=4, stages=2), 1, 10)
    model.initialise(Generator().manual_seed(0))
    logits = model(torch.randn(6, 1, 8, 8))
    assert logits.shape == (6, 10) and bool(torch.isfinite(logits).all())
    logits.square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for n, p in model.named_parameters() if "bias" not in n)


@pytest.mark.parametrize("name", of_kind(ImageModel))
def test_image_model_is_a_function_of_its_generator(name: str) -> None:
    kind, found = MODELS[name], []
    for noise in (1, 2):
        torch.manual_seed(noise)
        model = kind(kind.Options(width=4, stages=2), 1, 10)
        model.initialise(Generator().manual_seed(0))
        found.append(torch.cat([p.flatten() for p in model.parameters()]))
    torch.testing.assert_close(found[0], found[1], rtol=0, atol=0)
