"""The contract of an experiment, and the plan that experiments make of a configuration."""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ctbench.spec.config import Config, ExperimentConfig
from ctbench.spec.errors import UserError, unknown
from ctbench.spec.frozen import Frozen, validated
from ctbench.spec.registry import is_own
from ctbench.spec.run import Paper, RunSpec

if TYPE_CHECKING:
    from ctbench.data import Dataset
    from ctbench.training.task import Task


@dataclass(frozen=True)
class Inputs:
    """What a run is given besides its spec.

    Attributes:
        dataset: the prepared data set, or None where the experiment makes its own data.
        parent: spec of the run that a sweep starts from.
        weights: that run's trained weights by seed, name and tensor.
        device: `cpu` or `cuda`.
    """

    dataset: Dataset | None
    parent: RunSpec | None
    weights: Mapping[int, Mapping[str, Any]]
    device: str

    @property
    def trained(self) -> RunSpec:
        """The run that a sweep starts from."""
        assert self.parent is not None
        return self.parent


class Experiment(ABC):
    """One table, figure or theorem of a paper.

    An experiment is a module `ctbench/papers/<paper>/<name>.py` with an instance in its variable `EXPERIMENT`.
    """

    paper: ClassVar[Paper]
    title: ClassVar[str]
    Settings: ClassVar[type[Frozen]]
    parent: ClassVar[str | None] = None
    """Full name of the experiment whose trained weights this one starts from."""
    seeded: ClassVar[bool] = True
    """False for results without randomness."""
    group: ClassVar[int | None] = None
    """How many seeds train together; None means all."""

    @abstractmethod
    def published(self, dataset: str, model: str) -> dict[str, Any]:
        """The paper's own settings for a row of its table; where the paper is silent, this project's.

        Raises UserError on a data set or row that the experiment does not have.
        """

    @abstractmethod
    def reductions(self, dataset: str, model: str, settings: Frozen) -> Iterator[str]:
        """In words, every way in which the settings are smaller than the paper's."""

    @abstractmethod
    def needs(self, dataset: str) -> str | None:
        """Name of the data set to prepare; None where the experiment makes its own data."""

    @abstractmethod
    def code(self, settings: Frozen) -> tuple[str, ...]:
        """Modules that, with what they import, determine the numbers."""

    @abstractmethod
    def seconds(self, settings: Frozen) -> float:
        """A guess of the time of one seed on one core, for the plan."""

    @abstractmethod
    def task(self, spec: RunSpec, seeds: tuple[int, ...], inputs: Inputs) -> Task:
        """The work for a group of seeds."""

    def accepts(self, parent: RunSpec) -> bool:
        """Whether a sweep makes sense from this run."""
        return True

    def settings(self, spec: RunSpec) -> Frozen:
        """The typed settings of a run. Raises UserError naming the key."""
        return validated(self.Settings, spec.settings, f"{spec.name}.{spec.model}")


def model_code(model: str, options: Mapping[str, Any]) -> tuple[str, ...]:
    """Modules of a model and of the scheme that its options name."""
    scheme = (f"ctbench.solvers.tableaux.{options['scheme']}",) if "scheme" in options else ()
    return model if is_own(model) else f"ctbench.models.{model}", *scheme


def row(table: Mapping[str, dict[str, Any]], name: str, kind: str, where: str) -> dict[str, Any]:
    """An entry of a table of settings. Raises UserError with the nearest names."""
    if name not in table:
        raise unknown(kind, name, table, where=where)
    return table[name]


def smaller(settings: Frozen, published: Mapping[str, Any], *fields: str) -> Iterator[str]:
    """`field 5 instead of 10`, for each of the fields in which the settings are not the published ones."""
    for field in fields:
        found, expected = getattr(settings, field), published[field]
        if found != expected:
            yield f"{field.replace('_', ' ')} {found} instead of {expected}"


def expand(config: Config, experiments: Mapping[str, Experiment]) -> list[RunSpec]:
    """The runs of a configuration, sweeps after the runs they start from.

    Raises UserError on an unknown experiment, data set, model or setting, naming the key.
    """
    for name in config.experiments:
        if name not in experiments:
            raise unknown("experiment", name, experiments, where="experiments")
    runs: dict[str, list[RunSpec]] = {}
    for name in sorted(config.experiments, key=lambda n: (experiments[n].parent is not None, n)):
        experiment, chosen = experiments[name], config.experiments[name]
        if experiment.parent is None:
            runs[name] = list(_trained(name, experiment, chosen, config))
        else:
            runs[name] = list(_swept(name, experiment, chosen, runs.get(experiment.parent, [])))
    return list(itertools.chain.from_iterable(runs.values()))


def _trained(name: str, experiment: Experiment, chosen: ExperimentConfig, config: Config) -> Iterator[RunSpec]:
    common = numbered(chosen.seeds if chosen.seeds is not None else config.seeds, f"experiments.{name}.seeds")
    if not chosen.datasets or not chosen.models:
        raise UserError(f"experiments.{name}: names no {'models' if chosen.datasets else 'datasets'}; one is needed.")
    for dataset, here in chosen.datasets.items():
        changes = {key: value for key, value in here.items() if key not in ("models", "seeds")}
        seeds = _seeds_on(dataset, name, chosen, common)
        for model in _models_on(dataset, name, chosen):
            where = f"experiments.{name}.models.{model}"
            like, wanted = _row_and_changes(model, chosen.models[model], where)
            published = experiment.published(dataset, like)
            if wanted.get("model", published.get("model")) != published.get("model"):
                published = {key: value for key, value in published.items() if key != "options"}
            content = over(over(over(published, chosen.settings), changes), wanted)
            settings = validated(experiment.Settings, content, where)
            spec = _spec(experiment, name, dataset, like, settings, seeds=seeds if experiment.seeded else ())
            yield spec.model_copy(update={"model": model})


