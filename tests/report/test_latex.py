"""The LaTeX tables: compiled where there is a LaTeX, and sound by their structure everywhere."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from ctbench.judge import read_claims
from ctbench.report import claims, formats

TABLES = ("accuracy", "claims")
FRAME = r"""\documentclass{article}
\usepackage[T1]{fontenc}\usepackage{array,booktabs,graphicx,longtable}
\begin{document}
%s
\end{document}
"""


def source(written, name: str) -> str:
    return (written / "tables" / f"{name}.tex").read_text()


@pytest.mark.parametrize("name", TABLES)
def test_environments_and_braces_are_closed(written, name: str) -> None:
    text = source(written, name)
    opened: list[str] = []
    for verb, environment in re.findall(r"\\(begin|end)\{(\w+)\}", text):
        if verb == "begin":
            opened.append(environment)
        else:
            assert opened.pop() == environment
    assert opened == []
    bare = re.sub(r"\\[{}\\%]", "", text)
    assert bare.count("{") == bare.count("}")


@pytest.mark.parametrize("name", TABLES)
def test_rules_are_those_of_booktabs_and_rows_have_all_columns(written, name: str) -> None:
    text = source(written, name)
    assert [text.count(rule) for rule in ("\\toprule", "\\midrule", "\\bottomrule", "\\hline")] == [1, 1, 1, 0]
    (columns,) = re.findall(r"\\begin\{tabular\}\{(\w+)\}", text)
    body = text.partition("\\midrule")[2].partition("\\bottomrule")[0]
    rows = [line for line in body.splitlines() if line.strip()]
    assert rows and all(len(re.split(r"(?<!\\)&", row)) == len(columns) and row.endswith(r"\\") for row in rows)


def test_a_wide_table_is_scaled_to_the_line(written) -> None:
    assert r"\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%" in source(written, "accuracy")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
def test_they_compile_and_fit_the_line(written, tmp_path) -> None:
    few = claims.sheet(read_claims(written / "claims.csv"), "smoke")
    many = formats.latex(replace(few, rows=few.rows * 20))
    assert "longtable" in many
    (tmp_path / "all.tex").write_text(FRAME % "\n".join([*(source(written, name) for name in TABLES), many]))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
    assert not re.search(r"Overfull \\hbox", done.stdout), done.stdout[-2000:]
