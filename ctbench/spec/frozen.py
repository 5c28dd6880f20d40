"""The base of every typed setting: frozen, and unknown keys are refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ctbench.spec.errors import UserError, unknown

M = TypeVar("M", bound=BaseModel)


class Frozen(BaseModel):
    """Settings that do not change once made and take no key that they do not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def canonical(content: Any) -> str:
    """One text for one content: JSON with sorted keys and no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(content: Any, length: int = 12) -> str:
    """The first `length` hex digits of the SHA-256 of the canonical JSON."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()[:length]


def validated(kind: type[M], content: Any, where: str) -> M:
    """`content` as a `kind`. Raises UserError that names the key, what was found and what was expected."""
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        *path, key = ["", *(str(part) for part in first["loc"])]
        place = ".".join(part for part in [where, *path, key] if part)
        if first["type"] == "extra_forbidden":
            raise unknown("key", key, _fields(kind, path), where=place) from None
        raise UserError(f"{place}: found {first['input']!r}. {first['msg']}.") from None


def _fields(kind: type[BaseModel], path: list[str]) -> list[str]:
    """The keys of the model at `path` inside `kind`; those of `kind` itself where the path leaves the models."""
    for part in path:
        field = kind.model_fields.get(part)
        annotation = field.annotation if field else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            kind = annotation
    return list(kind.model_fields)
