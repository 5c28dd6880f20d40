"""Every experiment: its rows resolve to typed settings, its code can be hashed, its claims and runs name each other."""

from pathlib import Path

import pytest

from ctbench.judge import load_claims
from ctbench.papers import experiments
from ctbench.papers._experiment import expand
from ctbench.spec.code import code_hash
from ctbench.spec.config import PRESETS, merge
from ctbench.spec.frozen import canonical
from ctbench.spec.run import RunSpec

NAMES = sorted(experiments())


def runs(preset: str) -> list[RunSpec]:
    return expand(merge({"preset": preset}, "test"), experiments())


@pytest.mark.parametrize("preset", [p.stem for p in sorted(Path(PRESETS).glob("*.yaml"))])
def test_every_preset_plans_distinct_runs_with_parents_first(preset: str) -> None:
    planned = runs(preset)
    ids = [run.run_id for run in planned]
    assert len(set(ids)) == len(ids)
    for position, run in enumerate(planned):
        assert run.parent is None or run.parent in ids[:position]


@pytest.mark.parametrize("preset", [p.stem for p in sorted(Path(PRESETS).glob("*.yaml"))])
def test_no_two_models_would_find_the_same_finished_result(preset: str) -> None:
    """The store of finished seeds knows settings, not the names of models."""
    keys = [canonical([run.name, run.dataset, run.settings, run.parent]) for run in runs(preset)]
    assert sorted(keys) == sorted(set(keys))


@pytest.mark.parametrize("name", NAMES)
def test_an_experiment_is_tried_and_run_at_scale(name: str) -> None:
    """Some take too long for preset laptop."""
    for preset in ("smoke", "workstation", "paper"):
        assert name in {run.name for run in runs(preset)}


@pytest.mark.parametrize("name", NAMES)
def test_code_is_found_and_settings_survive_the_spec(name: str) -> None:
    experiment = experiments()[name]
    run = next(run for run in runs("paper") if run.name == name)
    settings = experiment.settings(run)
    assert settings.model_dump(mode="json") == run.settings
    assert len(code_hash(experiment.code(settings))) == 12


@pytest.mark.parametrize("name", NAMES)
def test_some_claim_rests_on_the_experiment(name: str) -> None:
    paper, _, short = name.partition("/")
    mentioned = {c.experiment for c in load_claims(paper)} | {
        getattr(select, "experiment", None) or ""
        for c in load_claims(paper)
        for criterion in c.criteria
        for select in (getattr(criterion, "a", None), getattr(criterion, "b", None))
        if select is not None
    }
    assert short in mentioned


def test_the_paper_preset_reduces_nothing() -> None:
    assert {run.run_id: run.reduced for run in runs("paper") if run.reduced} == {}
