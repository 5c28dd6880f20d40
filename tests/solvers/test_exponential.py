import numpy as np
import pytest
import torch
from scipy.linalg import expm

from ctbench.solvers.exponential import diffusion_flow, expansion


def ring_with_chords(n: int = 12) -> np.ndarray:
    """Symmetrically normalised adjacency with eigenvalues in [-1, 1]."""
    adjacency = np.zeros((n, n))
    for i in range(n):
        for j in ((i + 1) % n, (i * i + 3) % n):
            if i != j:
                adjacency[i, j] = adjacency[j, i] = 1
    scale = 1 / np.sqrt(adjacency.sum(1))
    return scale[:, None] * adjacency * scale


def exact(operator: np.ndarray, h0: np.ndarray, e: np.ndarray, time: float) -> np.ndarray:
    n = len(operator)
    augmented = np.block([[operator, np.eye(n)], [np.zeros((n, 2 * n))]])
    flow = expm(time * augmented)
    return flow[:n, :n] @ h0 + flow[:n, n:] @ e


@pytest.mark.parametrize("sign, shift", [(1.0, 1.0), (-1.0, 0.0)], ids=["paper", "released"])
@pytest.mark.parametrize("time", [0.3, 3.0, 12.1, 23.9])
def test_flow_equals_matrix_exponential(sign: float, shift: float, time: float) -> None:
    rng = np.random.default_rng(0)
    matrix = ring_with_chords() + sign * np.eye(12)
    rate, h0, e = rng.uniform(0.2, 0.5, (12, 2, 1)), rng.normal(size=(12, 2, 3)), rng.normal(size=(12, 2, 3))
    sparse = torch.tensor(matrix).to_sparse_csr()
    arguments = [torch.tensor(x) for x in (rate, h0, e)]
    found = diffusion_flow(sparse, *arguments, shift=shift, time=time, tolerance=1e-13).numpy()
    for seed in range(2):
        expected = exact(rate[:, seed] * matrix - shift * np.eye(12), h0[:, seed], e[:, seed], time)
        np.testing.assert_allclose(found[:, seed], expected, rtol=1e-10, atol=1e-10)


def test_gradients_equal_finite_differences() -> None:
    rng = np.random.default_rng(1)
    sparse = torch.tensor(ring_with_chords() + np.eye(12)).to_sparse_csr()
    inputs = [torch.tensor(rng.uniform(0.2, 0.5, (12, 2, 1)), requires_grad=True)]
    inputs += [torch.tensor(rng.normal(size=(12, 2, 2)), requires_grad=True) for _ in range(2)]

    def flow(rate: torch.Tensor, h0: torch.Tensor, e: torch.Tensor) -> torch.Tensor:
        return diffusion_flow(sparse, rate, h0, e, shift=1.0, time=2.0, tolerance=1e-13)

    assert torch.autograd.gradcheck(flow, inputs)


def test_expansion_is_short_and_refuses_nonsense() -> None:
    assert expansion(12.1, -1.0, 0.0, 1e-7).degree < 30
    with pytest.raises(ValueError, match="time > 0"):
        expansion(0.0, -1.0, 0.0, 1e-7)
