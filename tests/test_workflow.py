"""The workflow: what is done is not done again, and a change runs what it touches and nothing else.

Everything happens in a copy of the repository, whose Python files and configuration are then edited.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from ctbench.spec.config import PRESETS, read_yaml

ROOT = Path(__file__).resolve().parents[1]
TINY = {
    "preset": "smoke",
    "results": "out",
    "data": "prepared",
    "seeds": 1,
    "experiments": {
        **dict.fromkeys(read_yaml(PRESETS / "smoke.yaml")["experiments"]),
        "continuousnet/pendulum": {
            "models": {"rk4": None},
            "settings": {"iterations": 10, "hidden": [4], "duration": 4.0, "test_steps": [2]},
        },
        "continuousnet/classification": {
            "models": {"resnet_k1": None, "rk4_k1to2": None},
            "settings": {"epochs": 1, "options": {"width": 2, "stages": 1}},
        },
        "continuousnet/manifestation": {"settings": {"schemes": ["euler"], "steps": [1]}},
    },
}
JOB = re.compile(r"^(?:local)?rule (\w+):|^    wildcards: \w+=([a-z]+)", re.MULTILINE)
SWEEP, IMAGES, PENDULUM = "sweep_continuousnet_digits_1", "train_continuousnet_digits_1", "train_continuousnet_1"


class Copy:
    """A copy of the repository and Snakemake in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("ctbench", "workflow", "profiles"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Snakefile", "config.yaml"):
            shutil.copy(ROOT / name, folder)
        self.write()

    def write(self, comment: str = "", **change: str | float) -> None:
        """The tiny configuration; `change` are settings of the one classification."""
        classification = {**TINY["experiments"]["continuousnet/classification"]}
        classification["models"] = {**classification["models"], "euler_k1": change}
        experiments = {**TINY["experiments"], "continuousnet/classification": classification}
        text = comment + yaml.safe_dump({**TINY, "experiments": experiments})
        (self.folder / "tiny.yaml").write_text(text)

    def snakemake(self, *arguments: str) -> str:
        """What Snakemake says, on both streams."""
        environment = {**os.environ, "PYTHONPATH": str(self.folder), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "tiny.yaml", *arguments]
        found = subprocess.run(
            command, cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.code = found.returncode
        return found.stdout

    def jobs(self) -> list[str]:
        """The jobs that would run now: the rule, and the experiment or data set if it is one of many."""
        said = self.snakemake("--dry-run")
        assert self.code == 0, said
        assert "profile profiles/default" in said
        jobs: list[str] = []
        for rule, one in JOB.findall(said):
            jobs += [rule] if rule else [f"{jobs.pop()} {one}"]
        assert (not jobs) == ("Nothing to be done" in said), said
        return sorted(set(jobs) - {"all"})


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """A copy in which everything was done once."""
    made = Copy(tmp_path_factory.mktemp("copy"))
    assert made.jobs() == ["judge", "prepare digits", "report", SWEEP, PENDULUM, IMAGES]
    said = made.snakemake()
    assert made.code == 0, said
    return made


def edited(copy: Copy, name: str, change: Callable[[str], str]) -> list[str]:
    """The jobs that an edit of a file brings about; the file is then as before."""
    path = copy.folder / name
    before = path.read_text()
    assert change(before) != before
    path.write_text(change(before))
    try:
        return copy.jobs()
    finally:
        path.write_text(before)


def test_the_results_are_there_and_nothing_is_left_to_do(copy: Copy) -> None:
    claims = pd.read_csv(copy.folder / "out/smoke/claims.csv")
    assert len(claims) > 20 and claims["claim_id"].is_unique
    rows = pd.read_parquet(copy.folder / "out/smoke/measurements.parquet")
    assert set(rows["experiment"]) == {"pendulum", "classification", "manifestation"}
    assert "<html" in (copy.folder / "out/smoke/report.html").read_text()
    assert copy.jobs() == []


def test_a_new_run_of_a_batch_leaves_the_others_alone(copy: Copy) -> None:
    """Also where no store of finished seeds is left, as after `make restore`."""
    shutil.rmtree(copy.folder / "out/.state")
    there = sorted((copy.folder / "out/smoke/runs").glob("*/provenance.json"))
    before = [path.stat().st_mtime_ns for path in there]
    for change in ({"learning_rate": 0.05}, {}):
        copy.write(**change)
        said = copy.snakemake()
        assert copy.code == 0 and copy.jobs() == [], said
    assert len(list((copy.folder / "out/smoke/runs").glob("*/provenance.json"))) == len(there) + 2
    assert before == [path.stat().st_mtime_ns for path in there]


def test_a_changed_setting_runs_its_run_its_sweep_and_what_reads_them(copy: Copy) -> None:
    copy.write(learning_rate=0.07)
    try:
        assert copy.jobs() == ["judge", "report", SWEEP, IMAGES]
    finally:
        copy.write()


def test_a_comment_in_the_configuration_runs_nothing(copy: Copy) -> None:
    copy.write(comment="# twice as fast\n")
    assert copy.jobs() == []


def test_a_comment_in_the_code_runs_nothing(copy: Copy) -> None:
    assert edited(copy, "ctbench/training/loop.py", lambda text: f"# read this first\n\n{text}") == []


def test_changed_code_runs_what_it_determines(copy: Copy) -> None:
    jobs = edited(copy, "ctbench/training/vector_field.py", lambda text: text.replace("CHUNK = 500", "CHUNK = 250"))
    assert jobs == ["judge", "report", PENDULUM]


def test_a_mistake_in_the_configuration_is_told_in_a_sentence(copy: Copy) -> None:
    copy.write(learning_rat=0.1)
    try:
        said = copy.snakemake("--dry-run")
    finally:
        copy.write()
    assert copy.code != 0 and "Did you mean 'learning_rate'" in said and "Traceback" not in said
