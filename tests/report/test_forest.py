from math import nan

import pandas as pd
import pytest
from made_criteria import criteria_frame, criterion

from ctbench.records import measurements
from ctbench.report.criteria import criteria
from ctbench.report.forest import KINDS, OFF, _Forest, forests, split
from ctbench.report.sources import Results


def results(folder, *rows):
    claims = pd.DataFrame({"claim_id": ["C-1"], "runs": ["run-a run-b"]}, dtype="string")
    return Results(folder, claims, criteria_frame(*rows), measurements.table([]), {})


def difference(i=0, **numbers):
    return criterion(f"pair {i}", **{"estimate": 1.0, "low": 0.5, "high": 1.5} | numbers)


def ratio(i=0, **numbers):
    return criterion(f"ratio {i}", "ratio_above", **{"estimate": 2.0, "low": 1.5, "high": 2.5, "lower": 1.0} | numbers)


def drawn(tmp_path, *rows):
    return forests(results(tmp_path, *rows), "cgnn", tmp_path)


def test_only_comparisons_that_were_measured_are_drawn(tmp_path):
    rows = [
        difference(0),
        criterion("one quantity", "above", estimate=1.0),
        difference(1, unit="s"),
        difference(2, status="not run", estimate=nan),
        difference(3, paper="koopman"),
    ]
    (figure,) = drawn(tmp_path, *rows)
    assert "speak of: 1 criterion of C-1; 1 pass." in figure.alt
    assert figure.name == "orderings-cgnn" and all(path.stat().st_size > 1000 for path in figure.files)


def test_nothing_to_compare_draws_nothing(tmp_path):
    assert drawn(tmp_path, criterion("one quantity", "above", estimate=1.0)) == ()
    assert drawn(tmp_path) == ()


@pytest.mark.parametrize(("many", "names"), [(2, set()), (3, {"ratios-cgnn"})])
def test_three_ratios_make_a_figure(tmp_path, many, names):
    assert {figure.name for figure in drawn(tmp_path, *map(ratio, range(many)))} == names


def test_many_criteria_make_several_figures(tmp_path):
    figures = drawn(tmp_path, *(difference(i, claim_id=f"C-{i // 25}") for i in range(75)))
    assert [figure.name for figure in figures] == [f"orderings-cgnn-{k}" for k in (1, 2, 3)]
    assert figures[1].title.endswith("2 of 3") and "25 criteria of C-1;" in figures[1].alt


@pytest.mark.parametrize(
    ("sizes", "parts"), [([3], [3]), ([4, 4, 4], [8, 4]), ([7, 5], [7, 5]), ([19], [8, 8, 3]), ([2, 10], [2, 8, 2])]
)
def test_parts_keep_a_claim_whole_where_they_can(sizes, parts):
    rows = criteria_frame(*(difference(i, claim_id=f"C-{k}") for k, size in enumerate(sizes) for i in range(size)))
    found = split(rows, most=8)
    assert [len(part) for part in found] == parts
    pd.testing.assert_frame_equal(pd.concat(found), rows)


def test_the_height_grows_with_the_criteria_and_their_labels():
    few, more, long = (
        _Forest(KINDS[0], criteria_frame(*rows)).height
        for rows in ([difference()], [difference()] * 9, [criterion("word " * 40, estimate=1.0)] * 9)
    )
    assert few < more < long


def written(figure):
    return [text.get_text() for axes in figure.axes[1:] for text in axes.texts]


def test_a_number_off_the_axis_is_written_at_its_edge(tmp_path):
    bulk = [difference(i) for i in range(5)]
    far = difference(5, estimate=45.55, low=41.49, high=49.61)
    drawing = _Forest(KINDS[0], criteria_frame(*bulk, far)).draw()
    assert written(drawing) == ["+45.6 [41.5, 49.6]"] and drawing.axes[1].get_xlim()[1] < 3
    assert written(_Forest(KINDS[0], criteria_frame(*bulk)).draw()) == []
    alone, beside = (drawn(tmp_path, *rows)[0].caption for rows in (bulk, [*bulk, far]))
    assert OFF not in alone and OFF in beside


def test_far_ratios_are_written_without_a_sign():
    rows = [*map(ratio, range(5)), ratio(5, estimate=1e-4, low=nan, high=nan)]
    assert written(_Forest(KINDS[1], criteria_frame(*rows)).draw()) == ["0.0001"]


@pytest.mark.parametrize(
    ("numbers", "required"),
    [
        ({"lower": 0.0}, "> 0 %"),
        ({"lower": nan, "upper": 2.0}, "< 2 %"),
        ({"lower": -1.0, "upper": 1.0}, "within ±1 %"),
        ({"lower": 83.2, "upper": 85.2}, "83.2 to 85.2 %"),
        ({"lower": 4.0, "upper": 4.0, "unit": "count"}, "= 4 count"),
        ({"lower": -0.5, "kind": "monotone", "unit": "1"}, "≥ −0.5"),
        ({"lower": 2.0, "kind": "ratio_above", "unit": "ratio"}, "ratio > 2"),
    ],
)
def test_what_is_required_in_words(numbers, required):
    (found,) = criteria(criteria_frame(difference() | numbers))["C-1"]
    assert found.required == required


@pytest.mark.parametrize(
    ("effect", "unit", "words"),
    [
        (0.38942, "%", "0.39 %"),
        (nan, "%", ""),
        (1.0000612, "ratio", "factor 1.00006"),
        (2.6386, "ratio", "factor 2.6"),
        (5.80956e-7, "1", "5.8 × 10⁻⁷"),
    ],
)
def test_the_effect_has_two_digits(effect, unit, words):
    (found,) = criteria(criteria_frame(difference(smallest_detectable=effect, unit=unit)))["C-1"]
    assert found.detectable == words


def test_a_diverged_seed_is_told(tmp_path):
    (figure,) = drawn(tmp_path, difference(status="fail", notes="1 of 8 seeds of a diverged"))
    assert figure.notes[0].startswith("Where a seed diverged")
