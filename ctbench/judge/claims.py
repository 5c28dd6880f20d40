"""Claims: what a paper says, as data (`ctbench/papers/<paper>/claims.yaml`)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from ctbench.judge.criteria import Criterion
from ctbench.spec.errors import UserError, unknown

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

    `folder` holds one folder per paper. Raises UserError if there is no such paper, or its `claims.yaml` is missing or
    wrong (naming file, claim and key).
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
            claims[claim.id] = claim
    return list(claims.values())


def read_claims_file(path: Path) -> list[Claim]:
    """The claims of one file. Raises UserError (file, claim id and key) if it is missing or wrong."""
    head = _checked(ClaimsFile, _yaml(path), str(path))
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


class _Loader(yaml.SafeLoader):
    """YAML without the habit of letting the last of two equal keys win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        if twice := [key for key in keys if keys.count(key) > 1]:
            raise yaml.constructor.ConstructorError(None, None, f"key {twice[0]!r} occurs twice", node.start_mark)
        return super().construct_mapping(node, deep)


def _yaml(path: Path) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a SafeLoader
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}).") from None
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from None
