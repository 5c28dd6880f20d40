"""What a model must keep."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError
from scipy import sparse
from torch import Generator, Tensor, nn
from torch.nn.functional import cross_entropy

from ctbench.contract import Rule, expect
from ctbench.models._graph import GraphModel
from ctbench.models._image import ImageModel
from ctbench.models._sparse import Graph
from ctbench.spec.errors import UserError
from ctbench.spec.frozen import Frozen

CLASSES, NODES, LESSONS = 3, 12, 15
LABELS = torch.arange(NODES) * CLASSES // NODES
IMAGES, SIDE, DIGITS = 6, 8, 10


def rules(kind: Any) -> tuple[Rule, ...]:
    """Those of a graph model or of an image model."""
    if isinstance(kind, type) and issubclass(kind, GraphModel):
        return (*OPTIONS, *GRAPH)
    if isinstance(kind, type) and issubclass(kind, ImageModel):
        return (*OPTIONS, *IMAGE)
    return (Rule("it is a GraphModel or an ImageModel", lambda kind: expect(False, f"found {kind!r}, neither")),)


def ring() -> Graph:
    """A small graph in which neighbours tend to be of one class, and features tell a little about it."""
    path = np.roll(np.eye(NODES), 1, axis=1)
    hints = np.eye(CLASSES)[LABELS] * 0.5
    features = np.hstack([np.random.default_rng(0).random((NODES, 5)), hints])
    return Graph(sparse.csr_array(features), sparse.csr_array(path + path.T), classes=CLASSES)


def drawn(*seeds: int) -> list[Generator]:
    """A generator for each seed."""
    return [Generator().manual_seed(seed) for seed in seeds]


def graph_model(kind: type[GraphModel], *seeds: int) -> GraphModel:
    """A model of the small graph."""
    return kind(kind.Options(), ring(), drawn(*seeds))


def image_model(kind: type[ImageModel], seed: int = 0) -> ImageModel:
    """A small model of pictures of 8 x 8 pixels."""
    model = kind(kind.Options.model_validate({"width": 4, "stages": 2}), 1, DIGITS)
    model.initialise(Generator().manual_seed(seed))
    return model


def pictures() -> Tensor:
    """A batch of noise."""
    return torch.randn(IMAGES, 1, SIDE, SIDE, generator=Generator().manual_seed(1))


def _options(kind: Any) -> None:
    expect(issubclass(kind.Options, Frozen), f"Options: found {kind.Options!r}, expected a subclass of Frozen")
    options = kind.Options()
    try:
        kind.Options.model_validate({"no_such_key": 1})
    except ValidationError:
        pass
    else:
        expect(False, "Options: takes a key that it does not know")
    try:
        setattr(options, next(iter(kind.Options.model_fields), "any"), None)
    except ValidationError:
        return
    expect(False, "Options: can be changed once made, expected a frozen class")


def _logits(kind: type[GraphModel]) -> None:
    logits = graph_model(kind, 0, 1)(drawn(0, 1))
    _shape(logits, (2, NODES, CLASSES))


def _shape(logits: Tensor, expected: tuple[int, ...]) -> None:
    expect(tuple(logits.shape) == expected, f"logits: found shape {tuple(logits.shape)}, expected {expected}")
    expect(torch.isfinite(logits).all(), "logits: some are not finite")


def _gradients(kind: type[GraphModel]) -> None:
    model = graph_model(kind, 0, 1)
    model(drawn(0, 1)).square().sum().backward()
    for name, parameter in model.named_parameters():
        found = tuple(parameter.shape)
        expect(found[:1] == (2,), f"{name}: found shape {found}, expected the two seeds along its first axis")
        _reached(name, parameter)


def _reached(name: str, parameter: nn.Parameter) -> None:
    expect(parameter.grad is not None, f"{name}: no gradient reaches it")
    expect(parameter.grad is None or torch.isfinite(parameter.grad).all(), f"{name}: its gradient is not finite")


def _same_weights(build: Any) -> None:
    found = []
    for noise in (1, 2):
        torch.manual_seed(noise)
        found.append(build().state_dict())
    different = [name for name in found[0] if not torch.equal(*(_dense(state[name]) for state in found))]
    expect(not different, f"{', '.join(different)}: drawn from elsewhere than the generators given")


def _dense(tensor: Tensor) -> Tensor:
    return tensor if tensor.layout == torch.strided else tensor.to_dense()


def _company(kind: type[GraphModel]) -> None:
    together, alone = graph_model(kind, 0, 1), graph_model(kind, 1)
    for words, dropout in (("in training", drawn), ("in evaluation", lambda *_: None)):
        both, one = together(dropout(0, 1))[1:].detach(), alone(dropout(1)).detach()
        expect(
            torch.allclose(both, one, rtol=1e-4, atol=1e-5),
            f"{words}: logits differ by {float((both - one).abs().max()):.2g} between a seed in company and alone",
        )


def _evaluation(kind: type[GraphModel]) -> None:
    model, found = graph_model(kind, 0).eval(), []
    for noise in (1, 2):
        torch.manual_seed(noise)
        found.append(model(None))
    expect(torch.equal(*found), "two evaluations of the same weights differ")


def _learns(kind: type[GraphModel]) -> None:
    model = graph_model(kind, 0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)

    @torch.no_grad()
    def loss() -> float:
        return float(cross_entropy(model(None)[0], LABELS))

    before = loss()
    for _ in range(LESSONS):
        optimizer.zero_grad()
        cross_entropy(model(None)[0], LABELS).backward()
        optimizer.step()
        model.after_step()
    expect(
        loss() < 0.9 * before,
        f"loss on a ring of {NODES} nodes: {before:.3f} before, {loss():.3f} after {LESSONS} steps",
    )


def _restored(first: nn.Module, second: nn.Module, run: Any) -> None:
    second.load_state_dict(first.state_dict())
    expect(torch.equal(run(first.eval()), run(second.eval())), "logits differ once the weights were saved and loaded")


def _image_gradients(kind: type[ImageModel]) -> None:
    model = image_model(kind)
    model(pictures()).square().sum().backward()
    for name, parameter in model.named_parameters():
        _reached(name, parameter)


def _manifestation(kind: type[ImageModel]) -> None:
    model = image_model(kind).eval()
    before = model(pictures())
    model.manifest(*model.manifestation)
    expect(torch.equal(before, model(pictures())), "manifest(*manifestation) changes the logits")
    for scheme, steps, error in (("no such scheme", 1, UserError), (model.manifestation[0], 0, ValueError)):
        try:
            model.manifest(scheme, steps)
        except error:
            continue
        expect(False, f"manifest({scheme!r}, {steps}): accepted, expected {error.__name__}")


OPTIONS = (Rule("its options are typed, have defaults, and refuse what they do not know", _options),)
GRAPH = (
    Rule("logits are finite, [seeds, nodes, classes]", _logits),
    Rule("parameters have a leading seed axis, and a finite gradient reaches each", _gradients),
    Rule("weights come from the generators given alone", lambda kind: _same_weights(partial(graph_model, kind, 0, 1))),
    Rule("a seed alone gives what it gives in company", _company),
    Rule("evaluation has no randomness", _evaluation),
    Rule("it learns a small graph by heart", _learns),
    Rule(
        "its weights can be saved and loaded",
        lambda kind: _restored(graph_model(kind, 0), graph_model(kind, 7), lambda model: model(None)),
    ),
)
IMAGE = (
    Rule("logits are finite, [batch, classes]", lambda kind: _shape(image_model(kind)(pictures()), (IMAGES, DIGITS))),
    Rule("a finite gradient reaches each parameter", _image_gradients),
    Rule("weights come from the generator given alone", lambda kind: _same_weights(partial(image_model, kind))),
    Rule("it can be evaluated under another scheme and number of steps", _manifestation),
    Rule(
        "its weights can be saved and loaded",
        lambda kind: _restored(image_model(kind), image_model(kind, 7), lambda model: model(pictures())),
    ),
)
