"""A small workflow in a copy of the repository, by a real Snakemake, and what a fault cost it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ctbench.papers._plan import Job, plan, write_plan
from ctbench.spec.config import PRESETS, merge, read_yaml

ROOT = Path(__file__).resolve().parents[2]
NONE = dict.fromkeys(read_yaml(PRESETS / "smoke.yaml")["experiments"])
LONG = {"hidden": [8], "duration": 6.0, "test_steps": [2, 5], "iterations": 6000}
SWINGS = {"datasets": ["pendulum_0.1"], "models": {"euler": {}, "midpoint": {}, "rk4": {}}, "settings": LONG}
THREE = {"preset": "smoke", "seeds": 2, "experiments": {**NONE, "continuousnet/pendulum": SWINGS}}
"""Three runs of some seconds, which one process does."""


@dataclass
class Workflow:
    """A copy of the repository, a configuration in it, and the jobs of its plan."""

    folder: Path
    config: Path
    results: Path
    jobs: list[Job]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Snakemake, in a process group of its own."""
        path = os.pathsep.join(filter(None, (str(self.folder), os.environ.get("PYTHONPATH"))))
        return subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--configfile", str(self.config), *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def run(self, *arguments: str) -> str:
        """What Snakemake says; it has to end well."""
        return ended(self.start(*arguments))

    @property
    def records(self) -> list[str]:
        """What to ask Snakemake for where no verdict is wanted."""
        return [str(job.folder / "record.json") for job in self.jobs]

    def numbers(self) -> dict[str, bytes]:
        """The bytes of all that was measured and learned."""
        found = {}
        for job in self.jobs:
            folder = self.folder / job.folder
            for path in (folder / "measurements.parquet", folder / "curves.parquet", *folder.glob("weights/*")):
                found[str(path.relative_to(folder.parent))] = path.read_bytes()
        return found

    def finished(self) -> dict[str, int]:
        """When each finished seed was kept: what is trained again gets a new time."""
        kept = (self.folder / self.results).glob(".state/*/seed-*/provenance.json")
        return {str(path): path.stat().st_ctime_ns for path in kept}

    def halfway(self) -> bool:
        """Whether one run is finished and another begun."""
        return bool(self.finished()) and any((self.folder / self.results).glob(".state/*/group-*/seeds.json"))

    def toll(self, expected: Mapping[str, bytes], kept: Mapping[str, int]) -> tuple[int, int]:
        """Finished seeds (`kept`) that were trained again, and files whose bytes are not the expected ones."""
        now, found = self.finished(), self.numbers()
        lost = sum(now.get(path) != when for path, when in kept.items())
        return lost, sum(found.get(name) != expected.get(name) for name in {*found, *expected})


def ended(process: subprocess.Popen[str]) -> str:
    """What Snakemake said; it has to have ended well."""
    said, _ = process.communicate()
    assert process.returncode == 0, said
    return said


def workflow(folder: Path, overrides: Mapping[str, Any], results: str = "results") -> Workflow:
    """A workflow in `folder`, to which the repository is copied unless it is there; the results may lie elsewhere."""
    if not (folder / "Snakefile").exists():
        folder.mkdir(exist_ok=True)
        for name in ("ctbench", "workflow", "profiles"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("Snakefile", "config.yaml", "requirements.lock"):
            shutil.copy(ROOT / name, folder)
    content = {"data": str(folder / "data"), **overrides, "results": results}
    path = folder / f"{Path(results).name}.yaml"
    path.write_text(yaml.safe_dump(content))
    with chdir(folder):
        config = merge(content, str(path))
        jobs = plan(config)
        write_plan(config, jobs, content)
    return Workflow(folder, path, Path(results), jobs)
