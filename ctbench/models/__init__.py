"""Models: one file for each; `MODELS` finds them by name."""

from collections.abc import Mapping
from typing import Any

from ctbench.spec.frozen import validated
from ctbench.spec.registry import Registry

MODELS: Registry[Any] = Registry("ctbench.models", "model", "MODEL")


def resolved(model: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """All settings of a model, defaults filled in. Raises UserError naming the key."""
    return validated(MODELS[model].Options, options, f"options of {model}").model_dump(mode="json")
