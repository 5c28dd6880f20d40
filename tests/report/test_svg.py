"""Figures inside the page: what is shared stands there once, nothing else is lost."""

import re
from xml.etree import ElementTree

import pytest

from ctbench.report.style import house_style, save
from ctbench.report.svg import Shapes


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    from matplotlib.figure import Figure

    folder, files = tmp_path_factory.mktemp("svg"), []
    for name in ("first", "second"):
        with house_style():
            figure = Figure(figsize=(4, 3))
            axes = figure.subplots()
            axes.plot([0, 1, 2], [0.123456789, 1, 0], marker="o", label=f"{name} & <more>")
            axes.legend()
            files += [path for path in save(figure, folder / name) if path.suffix == ".svg"]
    return files


def numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


def test_it_is_well_formed_and_smaller(drawn):
    shapes = Shapes()
    pages = [shapes.embed(path, 'a "b" <c> & d', 460) for path in drawn]
    whole = f"<html>{''.join(pages)}{shapes.shared()}</html>"
    assert ElementTree.fromstring(whole).find("svg").get("aria-label") == 'a "b" <c> & d'
    assert len(whole) < 0.5 * sum(path.stat().st_size for path in drawn)


def test_what_two_figures_share_stands_there_once(drawn):
    both, one = Shapes(), Shapes()
    for path in drawn:
        both.embed(path, "", 100)
    one.embed(drawn[0], "", 100)
    assert both.shared().count("<path") < 1.3 * one.shared().count("<path")
    names = re.findall(r'id="(\w+)"', both.shared())
    assert len(names) == len(set(names))


def test_every_reference_is_to_a_shape(drawn):
    shapes = Shapes()
    text = "".join(shapes.embed(path, "", 100) for path in drawn)
    names = set(re.findall(r'id="(\w+)"', shapes.shared()))
    used = set(re.findall(r'href="#(\w+)"', text)) | set(re.findall(r"url\(#(\w+)\)", text))
    assert used and used <= names
    styles = set(re.findall(r"\.(c\d+)\{", shapes.shared()))
    assert set(re.findall(r'class="(c\d+)"', text)) <= styles


def test_coordinates_are_off_by_less_than_a_hundredth_of_a_point(drawn):
    shapes = Shapes()
    line = max(re.findall(r'<path d="([^"]*)" clip-path', drawn[0].read_text()), key=len)
    paths = re.findall(r'<path d="([^"]*)"', shapes.embed(drawn[0], "", 100))
    close = [path for path in paths if len(numbers(path)) == len(numbers(line))]
    assert min(max(abs(a - b) for a, b in zip(numbers(line), numbers(path), strict=True)) for path in close) <= 0.005001


def test_the_scale_of_letters_is_kept(drawn):
    shapes = Shapes()
    assert "scale(0.075 -0.075)" in shapes.embed(drawn[0], "", 100) and "scale(0.015625)" in shapes.shared()
