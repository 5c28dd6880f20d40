from typing import Literal

import networkx
import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, logit

from ctbench.papers._exact import ExactChecks
from ctbench.papers.cgnn._settings import rows
from ctbench.papers.cgnn.spectrum import Settings, checks
from ctbench.training.loop import run


def cycles(*lengths: int) -> sparse.csr_array:
    graph = networkx.disjoint_union_all([networkx.cycle_graph(n) for n in lengths])
    return sparse.csr_array(networkx.to_scipy_sparse_array(graph, dtype=float))


Equation = Literal["paper", "released"]


def measured(equation: Equation, adjacency: sparse.csr_array, alpha: float, loop: float = 0.0) -> dict[str, float]:
    settings = Settings(equation=equation, alpha_logit=logit(alpha), self_loop=loop, times=(3.0,))
    rows = run(ExactChecks(checks(settings, adjacency)))[0].rows
    return {row["metric"]: row["value"] for row in rows}


def test_printed_operator_of_a_cycle():
    """N of the cycle C_n has the eigenvalues cos(2 pi k / n): 1 always, -1 for even n."""
    found = measured("paper", cycles(80, 10), alpha=0.8)
    assert found["smallest_eigenvalue"] == pytest.approx(-1.0, abs=1e-10)
    assert found["largest_eigenvalue"] == pytest.approx(0.8 - 1, abs=1e-10)
    assert found["growth_along_slowest_mode"] == pytest.approx(np.exp(-0.6) + (1 - np.exp(-0.6)) / 0.2, abs=1e-8)


def test_released_operator_of_a_cycle():
    """N_c - I = (N - I) / (1 + c / 2): times alpha / 2, from -alpha / (1 + c / 2) to 0, which no time damps."""
    found = measured("released", cycles(80, 10), alpha=0.8, loop=0.5)
    assert found["smallest_eigenvalue"] == pytest.approx(-0.8 / 1.25, abs=1e-10)
    assert found["largest_eigenvalue"] == pytest.approx(0, abs=1e-10)
    assert found["growth_along_slowest_mode"] == pytest.approx(1 + 3.0, abs=1e-8)


@pytest.mark.parametrize(("dataset", "split", "alpha"), [("cora", "planetoid", 0.918), ("pubmed", "random", 0.947)])
def test_alpha_as_listed_is_what_the_sources_list(dataset, split, alpha):
    """The slowest mode of the printed equation then decays at rate 1 - alpha; with the code's sigmoid, faster."""
    read = {name: rows(dataset, split, "here")[name]["options"] for name in ("cgnn", "cgnn_listed_alpha")}
    assert expit(read["cgnn_listed_alpha"]["alpha_logit"]) == pytest.approx(alpha, abs=1e-12)
    assert expit(read["cgnn"]["alpha_logit"]) == pytest.approx(expit(alpha), abs=1e-12)
    assert read["cgnn_listed_alpha"]["self_loop"] == 0
