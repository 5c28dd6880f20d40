"""From outcomes to verdicts: one row of `claims.csv` for every claim."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ctbench.judge.claims import Claim
from ctbench.judge.criteria import Base, OfRatio
from ctbench.judge.listing import Judged, criteria_table
from ctbench.judge.numbers import plain
from ctbench.judge.outcome import Outcome
from ctbench.judge.selection import AmbiguousError
from ctbench.judge.sentence import sentence
from ctbench.judge.statistics import holm
from ctbench.judge.tables import read_table, typed
from ctbench.spec.errors import UserError

VERDICTS: tuple[str, ...] = (
    "reproduced",
    "partly reproduced",
    "not reproduced",
    "inconclusive",
    "not run",
    "proof only",
    "no source",
)

DTYPES: dict[str, str] = {
    "claim_id": "string",
    "paper": "string",
    "statement": "string",
    "experiment": "string",
    "quantity": "string",
    "paper_value": "float64",
    "paper_source": "string",
    "measured": "float64",
    "ci_low": "float64",
    "ci_high": "float64",
    "n": "Int64",
    "criterion": "string",
    "verdict": "string",
    "scale": "string",
    "detail": "string",
    "runs": "string",
}

_WORDS = ("paper", "experiment", "dataset", "model", "solver", "metric", "unit", "scale", "run")


class Verdicts(NamedTuple):
    """The claims table (one row per claim) and the criteria table (one per criterion), in the order of the claims."""

    claims: pd.DataFrame
    criteria: pd.DataFrame


def judge(
    measurements: pd.DataFrame,
    claims: Sequence[Claim],
    *,
    absent: str = "not in this preset",
    waiting: Collection[str] = (),
) -> Verdicts:
    """The verdicts on the claims.

    `measurements` is the tidy table of `records.measurements`; `absent` is the reason given for a claim of which
    nothing was measured, unless its experiment is among those `waiting` for runs, by `paper/name`. Numbers have six
    significant digits; in the claims table, `measured` and its interval are those of the first criterion that could be
    judged, in the unit of `quantity`.
    Raises UserError (naming the claim) if a selection leaves open which measurement it means.
    """
    table = _Table(measurements)
    outcomes = _holm_by_table(claims, [_judge_claim(claim, table) for claim in claims])
    judged = list(zip(claims, outcomes, strict=True))
    later = "planned, not run yet"
    rows = [
        _row(claim, members, later if f"{claim.paper}/{claim.experiment}" in waiting else absent)
        for claim, members in judged
    ]
    return Verdicts(typed(rows, DTYPES), criteria_table(judged))


def read_claims(path: Path) -> pd.DataFrame:
    """Reads the claims table. Raises UserError if the file is missing, broken or has other columns."""
    return read_table(path, DTYPES, "claims")


class _Table:
    """The measurements, cut by paper and experiment: a criterion reads those that it is about and no others."""

    def __init__(self, measurements: pd.DataFrame) -> None:
        words = measurements[list(_WORDS)].astype(object)  # pandas' own strings are slow to look up, in names as well
        self.whole = measurements.assign(**{name: words[name].astype("category") for name in _WORDS})
        self.whole.columns = pd.Index(list(measurements.columns), dtype=object)
        self.parts = dict(iter(self.whole.groupby(["paper", "experiment"], observed=True)))

    def of(self, criterion: Base) -> pd.DataFrame:
        """The rows among which the selections of a criterion find theirs."""
        places = {(select.paper, select.experiment) for select in criterion.selects().values()}
        if any(None in place for place in places):
            return self.whole
        found = [self.parts[place] for place in sorted(places) if place in self.parts]
        return found[0] if len(found) == 1 else pd.concat([self.whole.iloc[:0], *found])


def _judge_claim(claim: Claim, table: _Table) -> list[Judged]:
    if claim.status is not None:
        return []
    return [(criterion, _judge_criterion(claim, criterion, table)) for criterion in claim.criteria]


def _judge_criterion(claim: Claim, criterion: Base, table: _Table) -> Outcome:
    placed = criterion.within(claim.paper, claim.experiment)
    try:
        return placed.judge(table.of(placed))
    except AmbiguousError as error:
        raise UserError(f"claim {claim.id}, criterion {criterion.label!r}: {error}") from None


def _holm_by_table(claims: Sequence[Claim], judged: list[list[Judged]]) -> list[list[Judged]]:
    """Holm over all p-values of a paper's criteria on one experiment; one rule in two claims counts once.

    What stands beside claims is corrected by itself: what this project asks besides makes no claim harder to hold.
    """
    result = [list(of_claim) for of_claim in judged]
    tested = [
        ((claims[i].paper, _experiment_of(claims[i], criterion), criterion.beside), i, j)
        for i, of_claim in enumerate(judged)
        for j, (criterion, outcome) in enumerate(of_claim)
        if outcome.p is not None
    ]
    for _, members in groupby(sorted(tested), key=lambda member: member[0]):
        rules: dict[str, list[tuple[int, int]]] = {}
        for _, i, j in members:
            rules.setdefault(_test_of(claims[i], judged[i][j][0]), []).append((i, j))
        raw = [p for (i, j), *_ in rules.values() if (p := judged[i][j][1].p) is not None]
        for places, p in zip(rules.values(), holm(raw), strict=True):
            for i, j in places:
                criterion, outcome = judged[i][j]
                result[i][j] = (criterion, outcome.adjusted(float(p)))
    return result


def _experiment_of(claim: Claim, criterion: Base) -> str:
    """The experiment whose measurements a criterion is about."""
    return criterion.within(claim.paper, claim.experiment).selects()["a"].experiment or ""


def _test_of(claim: Claim, criterion: Base) -> str:
    """What is tested, whatever it is called."""
    return criterion.within(claim.paper, claim.experiment).model_dump_json(exclude={"label", "beside"})


def verdict_of(statuses: Sequence[str]) -> str:
    """The verdict on a claim from the statuses of its criteria; those not run do not count."""
    found = set(statuses) - {"not run"}
    if not found:
        return "not run"
    if found == {"pass"}:
        return "reproduced"
    if "pass" in found:
        return "partly reproduced"
    return "not reproduced" if "fail" in found else "inconclusive"


def _row(claim: Claim, judged: list[Judged], absent: str) -> dict[str, Any]:
    own = [member for member in judged if not member[0].beside]
    run = [member for member in own if member[1].status != "not run"]
    said = sentence(judged)
    row = {
        "claim_id": claim.id,
        "paper": claim.paper,
        "statement": claim.statement,
        "experiment": claim.experiment,
        "quantity": _with_unit(claim.quantity, claim.unit),
        "paper_value": claim.paper_value,
        "paper_source": claim.paper_source,
        "criterion": "; ".join(f"{c.label}: {c.rule}" for c in claim.criteria),
        "verdict": claim.status or verdict_of([outcome.status for _, outcome in own]),
        "scale": "",
        "detail": "; ".join(part for part in (_why_not(claim, absent), said) if part),
        "runs": "",
    }
    if not run:
        return row
    found = _measured(claim, own, run)
    return row | found | {"detail": "; ".join([said, *_excluded(claim, found["paper_value"], run[0][1])])}


def _excluded(claim: Claim, published: float | None, primary: Outcome) -> Iterator[str]:
    """Says where the interval of an open criterion leaves out the paper's number."""
    if primary.status != "unresolved" or published is None or not (primary.ci_low < primary.ci_high):
        return
    if published < primary.ci_low or primary.ci_high < published:
        yield f"the paper's {plain(published)} lies outside the interval of {claim.quantity}"


