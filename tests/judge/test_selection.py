import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_up import frame, points, rows
from pydantic import ValidationError

from ctbench.judge.selection import UNSEEDED, AmbiguousError, Select, by_seed, curve, is_seeded, paired

SEEDS = st.dictionaries(st.integers(0, 40), st.floats(-10, 10), max_size=12)


def test_an_empty_selection_takes_every_row():
    table = frame(rows("a", [1.0, 2.0]), rows("b", [3.0]))
    assert len(Select().rows(table)) == 3


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"model": "a"}, 3),
        ({"model": "none"}, 0),
        ({"steps": 4}, 1),
        ({"solver": "euler"}, 1),
        ({"model": "a", "steps": 4}, 0),
        ({"x": 0.3}, 1),
        ({"x": 0.0}, 0),
        ({"paper": "cgnn", "experiment": "split", "dataset": "cora", "metric": "accuracy"}, 4),
    ],
)
def test_a_selection_filters_by_each_column_and_skips_empty_cells(wanted, found):
    table = frame(rows("a", [1.0, 2.0]), rows("b", [3.0], steps=4, solver="euler"), rows("a", [0.0], x=0.1 + 0.2))
    for dtype in ("string", "category"):
        typed = table.astype({"model": dtype, "solver": dtype})
        assert len(Select(**wanted).rows(typed)) == found


def test_an_unknown_column_is_refused():
    with pytest.raises(ValidationError, match="modle"):
        Select.model_validate({"modle": "a"})


def test_the_claims_experiment_fills_only_what_is_left_open():
    assert Select().within("cgnn", "split") == Select(paper="cgnn", experiment="split")
    assert Select(experiment="other").within("cgnn", "split").experiment == "other"


@given(SEEDS, SEEDS)
def test_pairing_keeps_exactly_the_common_seeds_with_their_own_values(a, b):
    table = frame(
        rows("a", list(a.values()), seeds=list(a)), rows("b", list(reversed(b.values())), seeds=list(reversed(b)))
    )
    sides = [by_seed(s.rows(table), s) for s in (Select(model="a"), Select(model="b"))]
    pairs = paired(*sides) if a and b else pd.DataFrame()
    common = sorted(set(a) & set(b)) if a and b else []
    assert list(pairs.index) == common
    assert [tuple(pair) for pair in pairs.to_numpy()] == [(a[s], b[s]) for s in common]


@given(SEEDS.filter(bool), st.floats(-10, 10))
def test_a_deterministic_side_stands_against_every_seed(a, constant):
    sides = pd.Series(a), pd.Series({UNSEEDED: constant})
    assert list(paired(*sides)["b"]) == [constant] * len(a)
    assert list(paired(*reversed(sides))["a"]) == [constant] * len(a)


def test_a_diverged_value_stays_in_its_pair():
    assert np.isnan(paired(pd.Series({0: np.nan}), pd.Series({0: 1.0})).loc[0, "a"])


def test_two_rows_for_a_seed_are_ambiguous_and_the_error_says_where_they_differ():
    table = frame(rows("a", [1.0, 2.0], x=1.0), rows("a", [1.0, 2.0], x=2.0))
    with pytest.raises(AmbiguousError, match=r"\[model=a\] gives 2 measurements for seed 0.*differ in: x\."):
        by_seed(table, Select(model="a"))


def test_two_deterministic_rows_are_ambiguous():
    table = frame(rows("a", [1.0], seeds=[None]), rows("a", [2.0], seeds=[None]))
    with pytest.raises(AmbiguousError, match="without a seed"):
        by_seed(table, Select(model="a"))


def test_rows_with_and_without_seed_do_not_mix():
    table = frame(rows("a", [1.0], seeds=[None]), rows("a", [2.0]))
    with pytest.raises(AmbiguousError, match="with a seed and measurements without"):
        by_seed(table, Select())


def test_a_curve_has_a_row_per_whole_seed_and_a_column_per_point():
    table = frame(points("a", [2.0, 1.0], [[20.0, 10.0], [21.0, 11.0]]), rows("a", [5.0], seeds=[7], x=1.0))
    found = curve(table, Select(), "x")
    assert list(found.columns) == [1.0, 2.0]
    assert list(found.index) == [0, 1]
    assert found.to_numpy().tolist() == [[10.0, 20.0], [11.0, 21.0]]


def test_a_curve_along_steps_leaves_out_rows_without_steps():
    table = frame(rows("a", [1.0], steps=2), rows("a", [2.0], steps=4), rows("a", [3.0]))
    assert list(curve(table, Select(), "steps").columns) == [2.0, 4.0]


def test_a_deterministic_curve_is_unseeded():
    table = frame(rows("a", [1.0], seeds=[None], x=1.0), rows("a", [2.0], seeds=[None], x=2.0))
    assert not is_seeded(curve(table, Select(), "x"))


def test_two_values_at_one_point_are_ambiguous():
    table = frame(rows("a", [1.0], x=1.0, solver="euler"), rows("a", [1.0], x=1.0, solver="rk4"))
    with pytest.raises(AmbiguousError, match="solver"):
        curve(table, Select(), "x")


def test_a_row_that_stands_twice_is_told_from_two_values():
    once = rows("a", [1.0, 2.0])
    for again, words in (
        (once[0], "stands there more than once"),
        (once[0] | {"value": 3.0}, "no column but the value"),
    ):
        with pytest.raises(AmbiguousError, match=words):
            by_seed(frame(once, [again]), Select(model="a"))
