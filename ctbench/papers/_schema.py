"""The JSON schema of `config.yaml`, with every experiment's own settings: `python -m ctbench.papers._schema`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ctbench.papers import experiments
from ctbench.spec.config import Config, ExperimentConfig
from ctbench.spec.files import write_json
from ctbench.spec.frozen import Frozen

PATH = "workflow/schemas/config.schema.json"
LIKE = {"type": "string", "description": "The row of the paper's table that a row of one's own starts from."}


def schema() -> dict[str, Any]:
    """What may stand in a configuration; null takes an entry of the preset away."""
    whole = Config.model_json_schema()
    definitions = whole.pop("$defs")
    shared = ExperimentConfig.model_json_schema()
    named = {}
    for name, experiment in experiments().items():
        settings = partial(experiment.Settings)
        rows = {**settings, "properties": {**settings["properties"], "like": LIKE}}
        models = {**shared["properties"]["models"], "additionalProperties": nullable(rows)}
        properties = {**shared["properties"], "settings": settings, "models": models}
        named[name] = nullable({**shared, "properties": properties})
    whole["properties"]["experiments"] = {
        "type": "object",
        "properties": named,
        "additionalProperties": False,
        "description": Config.model_fields["experiments"].description,
    }
    whole["properties"] = {
        key: content if key == "preset" else nullable(content) for key, content in whole["properties"].items()
    }
    definitions.pop("ExperimentConfig")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **whole,
        **({"$defs": definitions} if definitions else {}),
    }


def partial(settings: type[Frozen]) -> dict[str, Any]:
    """The schema of settings of which any may be left out."""
    assert issubclass(settings, BaseModel)
    found = settings.model_json_schema()
    return {key: value for key, value in found.items() if key != "required"}


def nullable(content: dict[str, Any]) -> dict[str, Any]:
    """`content` or null."""
    return {"anyOf": [content, {"type": "null"}]}


if __name__ == "__main__":
    from pathlib import Path

    write_json(Path(PATH), schema())
