import re
import subprocess
import sys
from html.parser import HTMLParser

import pandas as pd
import pytest
from made_criteria import criteria_frame

from ctbench.judge import write_table
from ctbench.records import measurements
from ctbench.report import write_report
from ctbench.spec.errors import UserError


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids, self.links, self.images, self.open, self.rows = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[key] for key in ("href", "src", "srcset", "action", "data") if key in found]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        if tag == "svg" and found.get("role") == "img":
            self.images.append(found)
        if tag not in {"meta", "img", "input", "br", "link"}:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self.open[-1:] == [tag]:
            self.open.pop()

    def handle_data(self, data):
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data.strip()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(written) -> str:
    return (written / "report.html").read_text()


@pytest.fixture(scope="module")
def page(text) -> Page:
    return Page(text)


def test_everything_is_written_and_listed(fresh, papers) -> None:
    paths = write_report(fresh, papers)
    assert paths == sorted(paths) and all(path.exists() for path in paths)
    names = {path.name for path in paths}
    assert {f"{stem}.{suffix}" for stem in ("claims", "accuracy") for suffix in ("csv", "md", "tex")} <= names
    assert {f"{stem}.{suffix}" for stem in ("curve", "seeds", "orderings-cgnn") for suffix in ("svg", "png")} <= names
    assert "report.html" in names and not {name for name in names if name.startswith(("absent", "unmeasured"))}


def test_a_second_report_has_the_same_bytes(written, fresh, papers) -> None:
    for path in write_report(fresh, papers):
        other = written / path.relative_to(fresh)
        assert other.read_bytes() == path.read_bytes().replace(bytes(fresh), bytes(written)), path.name


def test_nothing_is_loaded_from_elsewhere(page, text) -> None:
    assert page.links and all(link.startswith("#") or link == "data:," for link in page.links)
    assert not re.search(r"url\((?!#)|@import|https?://", text)


def test_the_page_is_well_formed(page) -> None:
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    assert {link[1:].partition("?")[0] for link in page.links if link.startswith("#")} <= set(page.ids)


def test_every_claim_has_an_anchor(page) -> None:
    assert {"C-1", "C-2", "K-1"} <= set(page.ids)


def test_words_are_escaped(text) -> None:
    assert "A &lt;b&gt;bold&lt;/b&gt; claim &amp; more." in text and "<b>bold</b>" not in text


def test_images_are_described(page) -> None:
    assert len(page.images) == 3
    assert all(len(image["aria-label"]) > 40 for image in page.images)


def test_what_is_not_measured_is_listed(text) -> None:
    assert re.search(r"Not measured in this preset:</b> A table without numbers; A figure without numbers", text)


def test_the_criteria_of_a_claim_are_a_table(page, text) -> None:
    rows = [words for words in page.rows if words[0].startswith(("Cora", "second", "third", "fifth"))]
    assert rows == [
        ["Cora: a; b[a] - [b] of Cora: a; b", "", "−5.56 [−6.42, −4.70] %", "within ±7 %", "8", "< 0.001", "–", "pass"],
        ["second[a] - [b] of second", "", "0.1 %", "> 0 %", "8", "0.25", "0.85 %", "failall <finite>"],
        ["fifth[a] - [b] of fifth", "", "1.20 [0.90, 1.60]", "ratio > 1", "8", "–", "factor 1.4", "unresolved"],
    ]
    assert "Not run: third; fourth." in text


def test_the_forest_plot_stands_in_the_chapter_of_its_paper(page, text) -> None:
    chapter = text.partition('<section id="cgnn"')[2].partition("</section>")[0]
    assert (
        chapter.index(">Claims<") < chapter.index("How sure are the orderings?") < chapter.index('id="orderings-cgnn"')
    )
    assert text.count("How sure are the orderings?") == 1
    (image,) = [image for image in page.images if "Differences" in image["aria-label"]]
    assert "2 criteria of C-1; 1 pass and 1 fail. Estimates from −5.561 to 0.1" in image["aria-label"]


def test_verdict_has_word_sign_and_scale(text) -> None:
    assert re.search(r'class="verdict partly-reproduced"><span aria-hidden="true">◐</span> partly reproduced', text)
    assert "reduced scale" in text and "−5.56 [−6.42, −4.70]" in text


def test_a_figure_whose_measurements_are_gone_is_removed(fresh, papers) -> None:
    write_report(fresh, papers)
    rows = measurements.read(fresh / "measurements.parquet")
    measurements.write(rows[rows["experiment"] == "split"], fresh / "measurements.parquet")
    names = {path.name for path in write_report(fresh, papers)}
    assert "curve.svg" not in names and not (fresh / "figures" / "curve.svg").exists()
    assert "Error by step" in (fresh / "report.html").read_text()


def test_forest_plots_of_an_earlier_report_are_removed(fresh, papers) -> None:
    write_report(fresh, papers)
    (fresh / "figures" / "orderings-cgnn-2.png").touch()
    write_table(criteria_frame(), fresh / "criteria.csv")
    write_report(fresh, papers)
    assert not list((fresh / "figures").glob("orderings-*"))


def test_nothing_measured_still_makes_a_report(fresh, papers) -> None:
    measurements.write(measurements.table([]), fresh / "measurements.parquet")
    write_table(criteria_frame(), fresh / "criteria.csv")
    names = {path.name for path in write_report(fresh, papers)}
    assert names == {"claims.csv", "claims.md", "claims.tex", "report.html"}


def test_an_experiment_of_unseeded_results_is_drawn(fresh, papers) -> None:
    rows = measurements.read(fresh / "measurements.parquet")
    rows = rows[(rows["seed"] == 0) | rows["seed"].isna()].assign(seed=pd.NA).astype(measurements.DTYPES)
    measurements.write(rows, fresh / "measurements.parquet")
    assert {"curve.svg", "seeds.svg", "accuracy.csv"} <= {path.name for path in write_report(fresh, papers)}


def test_images_carry_no_date(written) -> None:
    for path in (written / "figures").iterdir():
        assert b"<dc:date>" not in path.read_bytes() and b"atplotlib v" not in path.read_bytes()


@pytest.mark.parametrize("missing", ["claims.csv", "criteria.csv", "measurements.parquet"])
def test_what_is_missing_is_named(fresh, papers, missing) -> None:
    (fresh / missing).unlink()
    with pytest.raises(UserError, match=missing):
        write_report(fresh, papers)


def test_no_results_folder(tmp_path, papers) -> None:
    with pytest.raises(UserError, match="no such folder"):
        write_report(tmp_path / "none", papers)


def test_importing_is_cheap() -> None:
    heavy = "{'torch', 'matplotlib', 'seaborn', 'jinja2', 'pandas', 'scipy'}"
    code = f"import sys, ctbench.report; assert not {heavy} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


def test_no_torch_while_reporting(fresh, papers) -> None:
    code = (
        "import sys; from pathlib import Path; from ctbench.report import write_report, terminal\n"
        f"write_report(Path({str(fresh)!r}), Path({str(papers)!r})); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