def _row_and_changes(model: str, wanted: Mapping[str, Any], where: str) -> tuple[str, dict[str, Any]]:
    """The row of the paper's table that a row starts from, itself or the one it names by `like`, and what differs."""
    like = wanted.get("like", model)
    if not isinstance(like, str):
        raise UserError(f"{where}.like: found {like!r}, expected the name of a row of the paper's table.")
    return like, {key: value for key, value in wanted.items() if key != "like"}


def _models_on(dataset: str, name: str, chosen: ExperimentConfig) -> Iterable[str]:
    """The models that run on a data set: those it names, or all. Raises UserError if they are no list of such names."""
    wanted, where = chosen.datasets[dataset].get("models"), f"experiments.{name}.datasets.{dataset}.models"
    if wanted is None:
        return chosen.models
    if not isinstance(wanted, list) or len(set(map(str, wanted))) < len(wanted):
        raise UserError(f"{where}: found {wanted!r}, expected a list of names, each once.")
    for model in wanted:
        if model not in chosen.models:
            raise unknown("model", str(model), chosen.models, where=where)
    return wanted


def _seeds_on(dataset: str, name: str, chosen: ExperimentConfig, common: tuple[int, ...]) -> tuple[int, ...]:
    """The seeds on a data set: those it names, or the experiment's. Raises UserError if they are no seeds."""
    where = f"experiments.{name}.datasets.{dataset}"
    wanted = validated(ExperimentConfig, {"seeds": chosen.datasets[dataset].get("seeds")}, where).seeds
    return common if wanted is None else numbered(wanted, f"{where}.seeds")


def _swept(name: str, experiment: Experiment, chosen: ExperimentConfig, parents: list[RunSpec]) -> Iterator[RunSpec]:
    parents = [parent for parent in parents if not is_own(parent.settings.get("model")) and experiment.accepts(parent)]
    for kind, chosen_names, known in (
        ("model", chosen.models, {parent.model for parent in parents}),
        ("data set", chosen.datasets, {parent.dataset for parent in parents}),
    ):
        for wanted in chosen_names:
            if parents and wanted not in known:
                raise unknown(kind, wanted, known, where=f"experiments.{name}, among the runs of {experiment.parent}")
    if chosen.seeds is not None:
        raise UserError(
            f"experiments.{name}.seeds: found {chosen.seeds!r}; a sweep has the seeds of {experiment.parent}."
        )
    if not parents:
        raise UserError(
            f"experiments.{name}: starts from {experiment.parent}, which has no runs in this configuration."
        )
    for parent in parents:
        if parent.model not in (chosen.models or [parent.model]):
            continue
        if parent.dataset not in (chosen.datasets or [parent.dataset]):
            continue
        here, overrides = chosen.datasets.get(parent.dataset, {}), chosen.models.get(parent.model, {})
        published = experiment.published(parent.dataset, parent.model)
        content = over(over(over(published, chosen.settings), here), overrides)
        settings = validated(experiment.Settings, content, f"experiments.{name}.settings")
        spec = _spec(experiment, name, parent.dataset, parent.model, settings, seeds=parent.seeds, parent=parent.run_id)
        yield spec.model_copy(update={"reduced": tuple(dict.fromkeys([*parent.reduced, *spec.reduced]))})


def _spec(
    experiment: Experiment,
    name: str,
    dataset: str,
    model: str,
    settings: Frozen,
    *,
    seeds: tuple[int, ...],
    parent: str | None = None,
) -> RunSpec:
    return RunSpec(
        paper=experiment.paper,
        experiment=name.partition("/")[2],
        dataset=dataset,
        model=model,
        settings=settings.model_dump(mode="json"),
        seeds=seeds,
        parent=parent,
        reduced=tuple(experiment.reductions(dataset, model, settings)),
    )


def numbered(seeds: int | tuple[int, ...], where: str) -> tuple[int, ...]:
    """Seeds from a number of seeds or a list. Raises UserError if there are none, or one twice."""
    chosen = tuple(range(seeds)) if isinstance(seeds, int) else seeds
    if not chosen:
        raise UserError(f"{where}: found {seeds!r}, expected at least one seed.")
    if len(set(chosen)) < len(chosen):
        raise UserError(f"{where}: found {list(chosen)}, expected each seed once.")
    return chosen


def over(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` over `base`; the model's own `options` are merged key by key."""
    merged = {**base, **changes}
    if "options" in base and "options" in changes:
        merged["options"] = {**base["options"], **changes["options"]}
    return merged


def weights_of(folder: Path, seeds: tuple[int, ...]) -> dict[int, dict[str, Any]]:
    """Trained weights of a record by seed. Raises UserError if a file is missing or damaged."""
    from safetensors.torch import load_file

    found = {}
    for seed in seeds:
        path = folder / "weights" / f"{seed}.safetensors"
        try:
            found[seed] = load_file(path)
        except Exception as error:
            raise UserError(f"{path}: trained weights cannot be read ({error}). Run their training again.") from None
    return found
