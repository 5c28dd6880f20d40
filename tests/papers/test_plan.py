from pathlib import Path
from typing import Any

import pytest
import yaml

from ctbench.papers import experiments
from ctbench.papers._plan import plan, write_plan
from ctbench.papers._runner import Workplace, execute
from ctbench.records import record
from ctbench.spec.config import Config, load_config
from ctbench.spec.run import read_spec

SWING: dict[str, Any] = {
    "datasets": ["pendulum_0.1", "pendulum_0.2"],
    "models": {"euler": {}, "rk4": {}},
    "settings": {"iterations": 10, "hidden": [4], "duration": 4.0, "test_steps": [2]},
}
CLASSIFIED: dict[str, Any] = {"datasets": ["digits"], "models": {"resnet_k1": {}, "euler_k1": {}, "rk4_k2": {}}}


def config(results: Path, **chosen: Any) -> Config:
    return Config(
        seeds=2, results=results, experiments={name.replace("__", "/"): each for name, each in chosen.items()}
    )


def test_every_data_set_and_model_is_a_run(tmp_path: Path) -> None:
    jobs = plan(config(tmp_path, continuousnet__pendulum=SWING))
    assert [(job.spec.dataset, job.spec.model) for job in jobs] == [
        ("pendulum_0.1", "euler"),
        ("pendulum_0.1", "rk4"),
        ("pendulum_0.2", "euler"),
        ("pendulum_0.2", "rk4"),
    ]
    assert len({job.folder for job in jobs}) == 4 and all(
        job.folder.is_relative_to(tmp_path / "laptop") for job in jobs
    )
    assert {job.data for job in jobs} == {None} and not any(job.done or job.measured for job in jobs)


def test_sweeps_follow_the_runs_that_they_start_from(tmp_path: Path) -> None:
    sweeps = {f"continuousnet__{name}": {} for name in ("manifestation", "fewer_units", "adjoint")}
    jobs = plan(config(tmp_path, **sweeps, continuousnet__classification=CLASSIFIED))
    ids = [job.spec.run_id for job in jobs]
    started = [(job.spec.experiment, job.spec.model) for job in jobs if job.spec.parent]
    assert started == [
        *(("adjoint", model) for model in ("euler_k1", "rk4_k2")),
        ("fewer_units", "rk4_k2"),
        *(("manifestation", model) for model in CLASSIFIED["models"]),
    ]
    assert all(ids.index(job.spec.parent) < ids.index(job.spec.run_id) for job in jobs if job.spec.parent)
    assert all(job.data == "digits" for job in jobs)


def test_a_sweep_of_some_rows(tmp_path: Path) -> None:
    chosen = {"continuousnet__manifestation": {"models": {"rk4_k2": {"steps": [3]}}}}
    jobs = plan(config(tmp_path, continuousnet__classification=CLASSIFIED, **chosen))
    assert [(spec.model, spec.settings["steps"]) for job in jobs if (spec := job.spec).parent] == [("rk4_k2", [3])]


def test_what_was_reduced_is_said_and_goes_down_to_the_sweep(tmp_path: Path) -> None:
    chosen = {**CLASSIFIED, "models": {"euler_k1": {"epochs": 3}}}
    jobs = plan(config(tmp_path, continuousnet__classification=chosen, continuousnet__manifestation={}))
    for job in jobs:
        assert job.spec.scale == "reduced"
        assert {"epochs 3 instead of 120", "digits instead of cifar10"} <= set(job.spec.reduced)
    paper = plan(config(tmp_path, cgnn__fixed_split={"datasets": ["cora"], "models": {"gcn": {}}}))
    assert paper[0].spec.reduced == () and paper[0].spec.scale == "paper"


def test_results_without_randomness_have_no_seeds(tmp_path: Path) -> None:
    chosen = {"datasets": ["random_graph"], "models": {"closed_form": {}}}
    [job] = plan(config(tmp_path, cgnn__propositions=chosen))
    assert job.spec.seeds == () and job.seconds == experiments()["cgnn/propositions"].seconds(None)


def test_more_seeds_take_longer_and_leave_the_settings_alone(tmp_path: Path) -> None:
    few, many = (
        plan(config(tmp_path, continuousnet__pendulum={**SWING, "models": {"euler": {}}, "seeds": n})) for n in (2, 8)
    )
    assert many[0].seconds == pytest.approx(4 * few[0].seconds) and few[0].spec.settings == many[0].spec.settings
    assert few[0].spec.run_id != many[0].spec.run_id


@pytest.fixture
def done(tmp_path: Path) -> Config:
    """A configuration whose one run is done."""
    one = {**SWING, "datasets": ["pendulum_0.1"], "models": {"euler": {}}}
    found = config(tmp_path, continuousnet__pendulum=one)
    [job] = plan(found)
    execute(job.spec, job.folder, Workplace(found.state, found.data, log=lambda _: None))
    return found


def test_the_plan_knows_what_is_done_and_how_long_it_took(done: Config) -> None:
    [job] = plan(done)
    origin = record.read_json(job.folder / "provenance.json")["seeds"]["0"]
    assert job.done and job.measured
    assert job.seconds == pytest.approx(
        2 * min(origin["wall_seconds"], origin["process_seconds"]) / origin["trained_together"]
    )


def test_a_run_a_thousand_times_as_long_is_expected_to_take_longer(done: Config) -> None:
    [short] = plan(done)
    experiment = done.experiments["continuousnet/pendulum"].model_dump()
    longer = {**experiment, "settings": {**experiment["settings"], "iterations": 10_000}}
    [long] = plan(config(done.results, continuousnet__pendulum=longer))
    assert long.seconds > 100 * short.seconds


def test_a_written_plan_says_the_same_when_read(tmp_path: Path) -> None:
    overrides = {"results": str(tmp_path), "preset": "smoke", "experiments": {"cgnn/propositions": None}}
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(overrides))
    found = load_config(path)
    jobs = plan(found)
    written = write_plan(found, jobs, overrides)
    assert load_config(written) == found
    assert [read_spec(job.folder / "spec.json") for job in jobs] == [job.spec for job in jobs]
    assert (found.folder / "plan.txt").read_text().split() == [job.spec.run_id for job in jobs]
    times = {path: path.stat().st_mtime_ns for path in found.folder.rglob("*") if path.is_file()}
    write_plan(found, jobs, overrides)
    assert {path: path.stat().st_mtime_ns for path in times} == times
