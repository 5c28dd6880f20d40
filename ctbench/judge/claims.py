"""Claims: what a paper says, as data (`ctbench/papers/<paper>/claims.yaml`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from ctbench.judge.criteria import Criterion
from ctbench.spec.errors import UserError, unknown
from ctbench.spec.files import read_yaml

Model = TypeVar("Model", bound=BaseModel)

PAPERS = Path(__file__).resolve().parents[1] / "papers"

Line = Annotated[str, AfterValidator(lambda text: " ".join(text.split()))]
Named = Annotated[Line, Field(min_length=1)]


class Claim(BaseModel):
    """One statement of a paper and the criteria by which it is judged.

    `paper_value` is in `unit`; None where the paper gives no number. `status` says why a claim cannot be judged at all,
    `reason` why it is not run.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    paper: Named
    id: Named
    statement: Named
    source: Line = ""
    experiment: Line = ""
    quantity: Line = ""
    unit: Line = ""
    paper_value: FiniteFloat | None = None
    paper_source: Line = ""
    status: Literal["proof only", "no source"] | None = None
    reason: Line = ""
    criteria: tuple[Criterion, ...] = ()


class ClaimsFile(BaseModel):
    """The head of a claims file; the claims are read one by one, so that an error can name its claim."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    paper: Named
    title: Named
    authors: tuple[Named, ...] = ()
    arxiv: Line = ""
    year: int | None = None
    claims: tuple[dict[str, Any], ...]


def load_claims(paper: str | None = None, *, folder: Path = PAPERS) -> list[Claim]:
    """The claims of one paper, or of all in alphabetical order.

    `folder` holds one folder per paper, with one file per experiment. Raises UserError if there is no such paper, its
    `claims.yaml` is missing or wrong (naming file, claim and key), or a criterion names an experiment without a file.
    """
    papers = sorted(p.name for p in folder.iterdir() if p.is_dir() and p.name[0] not in "_.")
    if paper is not None and paper not in papers:
        raise unknown("paper", paper, papers)
    claims: dict[str, Claim] = {}
    for name in papers if paper is None else [paper]:
        path = folder / name / "claims.yaml"
        for claim in read_claims_file(path):
            if claim.paper != name:
                raise UserError(f"{path}: paper: found {claim.paper!r}, expected {name!r}, the name of its folder.")
            if claim.id in claims:
                raise UserError(f"{path}: claim {claim.id}: the id is taken by a claim of {claims[claim.id].paper}.")
            _check_experiments(claim, path)
            claims[claim.id] = claim
    return list(claims.values())


def _check_experiments(claim: Claim, path: Path) -> None:
    """A name that no experiment has would select nothing, and the claim would stand as not run for ever."""
    for criterion in claim.criteria:
        for select in criterion.within(claim.paper, claim.experiment).selects().values():
            known = {file.stem for file in (path.parents[1] / str(select.paper)).glob("[!_]*.py")}
            if select.experiment is not None and select.experiment not in known:
                where = f"{path}: claim {claim.id}, criterion {criterion.label!r}"
                raise unknown("experiment", select.experiment, known, where=where)


def read_claims_file(path: Path) -> list[Claim]:
    """The claims of one file. Raises UserError (file, claim id and key) if it is missing or wrong."""
    head = _checked(ClaimsFile, read_yaml(path), str(path))
    claims = []
    for position, content in enumerate(head.claims):
        if "paper" in content:
            raise UserError(f"{path}: claim {content.get('id', position)}: paper: belongs at the head of the file.")
        claims.append(_checked(Claim, {"paper": head.paper, **content}, f"{path}: claim {content.get('id', position)}"))
    ids = [claim.id for claim in claims]
    if twice := sorted({i for i in ids if ids.count(i) > 1}):
        raise UserError(f"{path}: claim {twice[0]}: the id occurs {ids.count(twice[0])} times.")
    return claims


def _checked(model: type[Model], content: Any, where: str) -> Model:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, e['loc'])) or 'file'}: {e['msg']}" for e in error.errors()]
        raise UserError(f"{where}: {'; '.join(faults)}.") from None