def _measured(claim: Claim, own: list[Judged], run: list[Judged]) -> dict[str, Any]:
    """The numbers of the first of its `own` criteria that `run`.

    The claim's quantity and the paper's number describe its first criterion: where another stands for it, that one's
    label does, and no number of the paper. The scale is the paper's where all was measured at that scale.
    """
    criterion, primary = run[0]
    unit = "ratio" if isinstance(criterion, OfRatio) else primary.unit
    quantity = claim.quantity if criterion is claim.criteria[0] else criterion.label
    comparable = criterion is claim.criteria[0] and (not claim.unit or not unit or unit == claim.unit)
    scales = frozenset[str]().union(*(outcome.scales for _, outcome in run))
    runs = frozenset[str]().union(*(outcome.runs for _, outcome in run))
    return {
        "quantity": _with_unit(quantity, claim.unit if comparable else unit),
        "paper_value": claim.paper_value if comparable else None,
        "paper_source": claim.paper_source if comparable else "",
        "measured": primary.estimate,
        "ci_low": primary.ci_low,
        "ci_high": primary.ci_high,
        "n": primary.n,
        "scale": "paper" if scales == {"paper"} and len(run) == len(own) else "reduced",
        "runs": " ".join(sorted(runs)),
    }


def _with_unit(quantity: str, unit: str) -> str:
    return f"{quantity} ({unit})" if quantity and unit else quantity


def _why_not(claim: Claim, absent: str) -> str:
    if claim.status is not None or not claim.criteria:
        return claim.reason or ("no experiment yet" if claim.status is None else "")
    return f"{absent}: {claim.reason}" if claim.reason else absent
