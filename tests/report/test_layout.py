import pandas as pd
import pytest

from ctbench.report.layout import PAPERS, FigureLayout, PaperLayout, load_layout
from ctbench.spec.errors import UserError

FIGURE = "{name: a, title: t, caption: c, select: {}, xlabel: x, ylabel: y"
HAVE = sorted(path.parent.name for path in PAPERS.glob("*/report.yaml"))


def test_papers_with_experiments_have_a_layout() -> None:
    assert {"cgnn", "continuousnet", "neural_gde"} <= set(HAVE)


@pytest.mark.parametrize("paper", HAVE)
def test_layouts_of_the_package_are_sound(paper: str) -> None:
    layout = load_layout(PAPERS / paper)
    for table in layout.tables:
        assert table.published.keys() <= table.labels.keys()
        assert {other.row for other in table.others} <= table.labels.keys()
    for figure in layout.figures:
        if figure.reference and figure.reference.file:
            points = pd.read_csv(PAPERS / paper / figure.reference.file, comment="#")
            panel = {name for name in (figure.row, figure.col, figure.x) if name}
            assert panel | {"value", "low", "high"} <= set(points.columns)
            assert (points["low"] <= points["value"]).all() and (points["value"] <= points["high"]).all()


def test_a_paper_without_a_layout_has_an_empty_one(tmp_path) -> None:
    assert load_layout(tmp_path) == PaperLayout()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tabels: []", "Did you mean 'tables'"),
        ("tables: [{name: a, title: t, select: {}, row: model}]", "no key called 'row'"),
        ("tables: [{name: 'A b', title: t, select: {}}]", "name"),
        ("tables: [{name: claims, title: t, select: {}}]", "'claims' is taken"),
        ("tables: [{name: a, title: t, select: {}}, {name: a, title: t, select: {}}]", "'a' is taken"),
        ("tables: [{name: a, title: t, select: {colour: red}}]", "select"),
        ("tables: [", "not valid YAML"),
        (
            "figures: [{name: a, title: t, caption: c, select: {}, x: x, xlabel: x, ylabel: y, "
            "reference: {file: no.csv, label: l}}]",
            "there is no file",
        ),
        (
            "figures: [{name: a, title: t, caption: c, select: {}, x: x, xlabel: x, ylabel: y, "
            "reference: {table: b, label: l}}]",
            "no table called 'b'",
        ),
        (
            "figures: [{name: a, title: t, caption: c, select: {}, x: x, xlabel: x, ylabel: y, reference: {label: l}}]",
            "either `file` or `table`",
        ),
        (f"figures: [{FIGURE}}}]", "a: expected either `x` or `against`"),
        (f"figures: [{FIGURE}, x: steps, against: eval_seconds}}]", "a: expected either `x` or `against`"),
        (f"figures: [{FIGURE}, against: eval_seconds, kind: points}}]", "`against` needs `kind: line`"),
        (
            f"figures: [{FIGURE}, against: eval_seconds, mark: {{column: model, pattern: k, label: l}}}}]",
            "`against` needs `kind: line` and no `mark`",
        ),
        (f"figures: [{FIGURE}, x: x, table: timings}}]", "table"),
    ],
)
def test_mistakes_are_named(tmp_path, text: str, words: str) -> None:
    (tmp_path / "report.yaml").write_text(text)
    with pytest.raises(UserError, match=words):
        load_layout(tmp_path)


def test_lines_over_one_abscissa_are_drawn_as_points():
    figure = FigureLayout(name="a", title="t", caption="c", select={}, x="x", hue="model", xlabel="kept", ylabel="y")
    one = pd.DataFrame({"x": [30.0, 30.0], "model": ["a", "b"]})
    points = figure.fitting(one)
    assert (points.kind, points.abscissa, points.hue, points.xlabel) == ("points", "model", None, "kept: 30")
    assert figure.fitting(one.assign(x=[30.0, 40.0])) is figure
