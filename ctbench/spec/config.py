"""The configuration: `config.yaml` says what differs from a preset, a preset says what is run and how large."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ctbench.spec import files
from ctbench.spec.errors import UserError, unknown
from ctbench.spec.frozen import Frozen, canonical, validated

PRESETS = Path(__file__).resolve().parents[2] / "workflow" / "presets"


Datasets = dict[str, dict[str, Any]]


def _keys(names: Any) -> Any:
    """A list of names as a mapping without overrides."""
    return {str(name): {} for name in names} if isinstance(names, list | tuple) else names


class ExperimentConfig(Frozen):
    """One experiment: which data sets, models and seeds, and where they differ from the paper's settings."""

    datasets: Annotated[Datasets, BeforeValidator(_keys, json_schema_input_type=Datasets | list[str])] = Field(
        default_factory=dict,
        description="Data sets: names, or below each the settings that differ, `models`, if not all, and `seeds`.",
    )
    models: dict[str, dict[str, Any]] = Field(
        default_factory=dict,
        description="Rows of the paper's table; below each, the settings that differ. A row of one's own says `like`.",
    )
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings that differ for all models.")
    seeds: int | tuple[int, ...] | None = Field(None, description="How many seeds, or which; null: the common number.")


class Config(Frozen):
    """The whole configuration, preset and overrides merged."""

    preset: str = Field("laptop", description="Named size of the suite: smoke, laptop, workstation or paper.")
    results: Path = Field(Path("results"), description="Folder of the results; each preset has its own inside.")
    data: Path = Field(Path("data"), description="Folder of the prepared data sets.")
    device: Literal["cpu", "cuda"] = Field("cpu", description="Where networks are trained.")
    threads: int = Field(1, ge=1, description="CPU threads of each run.")
    seeds: int | tuple[int, ...] = Field(10, description="Seeds of every experiment that names none of its own.")
    experiments: dict[str, ExperimentConfig] = Field(default_factory=dict, description="By name, `paper/experiment`.")

    @property
    def folder(self) -> Path:
        """Where the results of this preset go."""
        return self.results / self.preset

    @property
    def state(self) -> Path:
        """Store of finished seeds and of checkpoints; all presets share it."""
        return self.results / ".state"


def load_config(path: Path, presets: Path = PRESETS) -> Config:
    """`config.yaml` over its preset. Raises UserError naming file and key."""
    return merge(read_yaml(path), str(path), presets)


def merge(overrides: Mapping[str, Any], where: str, presets: Path = PRESETS) -> Config:
    """Overrides over the preset that they name. An entry set to null is taken away."""
    name = overrides.get("preset", Config.model_fields["preset"].default)
    known = [p.stem for p in presets.glob("*.yaml")]
    if name not in known:
        raise unknown("preset", str(name), known, where=f"{where}: preset")
    merged = _over(read_yaml(presets / f"{name}.yaml"), overrides)
    return validated(Config, {**merged, "preset": name}, where)


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML mapping. Raises UserError if it is missing, not YAML, says a key twice, or is no mapping."""
    content = files.read_yaml(path)
    try:
        canonical(content)
    except (ValueError, TypeError, RecursionError) as error:  # a date, say, or a loop
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from None
    if not isinstance(content, dict):
        raise UserError(f"{path}: found {type(content).__name__}, expected keys and values.")
    return content


def _over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping):
            below = _keys(merged.get(key))
            merged[key] = _over(below if isinstance(below, Mapping) else {}, value)
        else:
            merged[key] = value
    return merged
