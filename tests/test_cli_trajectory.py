"""`ctbench record` and `ctbench modes`: any training can be recorded and read; bad input is named."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from ctbench.cli import main
from ctbench.spec.config import PRESETS, read_yaml
from ctbench.training.trajectory import Trajectory

TINY = {
    "preset": "smoke",
    "seeds": 2,
    "experiments": {
        **dict.fromkeys(read_yaml(PRESETS / "smoke.yaml")["experiments"]),
        "continuousnet/pendulum": {
            "models": {"rk4": None},
            "settings": {"iterations": 600, "hidden": [4], "duration": 4.0, "test_steps": [2]},
        },
        "cgnn/propositions": {},
    },
}


@pytest.fixture(autouse=True)
def planned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """An empty folder with a tiny plan: the specification of every run, by its experiment."""
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text(yaml.safe_dump(TINY))
    assert main(["plan", "--shell"]) == 0
    capsys.readouterr()
    return {path.parent.name.partition("-")[0]: str(path) for path in Path().glob("results/smoke/runs/*/spec.json")}


def test_a_run_is_recorded_and_read(planned: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    spec = planned["pendulum"]
    assert main(["record", spec, "--out", "kept", "--unit", "iteration", "--every", "20", "--window", "12"]) == 0
    found = [Trajectory.read(Path(f"kept/{seed}.safetensors")) for seed in (0, 1)]
    assert found[0].times.tolist() == list(range(380, 601, 20))
    assert found[0].weights.shape == (12, 2 * 4 + 4 + 4 * 2 + 2) and not np.array_equal(*(t.weights for t in found))
    assert not (Path(spec).parent / "record.json").exists()
    capsys.readouterr()
    assert main(["modes", "kept/0.safetensors", "--last", "10", "--rank", "3"]) == 0
    said = capsys.readouterr().out
    assert "10 snapshots" in said and "residual" in said


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["--unit", "week"], "recording.unit: found 'week'"),
        (["--every", "0"], "recording.every: found '0'"),
        (["--window", "one"], "recording.window"),
        (["--start", "5000"], "no snapshot in 2 units; the first 5000 are left out"),
    ],
)
def test_a_recording_that_cannot_be(
    arguments: list[str], said: str, planned: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", planned["pendulum"], *arguments]) == 2
    assert said in capsys.readouterr().err


def test_what_trains_nothing_is_refused(planned: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["record", planned["propositions"]]) == 2
    assert "trains nothing" in capsys.readouterr().err
    assert main(["modes", "config.yaml"]) == 2
    assert "config.yaml: found no trajectory" in capsys.readouterr().err
