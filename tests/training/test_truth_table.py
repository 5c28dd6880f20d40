import numpy as np
import pytest
import torch

from ctbench.training.loop import run
from ctbench.training.truth_table import Settings, TruthTable, rows_of

INPUTS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
XOR = np.array([0, 1, 1, 0])
SHORT = Settings(widths=(1, 4), restarts=2, iterations=30)


def task(settings: Settings, seeds: tuple[int, ...]) -> TruthTable:
    return TruthTable(settings, INPUTS, XOR, 1, 2, seeds)


def values(rows: list, metric: str) -> list[float]:
    return [row["value"] for row in rows if row["metric"] == metric]


def test_enough_neurons_learn_the_exclusive_or_and_one_a_layer_cannot() -> None:
    """max(0, .) of one neuron in the first layer is monotone along a direction: no exclusive or."""
    for result in run(task(Settings(widths=(1, 8), iterations=600), (0, 1))):
        one, eight = values(result.rows, "best_error")
        assert eight < 0.05 < one
        assert values(result.rows, "smallest_hidden") == values(result.rows, "smallest_hidden_at_least") == [16]
        assert values(result.rows, "censored") == [0]


def test_padding_stays_zero_and_widths_do_not_see_each_other() -> None:
    together, alone = task(SHORT, (3,)), task(SHORT.model_copy(update={"widths": (1,)}), (3,))
    run(together), run(alone)
    first = together.weights[0][:2]  # the two restarts of width 1
    assert not first[:, :, 1:].any()
    torch.testing.assert_close(first[:, :, :1], alone.weights[0], rtol=1e-4, atol=1e-5)


def test_a_seed_is_trained_as_if_alone() -> None:
    pair, single = run(task(SHORT, (0, 5)))[1], run(task(SHORT, (5,)))[0]
    np.testing.assert_allclose(values(pair.rows, "best_error"), values(single.rows, "best_error"), rtol=1e-4)


def test_a_resumed_training_ends_the_same() -> None:
    settings = SHORT.model_copy(update={"iterations": 250})
    whole, half, resumed = (task(settings, (1,)) for _ in range(3))
    run(whole)
    half.step(0)
    resumed.restore(half.state())
    resumed.step(1), resumed.step(2)
    assert resumed.results()[0].rows == whole.results()[0].rows


def test_nothing_learned_is_said_and_counted_as_more_than_what_was_tried() -> None:
    rows = rows_of(SHORT, np.array([[0.4, 0.3], [0.2, np.nan]]), d=7, explicit=9)
    assert values(rows, "best_error") == [0.3, 0.2]
    assert np.isnan(values(rows, "smallest_hidden")[0])
    assert values(rows, "censored") == [1] and values(rows, "smallest_hidden_at_least") == [10]
    assert values(rows, "explicit_hidden") == [9]


def test_all_restarts_diverged_is_no_error_of_zero() -> None:
    rows = rows_of(SHORT, np.full((2, 2), np.nan), d=7, explicit=9)
    assert np.isnan(values(rows, "best_error")).all() and values(rows, "share_learned") == [0, 0]


@pytest.mark.parametrize("widths", [(), (0, 1), (2, 2), (3, 1)])
def test_widths_out_of_order_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="widths"):
        Settings(widths=widths)
