"""A run: one experiment at one setting, as frozen, hashable data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json
from ctbench.spec.frozen import Frozen, canonical, digest, validated

PAPERS = ("continuousnet", "neural_gde", "cgnn", "koopman", "benign_functions", "learnability")
Paper = Literal["continuousnet", "neural_gde", "cgnn", "koopman", "benign_functions", "learnability"]
FORMAT = 1
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.+ -]*$", max_length=60)]
"""A part of a run's id, which is the name of a folder: it cannot lead elsewhere."""


class RunSpec(Frozen):
    """Everything that determines a run.

    `settings` are fully resolved: they hold each default, so the same run keeps its id whoever wrote it down.
    `reduced` says in words where the settings differ from the paper's own; empty means the paper's scale.
    `parent` is the run whose trained weights a sweep starts from.
    """

    format: Literal[1] = FORMAT
    paper: Paper
    experiment: Name
    dataset: Name
    model: Name
    settings: dict[str, Any]
    seeds: tuple[int, ...] = ()
    parent: Annotated[Name, Field(max_length=200)] | None = None
    reduced: tuple[str, ...] = ()

    @property
    def run_id(self) -> str:
        """Readable label and the hash of the resolved spec."""
        label = "-".join([self.experiment, self.dataset, self.model])
        return f"{label}-{digest(self.model_dump(mode='json'))}"

    @property
    def name(self) -> str:
        """The experiment's full name, `paper/experiment`."""
        return f"{self.paper}/{self.experiment}"

    @property
    def scale(self) -> str:
        return "reduced" if self.reduced else "paper"

    def __hash__(self) -> int:
        return hash(self.run_id)

    def text(self) -> str:
        return canonical(self.model_dump(mode="json"))


def read_spec(path: Path) -> RunSpec:
    """Raises UserError if the file is missing, unreadable, or of another version of the format."""
    content = read_json(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        found = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise UserError(f"{path}: found a run specification of format {found!r}, expected {FORMAT}.")
    return validated(RunSpec, content, str(path))
