"""CGNN, CGNN discrete and WCGNN against closed forms, in double precision."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.linalg import expm
from torch import Generator, Tensor

from ctbench.data import load
from ctbench.models import MODELS
from ctbench.models._cgnn import Diffusion
from ctbench.models._sparse import Graph, csr, normalised
from ctbench.spec.errors import UserError
from ctbench.training.node_classification import graph_of

NODES = 14
EXACT = {"cgnn": {"tolerance": 1e-12}, "wcgnn": {"tolerance": 1e-12}, "cgnn_discrete": {}}


def graph() -> Graph:
    rng = np.random.default_rng(0)
    upper = np.triu(rng.random((NODES, NODES)) < 0.25, 1)
    return Graph(sparse.csr_array(rng.random((NODES, 6))), sparse.csr_array((upper | upper.T).astype(float)), classes=3)


def build(name: str, **options: object) -> Diffusion:
    """Two seeds, hidden width 4, alpha and W away from where they start."""
    kind = MODELS[name]
    model = kind(
        kind.Options(**{"hidden": 4, "self_loop": 0.5} | EXACT[name] | options), graph(), generators()
    ).double()
    sign = 1 if options.get("equation", "paper") == "paper" else -1
    N = normalised(graph().adjacency, model.options.self_loop)
    model.matrix = csr(sparse.csr_array(N + sign * sparse.eye_array(NODES)), torch.float64)
    noise = Generator().manual_seed(5)
    with torch.no_grad():
        model.alpha.add_(torch.randn(model.alpha.shape, generator=noise))
        if name == "wcgnn":
            width = model.U.shape[-1]
            model.U.copy_(torch.linalg.qr(torch.randn(2, width, width, generator=noise))[0])
            model.M.copy_(torch.rand(model.M.shape, generator=noise) * 1.2 - 0.1)
    return model


def generators() -> list[Generator]:
    return [Generator().manual_seed(s) for s in (1, 2)]


def states(seed: int = 0, width: int = 4) -> Tensor:
    return torch.randn(2, NODES, width, dtype=torch.float64, generator=Generator().manual_seed(seed))


def operator(model: Diffusion, seed: int) -> np.ndarray:
    """A - I of one seed, from the equations and nothing of the model but alpha."""
    options, identity = model.options, np.eye(NODES)
    N = normalised(graph().adjacency, options.self_loop).toarray()
    half = (model.alpha[seed].sigmoid() / 2).detach().numpy()[:, None]
    return half * (identity + N) - identity if options.equation == "paper" else half * (N - identity)


def exact(L: np.ndarray, F: np.ndarray, start: np.ndarray, source: np.ndarray, time: float) -> np.ndarray:
    """H(time) of dH/dt = L H + H F + E by the exponential of the whole system."""
    n, k = start.shape
    whole = np.kron(L, np.eye(k)) + np.kron(np.eye(n), F.T)
    flow = expm(time * np.block([[whole, np.eye(n * k)], [np.zeros((n * k, 2 * n * k))]]))
    return (flow[: n * k, : n * k] @ start.ravel() + flow[: n * k, n * k :] @ source.ravel()).reshape(n, k)


@pytest.mark.parametrize(
    "name, equation, source",
    [*product(["cgnn", "wcgnn"], ["paper", "released"], ["attached", "none"])],
)
def test_the_flow_equals_its_closed_form(name: str, equation: str, source: str) -> None:
    model, e = build(name, equation=equation, source=source, end_time=7.3), states()
    found = model.flow(e).detach().numpy()
    for seed in range(2):
        F = model.mixing[seed].detach().numpy() if name == "wcgnn" else np.zeros((4, 4))
        fed = e[seed].numpy() * (source == "attached")
        expected = exact(operator(model, seed), F, e[seed].numpy(), fed, 7.3)
        np.testing.assert_allclose(found[seed], expected, rtol=1e-8, atol=1e-10)


def test_without_weight_or_source_it_is_the_exponential() -> None:
    model, e = build("cgnn", source="none", end_time=12.1), states()
    for seed in range(2):
        expected = expm(12.1 * operator(model, seed)) @ e[seed].numpy()
        np.testing.assert_allclose(model.flow(e)[seed].detach().numpy(), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("equation", ["paper", "released"])
def test_the_discrete_state_is_the_sum_of_powers(equation: str) -> None:
    model, e = build("cgnn_discrete", equation=equation, end_time=6.4), states()
    for seed in range(2):
        A = np.eye(NODES) + operator(model, seed)
        expected = sum(np.linalg.matrix_power(A, i) for i in range(7)) @ e[seed].numpy()
        np.testing.assert_allclose(model.flow(e)[seed].detach().numpy(), expected, rtol=1e-10)


@pytest.mark.parametrize(
    "name, method, equation, source",
    [
        *product(["cgnn", "wcgnn"], ["dopri5"], ["paper", "released"], ["attached", "detached"]),
        ("cgnn", "adjoint", "paper", "attached"),
    ],
)
def test_the_exponential_equals_dopri5_in_states_and_gradients(
    name: str, method: str, equation: str, source: str
) -> None:
    found = []
    for chosen in ("exponential", method):
        model, e = build(name, method=chosen, equation=equation, source=source), states().requires_grad_()
        h = model.flow(e)
        (h * states(9)).sum().backward()
        trained = [model.alpha] if name == "cgnn" else [model.alpha, model.U, model.M]
        found.append([h, e.grad, *(p.grad for p in trained)])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)


def test_augmented_dimensions_matter_in_wcgnn_alone() -> None:
    e = torch.nn.functional.pad(states(), (0, 3))
    assert not build("cgnn", augment=3).flow(e)[..., 4:].any()
    assert build("wcgnn", augment=3).flow(e)[..., 4:].abs().max() > 1e-3


def test_no_gradient_leads_into_augmented_dimensions_from_where_training_starts() -> None:
    kind = MODELS["wcgnn"]
    model = kind(kind.Options(hidden=4, augment=3), graph(), generators())
    optimizer = torch.optim.Adam(model.parameters(), weight_decay=5e-4)
    for _ in range(3):
        model.zero_grad()
        model(None).square().sum().backward()
        optimizer.step()
        model.after_step()
    assert not model.mixing[:, :4, 4:].any() and not model.mixing[:, 4:, :4].any()
    assert model.mixing[:, :4, :4].abs().max() > 1e-4


def test_weight_starts_as_the_identity() -> None:
    kind = MODELS["wcgnn"]
    assert not kind(kind.Options(), graph(), generators()).mixing.any()


def test_steps_towards_orthogonality_converge_and_bound_the_weight() -> None:
    model = build("wcgnn")
    with torch.no_grad():
        model.U.add_(0.05 * torch.randn(model.U.shape, generator=Generator().manual_seed(0)))
    model.after_step()
    spectrum = torch.linalg.eigvalsh(model.mixing)
    assert spectrum.min() >= -1 - 1e-12 and spectrum.max() <= 1e-12
    for _ in range(10):
        model.after_step()
    identity = torch.eye(4, dtype=torch.float64).expand(2, 4, 4)
    torch.testing.assert_close(model.U @ model.U.mT, identity, rtol=0, atol=1e-12)


def test_spectra_on_cora() -> None:
    """The released operator has a zero mode for each component and no limit; the paper's is bounded away from zero."""
    try:
        cora = load("cora", Path("data"))
    except UserError:
        pytest.skip("cora is not prepared")
    adjacency = graph_of(cora.arrays, "row_normalised").adjacency
    alpha, identity = 1 / (1 + np.exp(-0.918)), sparse.eye_array(adjacency.shape[0])
    released = (alpha / 2 * (normalised(adjacency, 0.555) - identity)).toarray()
    found = np.linalg.eigvalsh(released)
    np.testing.assert_allclose([found[0], found[-1]], [-0.573, 0.0], atol=1e-3)
    paper = (alpha / 2 * (normalised(adjacency, 0.0) + identity) - identity).toarray()
    found = np.linalg.eigvalsh(paper)
    np.testing.assert_allclose([found[0], found[-1]], [-1.0, -0.285], atol=1e-3)
