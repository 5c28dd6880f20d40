"""What is damaged is named and made again, and nothing else is done again."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ctbench import data
from ctbench.papers import _runner
from ctbench.papers._plan import plan
from ctbench.papers._runner import Workplace, execute
from ctbench.spec.config import Config
from ctbench.spec.run import RunSpec
from ctbench.training import loop
from ctbench.training.task import SeedResult, Task

SWING: dict[str, Any] = {
    "datasets": ["pendulum_0.1"],
    "models": {"euler": {}},
    "settings": {"iterations": 12, "hidden": [5], "duration": 5.0, "test_steps": [2, 5]},
}
DIGITS: dict[str, Any] = {
    "continuousnet/classification": {
        "datasets": ["digits"],
        "models": {"rk4_k1": {"epochs": 1, "options": {"width": 2, "stages": 1}}},
    },
    "continuousnet/manifestation": {"settings": {"schemes": ["euler"], "steps": [1]}},
}
SWUNG: dict[str, Any] = {"continuousnet/pendulum": SWING}


class Place:
    """A results folder, what was said there and which seeds were trained."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.said, self.trained = folder, [], []

        def counted(task: Task, checkpoint: Path) -> list[SeedResult]:
            results = loop.run(task, checkpoint)
            self.trained += [result.seed for result in results]
            return results

        monkeypatch.setattr(_runner, "run_task", counted)

    def do(self, experiments: dict[str, Any], seeds: int = 2) -> list[Path]:
        """Every run, by the rules of a single call each; the folders."""
        self.said, self.trained = [], []
        jobs = plan(Config(seeds=seeds, results=self.folder, data=self.folder / "data", experiments=experiments))
        for job in jobs:
            place = Workplace(self.folder / ".state", self.folder / "data", log=self.said.append)
            execute(job.spec, job.folder, place)
        return [job.folder for job in jobs]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def numbers(folder: Path) -> dict[str, bytes]:
    files = [folder / "measurements.parquet", folder / "curves.parquet", *sorted(folder.glob("weights/*"))]
    return {path.name: path.read_bytes() for path in files}


def halved(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def one_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES = [halved, one_bit, lambda path: path.write_bytes(b""), Path.unlink]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["measurements.parquet", "timings.parquet", "provenance.json"])
def test_a_damaged_record_is_put_together_again(place: Place, name: str, damage: Callable[[Path], None]) -> None:
    [folder] = place.do(SWUNG)
    before = numbers(folder)
    damage(folder / name)
    place.do(SWUNG)
    assert str(folder / name) in place.said[0] and place.trained == []
    place.do(SWUNG)
    assert numbers(folder) == before and "done before" in place.said[0]


@pytest.mark.parametrize("name", ["record.json", "spec.json"])
@pytest.mark.parametrize("content", ["", "{", "[1]", '{"format": NaN}'])
def test_a_record_that_is_no_json(place: Place, name: str, content: str) -> None:
    [folder] = place.do(SWUNG)
    before = numbers(folder)
    if content != "[1]":
        (folder / name).write_text(content)
        place.do(SWUNG)
        assert numbers(folder) == before and place.trained == []


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["measurements.parquet", "curves.parquet", "provenance.json", "weights.safetensors"])
def test_a_damaged_seed_alone_is_trained_again(place: Place, name: str, damage: Callable[[Path], None]) -> None:
    [folder] = place.do(SWUNG)
    before = numbers(folder)
    [stored] = place.folder.glob(f".state/*/seed-1/{name}")
    shutil.rmtree(folder)
    damage(stored)
    place.do(SWUNG)
    assert str(stored) in place.said[0] or (name == "provenance.json" and str(stored.parent) in place.said[0])
    assert place.trained == [1] and numbers(folder) == before


@pytest.mark.parametrize("content", ["", "{}", "[0,", '["a"]', "null"])
def test_a_group_whose_seeds_are_not_known_starts_afresh(place: Place, content: str) -> None:
    [folder] = place.do(SWUNG)
    before = numbers(folder)
    shutil.rmtree(folder)
    [cell] = (path.parent for path in place.folder.glob(".state/*/seed-0"))
    shutil.rmtree(cell / "seed-0")
    (cell / "group-0123").mkdir()
    (cell / "group-0123/seeds.json").write_text(content)
    place.do(SWUNG)
    assert place.trained == [0] and numbers(folder) == before


@pytest.mark.parametrize("damage", DAMAGES[:3])
def test_damaged_weights_train_their_seed_again_and_leave_the_sweep_alone(
    place: Place, damage: Callable[[Path], None]
) -> None:
    data.prepare("digits", place.folder / "data", log=lambda _: None)
    trained, swept = place.do(DIGITS)
    before = numbers(trained), numbers(swept)
    damage(trained / "weights/1.safetensors")
    place.do(DIGITS)
    assert "1.safetensors" in place.said[0] and "done before" in place.said[-1]
    assert place.trained == [1] and (numbers(trained), numbers(swept)) == before


@pytest.mark.parametrize("damage", DAMAGES[:3])
def test_damaged_data_are_prepared_again(place: Place, damage: Callable[[Path], None]) -> None:
    data.prepare("digits", place.folder / "data", log=lambda _: None)
    folders = place.do(DIGITS)
    before = [numbers(folder) for folder in folders]
    shutil.rmtree(folders[0])
    damage(place.folder / "data/digits.npz")
    place.do(DIGITS)
    assert any("digits.npz: corrupt" in line for line in place.said)
    assert place.trained == [] and [numbers(folder) for folder in folders] == before


def test_a_record_without_its_weights_is_whole(place: Place) -> None:
    """So it stands in `results/reference`."""
    [folder] = place.do(SWUNG)
    shutil.rmtree(folder / "weights")
    place.do(SWUNG)
    assert "done before" in place.said[0]


@pytest.mark.parametrize("name", ["../outside", "a/b", "..", ".hidden", "", "a\nb", "x" * 61])
def test_a_name_cannot_lead_out_of_the_results(name: str) -> None:
    whole = {"paper": "cgnn", "experiment": "e", "dataset": "d", "model": "m", "settings": {}}
    for part in ("experiment", "dataset", "model", "parent"):
        if not (part == "parent" and len(name) > 60):
            with pytest.raises(ValueError, match=part):
                RunSpec(**{**whole, part: name})
