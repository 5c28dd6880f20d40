"""GRU, GCGRU and GCDE-GRU against their equations written out, one sequence after another."""

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import Generator, Tensor

from ctbench.models import MODELS
from ctbench.models._recurrent import RecurrentModel

NODES, HIDDEN = 4, 5
RING = torch.eye(NODES).roll(1, 0)
L = (torch.eye(NODES) + RING + RING.T) / 3
X = torch.randn(2, 3, 4, NODES, 3, generator=Generator().manual_seed(0)).double()
TIMES = torch.rand(2, 3, 5, generator=Generator().manual_seed(1)).cumsum(-1).double()


def build(name: str, **options: object) -> RecurrentModel:
    kind, init = MODELS[name], [Generator().manual_seed(s) for s in (0, 1)]
    return kind(kind.Options(hidden=HIDDEN, **options), L, init).double()


def weights(model: RecurrentModel, seed: int) -> dict[str, np.ndarray]:
    return {name: p[seed].detach().numpy() for name, p in model.named_parameters()}


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def jumped(w: dict[str, np.ndarray], M: np.ndarray, x: np.ndarray, h: np.ndarray) -> np.ndarray:
    xz, xr = np.split(M @ x @ w["cell.gates_in.weight"] + w["cell.gates_in.bias"], 2, axis=-1)
    xh = M @ x @ w["cell.candidate_in.weight"] + w["cell.candidate_in.bias"]
    hz, hr = np.split(M @ h @ w["cell.gates"], 2, axis=-1)
    z, r = sigmoid(xz + hz), sigmoid(xr + hr)
    return z * h + (1 - z) * np.tanh(xh + M @ (r * h) @ w["cell.candidate"])


def read(w: dict[str, np.ndarray], h: np.ndarray) -> np.ndarray:
    inner = np.maximum(h @ w["output.first.weight"] + w["output.first.bias"], 0)
    return (inner @ w["output.last.weight"] + w["output.last.bias"]).ravel()


def flowed(w: dict[str, np.ndarray], h: np.ndarray, gap: float) -> np.ndarray:
    def slope(t: float, y: np.ndarray) -> np.ndarray:
        inner = np.tanh(M @ y.reshape(h.shape) @ w["first.weight"] + w["first.bias"])
        return (M @ inner @ w["second.weight"] + w["second.bias"]).ravel()

    M = L.numpy()
    return solve_ivp(slope, (0, gap), h.ravel(), rtol=1e-11, atol=1e-12).y[:, -1].reshape(h.shape)


def each(model: RecurrentModel, graph: bool, flow: bool) -> np.ndarray:
    found = np.empty((2, 3, NODES))
    for s, b in np.ndindex(2, 3):
        w, x, t = weights(model, s), X[s, b].numpy(), TIMES[s, b].numpy()
        M, h = (L.numpy(), np.zeros((NODES, HIDDEN))) if graph else (np.eye(1), np.zeros((1, HIDDEN)))
        for k in range(4):
            inputs = x[k] if graph else np.concatenate([x[k, :, 0], x[k, 0, 1:]])[None]
            h = jumped(w, M, inputs, h)
            h = flowed(w, h, t[k + 1] - t[k]) if flow else h
        found[s, b] = read(w, h)
    return found


@pytest.mark.parametrize(
    "name, options, graph, flow",
    [
        ("gru", {}, False, False),
        ("gcgru", {}, True, False),
        ("gcde_gru", {"method": "dopri5", "rtol": 1e-9, "atol": 1e-10}, True, True),
        ("gcde_gru", {"method": "fixed", "steps": 40}, True, True),
    ],
)
def test_a_batch_gives_what_the_equations_give_one_by_one(
    name: str, options: dict[str, object], graph: bool, flow: bool
) -> None:
    model = build(name, **options)
    np.testing.assert_allclose(model(X, TIMES).detach().numpy(), each(model, graph, flow), rtol=1e-6, atol=1e-7)


def test_without_a_field_gcde_gru_is_gcgru() -> None:
    continuous, discrete = build("gcde_gru"), build("gcgru")
    with torch.no_grad():
        for part in (continuous.second.weight, continuous.second.bias):
            part.zero_()
    discrete.load_state_dict({name: w for name, w in continuous.state_dict().items() if name.split(".")[0] in KEPT})
    torch.testing.assert_close(continuous(X, TIMES), discrete(X, TIMES))


KEPT = ("cell", "output")


def test_only_the_flow_sees_the_times() -> None:
    later = TIMES + torch.arange(5.0)
    for name in ("gru", "gcgru"):
        model = build(name)
        torch.testing.assert_close(model(X, later), model(X, TIMES), rtol=0, atol=0)
    assert not torch.allclose(build("gcde_gru")(X, later), build("gcde_gru")(X, TIMES))


def test_gradients_of_a_batch_are_those_of_finite_differences() -> None:
    model = build("gcde_gru", method="fixed")
    weight = model.get_parameter("first.weight")

    def loss() -> Tensor:
        return model(X, TIMES).square().sum()

    (gradient,) = torch.autograd.grad(loss(), weight)
    with torch.no_grad():
        weight[1, 2, 3] += 1e-6
        above = loss()
        weight[1, 2, 3] -= 2e-6
        below = loss()
    assert float(gradient[1, 2, 3]) == pytest.approx(float(above - below) / 2e-6, rel=1e-5)
