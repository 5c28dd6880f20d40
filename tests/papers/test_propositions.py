import numpy as np

from ctbench.papers._exact import ExactChecks
from ctbench.papers.cgnn.propositions import EXPERIMENT, Problem, Settings, power_sum
from ctbench.training.loop import run


def rows(metric: str, **settings: int) -> list[float]:
    (result,) = run(ExactChecks([*EXPERIMENT.checks("closed_form", Settings(**settings))]))
    return [row["value"] for row in result.rows if row["metric"] == metric]


def test_closed_forms_hold_on_other_graphs_too() -> None:
    for seed in (1, 2):
        for metric in (
            "prop1_power_sum_error",
            "prop1_integral_error",
            "prop2_error",
            "prop3_error",
            "prop4_error",
            "limit_error",
        ):
            assert max(rows(metric, graph_seed=seed, nodes=8)) < 1e-9


def test_a_wrong_operator_would_be_noticed() -> None:
    p = Problem(Settings())
    right, wrong = power_sum(p.A, p.E, 5), power_sum(p.A * 1.001, p.E, 5)
    assert np.linalg.norm(right - wrong) / np.linalg.norm(right) > 1e-4


def test_released_operator_doubles_while_the_papers_settles() -> None:
    assert rows("limit_growth_released")[0] > 0.9
