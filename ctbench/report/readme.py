"""The README's table of claims, from the committed reference results: `python -m ctbench.report.readme`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ctbench.judge import VERDICTS, read_claims
from ctbench.report.numbers import interval
from ctbench.spec.errors import UserError
from ctbench.spec.files import write_text

README = Path("README.md")
REFERENCE = Path("results/reference/laptop")
BEGIN, END = "<!-- claims: begin -->", "<!-- claims: end -->"
JUDGED = VERDICTS[:4]


def section(claims: pd.DataFrame) -> str:
    """The judged claims as a Markdown table, and a sentence on the others."""
    lines = [
        "| claim | it says, *what is measured* | paper | ours, 95 % interval | n | verdict | scale |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in claims.loc[claims["verdict"].isin(JUDGED)].to_dict("records"):
        ours = interval(row["measured"], row["ci_low"], row["ci_high"])
        theirs = "" if pd.isna(row["paper_value"]) else f"{row['paper_value']:.4g}"
        said = f"{row['statement']}<br>*{row['quantity']}*"
        cells = [row["claim_id"], said, theirs, ours, row["n"], f"**{row['verdict']}**", row["scale"]]
        lines.append(f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |")
    counts = claims["verdict"].value_counts()
    others = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS[4:] if verdict in counts)
    return "\n".join([*lines, "", f"The other claims of {len(claims)}: {others}."])


def updated(text: str, claims: pd.DataFrame) -> str:
    """The README with its table made anew. Raises UserError if the marks are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise UserError(f"{README}: expected the marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{section(claims)}\n{END}{after}"


if __name__ == "__main__":
    write_text(README, updated(README.read_text(encoding="utf-8"), read_claims(REFERENCE / "claims.csv")))
