"""A results folder that tells the truth is confirmed; one whose numbers were touched is not."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from ctbench import data
from ctbench.papers._plan import plan
from ctbench.papers._runner import Workplace, execute
from ctbench.papers._verify import Checked, verify
from ctbench.records import measurements
from ctbench.spec.config import Config
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json, sha256, write_json

EXPERIMENTS: dict[str, Any] = {
    "continuousnet/classification": {
        "datasets": ["digits"],
        "models": {"rk4_k1": {"epochs": 1, "options": {"width": 2, "stages": 1}}},
    },
    "continuousnet/manifestation": {"settings": {"schemes": ["euler"], "steps": [1]}},
}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    data.prepare("digits", folder / "data", log=lambda _: None)
    for job in plan(Config(seeds=1, results=folder, data=folder / "data", experiments=EXPERIMENTS)):
        execute(job.spec, job.folder, Workplace(folder / ".state", folder / "data", log=lambda _: None))
    return folder


@pytest.fixture
def results(once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(once / "laptop", tmp_path / "copied")


def checked(results: Path, once: Path, tmp_path: Path, **chosen: Any) -> dict[str, Checked]:
    """What came of each run, by its experiment."""
    place = Workplace(Path("none"), once / "data", log=lambda _: None)
    chosen = {"sample": 9, "minutes": 0, "seed": 0, **chosen}
    found = verify(results, tmp_path / "scratch", place, **chosen)
    return {each.run.partition("-")[0]: each for each in found}


def outcomes(*arguments: Any, **chosen: Any) -> set[str]:
    return {each.outcome for each in checked(*arguments, **chosen).values()}


def folder_of(results: Path, experiment: str) -> Path:
    [found] = results.glob(f"runs/{experiment}-*")
    return found


def retold(folder: Path, change: float) -> None:
    """Other measurements with hashes that fit them, as somebody would forge them."""
    path = folder / "measurements.parquet"
    rows = measurements.read(path)
    measurements.write(rows.assign(value=rows["value"] * change), path)
    rehashed(folder)


def rehashed(folder: Path) -> None:
    content = read_json(folder / "record.json")
    write_json(folder / "record.json", {**content, "files": {n: sha256(folder / n) for n in content["files"]}})


def test_honest_results(results: Path, once: Path, tmp_path: Path) -> None:
    assert outcomes(results, once, tmp_path) == {"identical"}


def test_results_without_weights_train_the_parent_again(results: Path, once: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder_of(results, "classification") / "weights")
    assert outcomes(results, once, tmp_path) == {"identical"}


def test_a_number_that_was_touched(results: Path, once: Path, tmp_path: Path) -> None:
    retold(folder_of(results, "manifestation"), 1.0001)
    found = checked(results, once, tmp_path)
    assert found["manifestation"].outcome == "differs" and "measurements" in found["manifestation"].detail
    assert found["classification"].outcome == "identical"


def test_other_weights_with_the_same_numbers(results: Path, once: Path, tmp_path: Path) -> None:
    folder = folder_of(results, "classification")
    path = folder / "provenance.json"
    origin = read_json(path)
    origin["seeds"]["0"]["files"]["weights.safetensors"] = "0"
    write_json(path, origin)
    rehashed(folder)
    assert "weights of seed 0" in checked(results, once, tmp_path)["classification"].detail


@pytest.mark.parametrize("change, outcome", [(1.0, "identical"), (1.001, "within tolerance"), (1.5, "differs")])
def test_another_machine(results: Path, once: Path, tmp_path: Path, change: float, outcome: str) -> None:
    folder = folder_of(results, "manifestation")
    path = folder / "provenance.json"
    origin = read_json(path)
    origin["seeds"]["0"]["cpu"] = "Another"
    write_json(path, origin)
    retold(folder, change)
    found = checked(results, once, tmp_path)["manifestation"]
    assert found.outcome == outcome and "cpu" in found.detail


def test_a_damaged_file_is_named(results: Path, once: Path, tmp_path: Path) -> None:
    path = folder_of(results, "manifestation") / "curves.parquet"
    path.write_bytes(path.read_bytes()[:-9])
    found = checked(results, once, tmp_path, sample=0)["manifestation"]
    assert found.outcome == "differs" and "curves.parquet: damaged" in found.detail


def test_what_cannot_be_done_again_is_skipped_with_a_word(results: Path, once: Path, tmp_path: Path) -> None:
    found = checked(results, once, tmp_path, minutes=0.0001)
    assert {each.outcome for each in found.values()} == {"skipped"} and "are left" in found["manifestation"].detail
    folder = folder_of(results, "classification")
    write_json(folder / "record.json", {**read_json(folder / "record.json"), "code": "0ther"})
    assert "other code" in checked(results, once, tmp_path)["classification"].detail


def test_the_sample_is_random_and_repeatable(results: Path, once: Path, tmp_path: Path) -> None:
    folder = folder_of(results, "classification")
    for n in range(8):
        shutil.copytree(folder, folder.with_name(f"copy-{n}"))
    place, limits = Workplace(tmp_path, tmp_path), {"sample": 9, "minutes": 1e-4}
    orders = [tuple(each.run for each in verify(results, tmp_path, place, seed=seed, **limits)) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2] and set(orders[0]) == set(orders[2])


def test_no_results(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found no records"):
        list(verify(tmp_path, tmp_path, Workplace(tmp_path, tmp_path), sample=1, minutes=1, seed=0))
