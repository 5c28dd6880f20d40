"""Dynamic mode decomposition of a trajectory of weights: eigenvalues, modes, residuals, ranking, delays.

Exact DMD (Tu et al. 2014) with truncation, and what PyDMD has not: a residual for every mode, a tolerance by the
precision of the data, and factors of a long trajectory without decomposing all of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import linalg
from scipy.stats import wasserstein_distance_nd

from ctbench.spec.errors import UserError

TOLERANCE = {"float32": 1e-6, "float64": 1e-10}
"""Singular values below this share of the largest are rounding noise."""
CONSTANT = 1e-12
"""Relative change over a trajectory below which it does not move."""


@dataclass(frozen=True)
class Modes:
    """w_k = Re sum_p b_p lambda_p^k Phi_p, the most important modes first.

    Attributes:
        eigenvalues: lambda, complex [modes].
        modes: Phi, complex [weights, modes], as long as the decomposition gives them.
        amplitudes: b, complex [modes], of the first snapshot.
        residuals: ||A x - lambda x|| / ||x|| of each eigenvector x = U w, [modes].
        snapshots: how many the modes were fitted to.
    """

    eigenvalues: np.ndarray
    modes: np.ndarray
    amplitudes: np.ndarray
    residuals: np.ndarray
    snapshots: int

    @property
    def importance(self) -> np.ndarray:
        """|b_p| ||Phi_p||: what a mode contributes to the first snapshot, [modes]."""
        return np.abs(self.amplitudes) * np.linalg.norm(self.modes, axis=0)

    def ahead(self, steps: int) -> np.ndarray:
        """The weights predicted `steps` after the last snapshot, [weights]."""
        powers = self.eigenvalues ** (self.snapshots - 1 + steps)
        return np.real(self.modes @ (self.amplitudes * powers))

    def fixed_point(self) -> np.ndarray:
        """|b Phi| of the eigenvalue nearest to 1: the size of each weight where the training is heading, [weights].

        The score of Koopman magnitude pruning (Redman et al. 2022).
        """
        p = int(np.argmin(np.abs(self.eigenvalues - 1)))
        return np.abs(self.amplitudes[p] * self.modes[:, p])

    def share_near_one(self, radius: float, residual: float = np.inf) -> float:
        """Share of eigenvalues within `radius` of 1, among the modes whose residual is at most `residual`."""
        kept = self.eigenvalues[self.residuals <= residual]
        return float(np.mean(np.abs(kept - 1) < radius)) if len(kept) else 0.0


def dynamic_modes(
    trajectory: np.ndarray, rank: int = 10, *, delays: int = 1, exact: bool = True, tolerance: float | None = None
) -> Modes:
    """DMD of a trajectory.

    With X = W_{0..T-1} = U S V' truncated and Y = W_{1..T}: A = U' Y V S^-1, A w = lambda w, Phi = Y V S^-1 w
    (exact) or U w (projected), b = Phi^+ w_0.

    Args:
        trajectory: W, one snapshot a row, [snapshots, weights], float32 or float64.
        rank: singular values kept at most.
        delays: snapshots stacked into one state; 1 stacks none.
        exact: exact modes, else projected ones.
        tolerance: singular values kept are above this share of the largest; None takes that of the precision.

    Raises UserError on fewer snapshots than the rank needs, on values that are not finite, on a constant trajectory.
    """
    W = checked(np.asarray(trajectory), rank, delays)
    tolerance = TOLERANCE[str(W.dtype)] if tolerance is None else tolerance
    W = delayed(W, delays) if delays > 1 else W
    U, s, V = _factors(W[:-1].T, rank, tolerance)
    ahead = W[1:].T @ (V / s)  # Y V S^-1
    eigenvalues, w = np.linalg.eig(U.T @ ahead)
    pushed, vectors = ahead @ w, U @ w
    residuals = np.linalg.norm(pushed - vectors * eigenvalues, axis=0) / np.linalg.norm(vectors, axis=0)
    modes = pushed if exact else vectors
    amplitudes = linalg.lstsq(modes, W[0].astype(float), check_finite=False)[0]  # pyright: ignore[reportOptionalSubscript]
    found = Modes(eigenvalues.astype(complex), modes, amplitudes, residuals, len(W))
    order = np.argsort(-found.importance, kind="stable")
    return Modes(found.eigenvalues[order], modes[:, order], amplitudes[order], residuals[order], len(W))


def checked(W: np.ndarray, rank: int, delays: int = 1) -> np.ndarray:
    """A trajectory that can be decomposed, in float32 or float64. Raises UserError as `dynamic_modes` says."""
    if W.ndim != 2:
        raise UserError(f"trajectory: found an array of shape {W.shape}, expected [snapshots, weights].")
    if rank < 1 or delays < 1:
        raise UserError(f"trajectory: found rank {rank} and {delays} delays, expected at least 1 of each.")
    if len(W) - delays < rank:
        needed = f"{rank + delays} for rank {rank} and {delays} in a state"
        raise UserError(f"trajectory: found {len(W)} snapshots, expected at least {needed}.")
    if bad := np.flatnonzero(~np.isfinite(W).all(1)).tolist():
        raise UserError(
            f"trajectory: the training diverged; snapshot {bad[0]} of {len(W)} is not finite. Analyse those before it."
        )
    W = W if W.dtype == np.float32 else W.astype(np.float64)
    if np.abs(W - W[0]).max() <= CONSTANT * np.abs(W[0]).max():
        raise UserError(
            f"trajectory: the weights are the same in all {len(W)} snapshots; there is no motion to analyse."
        )
    return W


def delayed(W: np.ndarray, delays: int) -> np.ndarray:
    """States of `delays` successive snapshots, [snapshots - delays + 1, delays * weights] (Takens embedding)."""
    return sliding_window_view(W, delays, axis=0).transpose(0, 2, 1).reshape(len(W) - delays + 1, -1)


def _factors(X: np.ndarray, rank: int, tolerance: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U [n, r], s [r], V [T, r] of the truncated X [n, T], in double precision.

    In single precision the leading space comes from X'X, whose rounding error lies below the tolerance, and a small
    decomposition inside that space makes the factors accurate; in double precision the whole X is decomposed.
    """
    if X.dtype == np.float32:
        X = X.astype(np.float64)
        T = X.shape[1]
        _, leading = linalg.eigh(X.T @ X, subset_by_index=(max(0, T - 2 * rank), T - 1), check_finite=False)
        Q = np.linalg.qr(X @ leading).Q
        U, s, Vt = linalg.svd(Q.T @ X, full_matrices=False, check_finite=False)
        U = Q @ U
    else:
        U, s, Vt = linalg.svd(X, full_matrices=False, check_finite=False)
    r = min(rank, int(np.sum(s > tolerance * s[0])))
    return U[:, :r], s[:r], Vt[:r].T


def spectral_distance(a: np.ndarray, b: np.ndarray) -> float:
    """Wasserstein distance (order 1) between two sets of eigenvalues in the complex plane."""
    points = [np.column_stack([np.real(values), np.imag(values)]) for values in (a, b)]
    return float(wasserstein_distance_nd(*points))
