"""The sentence a reviewer would write about a claim, made of its criteria and what they found.

The label of a criterion is read as `where: what`. Criteria that ask the same at several places share one part: `CGNN
over GCN: holds on Cora (+1.22 [0.28, 2.16] %), not on Pubmed (...)`. One that holds a number against the paper's,
`Cora: CGNN against the paper's 84.2`, says whether that was reached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from ctbench.judge.criteria import Criterion, Equals
from ctbench.judge.outcome import Outcome

AGAINST = " against the paper's "


class Finding(NamedTuple):
    """One criterion and what it found, its label taken apart.

    `published` is the paper's number, if it names one, `margin` how near to it counts as met.
    """

    label: str
    where: str
    on_data: bool
    what: str
    published: str
    margin: float
    beside: bool
    outcome: Outcome

    @property
    def place(self) -> str:
        return f"{'on' if self.on_data else 'for'} {self.where}"


def sentence(judged: Sequence[tuple[Criterion, Outcome]]) -> str:
    """What was found, part by part: on the claim, beside it, and last what did not run; empty where nothing ran."""
    findings = [_finding(criterion, outcome) for criterion, outcome in judged]
    run = [finding for finding in findings if finding.outcome.status != "not run"]
    absent = [finding for finding in findings if finding.outcome.status == "not run"]
    parts = _said([finding for finding in run if not finding.beside])
    parts += [f"beside the claim, {part}" for part in _said([finding for finding in run if finding.beside])]
    if run and absent:
        parts.append(f"not run: {', '.join(_absent(group) for group in _grouped(absent))}")
    return "; ".join(parts)


def _said(findings: list[Finding]) -> list[str]:
    return [part for group in _grouped(findings) for part in _parts(group)]


def _finding(criterion: Criterion, outcome: Outcome) -> Finding:
    where, colon, rest = criterion.label.partition(": ")
    where, what = (where, rest) if colon else ("", criterion.label)
    published, margin = "", 0.0
    if isinstance(criterion, Equals):
        what, _, published = what.partition(AGAINST)
        margin = criterion.margin
    dataset = _plain(criterion.a.dataset or "")
    on_data = bool(dataset) and _plain(where).startswith(dataset)
    return Finding(criterion.label, where, on_data, what, published, margin, criterion.beside, outcome)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def _grouped(findings: Iterable[Finding]) -> list[list[Finding]]:
    groups: dict[tuple[str, bool, bool], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.what, finding.on_data, bool(finding.published)), []).append(finding)
    return list(groups.values())


def _parts(group: list[Finding]) -> Iterator[str]:
    first = group[0]
    if first.published:
        yield f"{first.what}: {', '.join(map(_against_the_paper, group))}"
    elif first.where and (first.on_data or len(group) > 1):
        yield f"{first.what}: {', '.join(_by_status(group))}"
    else:
        yield from (f"{_whole(finding)}: {_STATUS[finding.outcome.status]}{_number(finding)}" for finding in group)


_STATUS = {"pass": "holds", "fail": "does not hold", "unresolved": "open"}


def _by_status(group: list[Finding]) -> Iterator[str]:
    for status, word in _STATUS.items():
        found = [finding for finding in group if finding.outcome.status == status]
        if found:
            held = status == "fail" and any(finding.outcome.status == "pass" for finding in group)
            places = [finding.where + _number(finding) for finding in found]
            yield f"{'not' if held else word} {found[0].place.partition(' ')[0]} {_listed(places)}"


def _against_the_paper(finding: Finding) -> str:
    outcome, place = finding.outcome, f" {finding.place}" if finding.where else ""
    said, within = f"the paper's {finding.published}", f" to within {finding.margin:g}" if finding.margin else ""
    if outcome.status == "unresolved":
        return f"whether {said} is met{within}{place} is open{_number(finding)}"
    if outcome.status == "pass":
        return f"{said} was met{within}{place}{_number(finding)}"
    missed = "exceeded" if outcome.estimate > float(finding.published.split()[0]) else "not reached"
    return f"{said} was {missed}{place}{_number(finding)}"


def _number(finding: Finding) -> str:
    return f" ({finding.outcome.detail})" if finding.outcome.detail else ""


def _absent(group: list[Finding]) -> str:
    first, places = group[0], [finding.where for finding in group]
    if not first.where or not (first.on_data or len(group) > 1):
        return ", ".join(map(_whole, group))
    what = f"{first.what}{AGAINST.rstrip()} number" if first.published else first.what
    return f"{what} ({'; '.join(places)})"


def _whole(finding: Finding) -> str:
    return finding.label.replace(": ", ", ", 1)


def _listed(words: Sequence[str]) -> str:
    return " and ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} and {words[-1]}"
