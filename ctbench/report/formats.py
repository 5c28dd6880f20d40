"""A sheet as csv, Markdown and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from ctbench.report.sheet import Cell, Sheet
from ctbench.spec.files import write_text

_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": "$-$",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "→": r"$\to$",
    "∞": r"$\infty$",
    "·": r"$\cdot$",
    "–": "--",
    "—": "---",
    "’": "'",
    "“": "``",
    "”": "''",
    **{raised: f"$^{{{plain}}}$" for raised, plain in zip("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789", strict=True)},
    "…": r"\ldots{}",
}
WIDE = {"statement": 3.3, "verdict": 1.5, "measured [95 % interval]": 1.35, "claim": 1.3, "n": 1.0}
"""Columns of a longtable that are wider or narrower than the others."""
_MD = re.compile(r"([\\`*_|<>\[\]])")


def write_sheet(sheet: Sheet, folder: Path) -> list[Path]:
    """Writes `<name>.csv`, `.md` and `.tex`. Raises UserError if they cannot be written."""
    formats: dict[str, Callable[[Sheet], str]] = {"csv": csv, "md": markdown, "tex": latex}
    paths = []
    for suffix, render in formats.items():
        paths.append(folder / f"{sheet.name}.{suffix}")
        write_text(paths[-1], render(sheet))
    return paths


def csv(sheet: Sheet) -> str:
    """The records, in full precision, with the number as shown elsewhere."""
    return sheet.records.to_csv(index=False, lineterminator="\n")


def markdown(sheet: Sheet) -> str:
    """A pipe table with its title and notes."""
    header = [escape_md(column.flat) for column in sheet.columns]
    lines = [f"**{escape_md(sheet.title)}**", "", _pipes(header), _pipes([":--", *["--:"] * (len(header) - 1)])]
    lines += [_pipes([_cell_md(cell, i in sheet.aside) for cell in row]) for i, row in enumerate(sheet.rows)]
    return "\n".join([*lines, "", *(f"- {escape_md(note)}" for note in sheet.notes)]) + "\n"


def latex(sheet: Sheet) -> str:
    """A booktabs table, no wider than a line; a longtable where it does not fit a page. Its head names its packages."""
    return "\n".join(_longtable(sheet) if len(sheet.rows) > 40 else _table(sheet)) + "\n"


def escape_tex(text: str) -> str:
    """Text that LaTeX prints as it stands."""
    return "".join(_TEX.get(character, character) for character in text)


def escape_md(text: str) -> str:
    """Text that Markdown prints as it stands, on one line."""
    return _MD.sub(r"\\\1", " ".join(text.split()))


def _table(sheet: Sheet) -> Iterator[str]:
    yield "% needs \\usepackage{booktabs,graphicx}"
    yield "\\begin{table}"
    yield "  \\centering"
    yield f"  \\caption{{{escape_tex(sheet.title)}}}"
    yield f"  \\label{{tab:{sheet.name}}}"
    yield "  \\resizebox{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}{!}{%"
    yield f"  \\begin{{tabular}}{{l{'r' * (len(sheet.columns) - 1)}}}"
    yield "    \\toprule"
    yield from (f"    {line}" for line in _heading(sheet))
    yield "    \\midrule"
    yield from (f"    {_row(row, i in sheet.aside)}" for i, row in enumerate(sheet.rows))
    yield "    \\bottomrule"
    yield "  \\end{tabular}}"
    yield ""
    yield f"  \\smallskip\\footnotesize\\raggedright {' '.join(map(escape_tex, sheet.notes))}"
    yield "\\end{table}"


def _longtable(sheet: Sheet) -> Iterator[str]:
    parts = [WIDE.get(column.name, 1.0) for column in sheet.columns]
    layout = "".join(f"P{{{0.89 * part / sum(parts):.3f}\\linewidth}}" for part in parts)
    yield "% needs \\usepackage{array,booktabs,longtable}"
    yield "\\newcolumntype{P}[1]{>{\\raggedright\\arraybackslash}p{#1}}"
    yield f"{{\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\\begin{{longtable}}{{@{{}}{layout}@{{}}}}"
    yield f"  \\caption{{{escape_tex(sheet.title)}}}\\label{{tab:{sheet.name}}}\\\\"
    yield "  \\toprule"
    yield from (f"  {line}" for line in _heading(sheet))
    yield "  \\midrule\\endhead"
    yield from (f"  {_row(row, False)}" for row in sheet.rows)
    yield "  \\bottomrule"
    notes = " ".join(map(escape_tex, sheet.notes))
    yield f"  \\multicolumn{{{len(sheet.columns)}}}{{@{{}}p{{\\linewidth}}@{{}}}}{{{notes}}}\\\\"
    yield "\\end{longtable}}"


def _heading(sheet: Sheet) -> Iterator[str]:
    if sheet.grouped:
        cells, rules, start = [], [], 1
        for group, span in sheet.groups:
            cells.append(f"\\multicolumn{{{span}}}{{c}}{{{escape_tex(group)}}}" if group else "")
            rules += [f"\\cmidrule(lr){{{start}-{start + span - 1}}}"] if group else []
            start += span
        yield " & ".join(cells) + " \\\\"
        yield "".join(rules)
    yield " & ".join(escape_tex(column.name or column.group) for column in sheet.columns) + " \\\\"


def _row(row: tuple[Cell, ...], aside: bool) -> str:
    return " & ".join(_cell_tex(cell, aside and i == 0) for i, cell in enumerate(row)) + " \\\\"


def _cell_tex(cell: Cell, italic: bool) -> str:
    number = cell.number("tex")
    content = escape_tex(cell.text) if number is None else number
    if number is not None and cell.best:
        content = f"$\\mathbf{{{number[1:-1]}}}$"
    if italic:
        content = f"\\quad\\textit{{{content}}}"
    return f"{content} {escape_tex(cell.note)}".strip() if number is not None else content


def _cell_md(cell: Cell, aside: bool) -> str:
    if cell.number("text") is None:
        text = escape_md(cell.text)
        return f"*{text}*" if aside and text else text
    number = escape_md(cell.number("text") or "")
    return f"{f'**{number}**' if cell.best else number} {escape_md(cell.note)}".strip()


def _pipes(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
