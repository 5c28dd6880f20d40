"""The command line: what is wrong is said in one paragraph with exit code 2; what is printed works."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from ctbench import data
from ctbench.cli import main
from ctbench.cli.arguments import parser
from ctbench.papers import _runner
from ctbench.records import measurements
from ctbench.spec.config import PRESETS, read_yaml
from ctbench.spec.run import RunSpec

NOTHING = dict.fromkeys(read_yaml(PRESETS / "smoke.yaml")["experiments"])
"""All experiments of the preset, taken away."""
TINY: dict[str, Any] = {
    "preset": "smoke",
    "seeds": 2,
    "results": "results",
    "data": "data",
    "experiments": {
        **NOTHING,
        "continuousnet/pendulum": {
            "models": {"rk4": None},
            "settings": {"iterations": 10, "hidden": [4], "duration": 4.0, "test_steps": [2]},
        },
    },
}
IMAGES: dict[str, Any] = {
    "continuousnet/classification": {
        "models": {"resnet_k1": None, "rk4_k1to2": None},
        "settings": {"epochs": 1, "options": {"width": 2, "stages": 1}},
    },
    "continuousnet/manifestation": {"settings": {"schemes": ["euler"], "steps": [1, 2]}},
}
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configure(**changes: Any) -> None:
    """`config.yaml`: the tiny one, with other experiments or other keys."""
    content = {**TINY, **changes, "experiments": {**TINY["experiments"], **changes.get("experiments", {})}}
    Path("config.yaml").write_text(yaml.safe_dump(content))


def planned(capsys: Captured, *arguments: str) -> list[list[str]]:
    """The commands of `plan --shell`, as a shell would split them."""
    capsys.readouterr()
    assert main(["plan", "--shell", *arguments]) == 0
    lines = capsys.readouterr().out.splitlines()
    return [command for line in lines if (command := shlex.split(line, comments=True))]


def run_commands(capsys: Captured) -> list[list[str]]:
    return [command for command in planned(capsys) if command[1] == "run"]


def refused(arguments: list[str], capsys: Captured) -> str:
    """What is said on a refusal: one paragraph, nothing else."""
    capsys.readouterr()
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert said.startswith("ctbench: ") and said.endswith("\n") and said.count("\n") == 1
    assert "Traceback" not in said and len(said) > 30
    return said


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"preset": "smok"}, "'smoke'"),
        ({"sedes": 3}, "'seeds'"),
        ({"threads": "many"}, "threads"),
        ({"device": "tpu"}, "'cpu' or 'cuda'"),
        ({"seeds": []}, "at least one seed"),
        ({"experiments": {"continuousnet/pendulums": {}}}, "'continuousnet/pendulum'"),
        ({"experiments": {"continuousnet/pendulum": {"datasets": ["swing_0.1"]}}}, "pendulum_0.1"),
        ({"experiments": {"continuousnet/pendulum": {"models": {"eular": {}}}}}, "'euler'"),
        ({"experiments": {"continuousnet/pendulum": {"settings": {"scheme": "eular"}}}}, "'euler'"),
        ({"experiments": {"continuousnet/pendulum": {"settings": {"iterations": -1}}}}, "iterations"),
        ({"experiments": {"continuousnet/manifestation": {}}}, "continuousnet/classification"),
    ],
)
def test_a_wrong_configuration(changes: dict[str, Any], said: str, capsys: Captured) -> None:
    configure(**changes)
    assert said in refused(["plan"], capsys)
    assert not Path("results").exists()


@pytest.mark.parametrize("text", ["a: [", "[1, 2]", "", "\t"])
def test_a_configuration_that_is_none(text: str, capsys: Captured) -> None:
    Path("config.yaml").write_text(text)
    assert "config.yaml" in refused(["plan"], capsys)


def test_no_configuration(capsys: Captured) -> None:
    assert "elsewhere.yaml: no such file" in refused(["plan", "--config", "elsewhere.yaml"], capsys)


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["run", "missing.json"], "missing.json: no such file"),
        (["run", "config.yaml"], "not valid JSON"),
        (["data", "prepare", "didgits"], "'digits'"),
        (["data", "prepare", "digits", "--source", "cloud"], "mirror"),
        (["judge"], "plan.txt"),
        (["judge", "--results", "elsewhere"], "elsewhere/plan.txt"),
        (["report"], "results/smoke"),
        (["show", "claims"], "claims.csv"),
        (["show", "run", "nosuch"], "'nosuch'"),
    ],
)
def test_wrong_arguments(arguments: list[str], said: str, capsys: Captured) -> None:
    configure()
    assert said in refused(arguments, capsys)


def test_runs_of_no_plan(capsys: Captured) -> None:
    configure()
    assert "plan.txt" in refused(["show", "runs"], capsys)


@pytest.mark.parametrize(
    "arguments", [[], ["plam"], ["plan", "--sell"], ["run"], ["data"], ["data", "prepare"], ["show", "run"]]
)
def test_usage(arguments: list[str], capsys: Captured) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2 and "usage: ctbench" in capsys.readouterr().err


@pytest.mark.parametrize(
    "change, said",
    [
        ({"format": 7}, "format 7"),
        ({"paper": "cgn"}, "'cgn'"),
        ({"experiment": "pendulums"}, "continuousnet/pendulums"),
        ({"sedes": []}, "'seeds'"),
        ({"settings": {"scheme": "euler"}}, "spacing"),
        ({"settings": {"scheme": "eular", "spacing": 0.1, "test_steps": [2]}}, "'euler'"),
        ({"parent": "nosuch-run"}, "nosuch-run"),
    ],
)
def test_a_wrong_specification(change: dict[str, Any], said: str, capsys: Captured) -> None:
    configure()
    [[*_, path, _, _]] = run_commands(capsys)
    Path("spec.json").write_text(json.dumps({**json.loads(Path(path).read_text()), **change}))
    assert said in refused(["run", "spec.json", "--out", "out/run"], capsys)
    assert not Path("out/run/record.json").exists()


def test_a_run_without_its_data(capsys: Captured) -> None:
    configure(experiments=IMAGES)
    command = next(command for command in run_commands(capsys) if "classification" in command[2])
    assert "ctbench data prepare digits" in refused(command[1:], capsys)


def test_another_runs_folder(capsys: Captured) -> None:
    configure()
    [[*_, path, _, _]] = run_commands(capsys)
    configure(seeds=3)
    [[*_, other, _, _]] = run_commands(capsys)
    assert "collision" in refused(["run", path, "--out", str(Path(other).parent)], capsys)


def test_a_folder_that_cannot_be_written(capsys: Captured) -> None:
    configure()
    [[*_, path, _, _]] = run_commands(capsys)
    assert "Not a directory" in refused(["run", path, "--out", "config.yaml/run"], capsys)


def test_a_store_that_cannot_be_written(capsys: Captured) -> None:
    configure()
    [[*_, path, _, _]] = run_commands(capsys)
    Path("afile").write_text("")
    configure(results="afile")
    assert "afile" in refused(["run", path, "--out", "out"], capsys)


@pytest.mark.parametrize("threads", ["-1", "0"])
def test_no_threads(threads: str, capsys: Captured) -> None:
    configure()
    [[*_, path, _, _]] = run_commands(capsys)
    try:
        code = main(["run", path, "--threads", threads])
    except SystemExit as end:
        code = end.code
    assert code == 2 and "threads" in capsys.readouterr().err


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_no_gpu(capsys: Captured) -> None:
    configure(device="cuda")
    [[*_, path, _, _]] = run_commands(capsys)
    assert "cuda" in refused(["run", path], capsys)


@pytest.mark.parametrize("wanted", ["/etc", "*", "**a"])
def test_an_id_is_no_pattern(wanted: str, capsys: Captured) -> None:
    configure()
    planned(capsys)
    assert "begins with" in refused(["show", "run", wanted], capsys)
    assert "found none" in refused(["show", "run", wanted], capsys)


def test_a_damaged_data_set_is_a_failure(capsys: Captured) -> None:
    configure()
    assert main(["data", "prepare", "digits"]) == 0
    assert main(["data", "verify"]) == 0
    path = Path("data/digits.npz")
    path.write_bytes(path.read_bytes()[:-100])
    assert "digits" in refused(["data", "verify"], capsys)


def test_a_fault_of_ours_is_not_the_users() -> None:
    code = "import sys; from ctbench import cli; cli.working.read_yaml = None; sys.exit(cli.main(['plan']))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.returncode == 1 and "Traceback" in found.stderr


def test_plan_says_what_is_done_and_how_long_the_rest_takes(capsys: Captured) -> None:
    configure()
    assert main(["plan"]) == 0
    said = capsys.readouterr().out
    assert "1 runs, 0 done" in said and "1 of 1 runs by a guess" in said and not Path("results").exists()
    [command] = run_commands(capsys)
    assert main(command[1:]) == 0
    capsys.readouterr()
    assert main(["plan"]) == 0
    said = capsys.readouterr().out
    assert "1 runs, 1 done" in said and "guess" not in said


@pytest.mark.parametrize("name", ["plain", "with a space"])
def test_a_shell_takes_the_commands_as_they_are_meant(name: str, capsys: Captured) -> None:
    configure(results=name, experiments=IMAGES)
    commands = planned(capsys)
    verbs = [parser().parse_args(arguments).verb.__name__ for _, *arguments in commands]
    assert verbs == ["data_prepare", *["run"] * 3, "judge", "report", "show_claims"]
    for _, verb, spec, *_ in commands[1:4]:
        assert verb == "run" and Path(spec).is_file()


def test_commands_of_a_stage_need_nothing_of_it_or_of_a_later_one(capsys: Captured) -> None:
    configure(experiments=IMAGES)
    assert main(["plan", "--shell"]) == 0
    _, *stages = capsys.readouterr().out.split("# ")
    assert [stage.partition("\n")[0].split(",")[0] for stage in stages] == ["data", "trainings", "sweeps", "verdicts"]
    runs = [re.findall("ctbench run .*?/runs/([a-z_]+)", stage) for stage in stages]
    assert runs == [[], ["classification", "pendulum"], ["manifestation"], []]


def test_a_plan_of_one_paper_of_another_preset(capsys: Captured) -> None:
    Path("config.yaml").write_text("preset: smoke")
    commands = planned(capsys, "--preset", "laptop", "--paper", "cgnn")
    runs = [Path(spec) for _, verb, spec, *_ in commands if verb == "run"]
    assert runs and all(path.is_relative_to("results/laptop") for path in runs)
    assert {json.loads(path.read_text())["paper"] for path in runs} == {"cgnn"}


def test_the_printed_commands_work_in_their_order(folder: Path, capsys: Captured) -> None:
    configure(experiments=IMAGES)
    for command in planned(capsys):
        assert main(command[1:]) == 0
    done_in_full(folder)


@pytest.mark.slow
def test_the_printed_commands_work_in_a_shell(folder: Path) -> None:
    configure(experiments=IMAGES)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    script = "set -euo pipefail; ctbench plan --shell > commands.sh; bash -e commands.sh; ctbench plan"
    found = subprocess.run(["bash", "-c", script], env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert found.returncode == 0 and "Traceback" not in found.stderr
    assert "3 runs, 3 done" in found.stdout
    done_in_full(folder)


def done_in_full(folder: Path) -> None:
    rows = measurements.read(folder / "results/smoke/measurements.parquet")
    assert set(rows["experiment"]) == {"pendulum", "classification", "manifestation"}
    assert (folder / "results/smoke/claims.csv").is_file() and (folder / "results/smoke/report.html").is_file()


def test_what_a_run_fails_at_or_leaves_behind_is_nothing_to_the_next(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    both = {**TINY["experiments"]["continuousnet/pendulum"], "models": {"euler": {}, "rk4": {}}}
    configure(experiments={"continuousnet/pendulum": both})
    commands = run_commands(capfd)
    specs, config = [command[2] for command in commands], commands[0][-1]
    execute, before = _runner.execute, list[str]()

    def fails_at_euler(spec: RunSpec, *arguments: Any) -> None:
        assert not before
        before.append(spec.model)
        if spec.model == "euler":
            raise RuntimeError("a fault of ours")
        execute(spec, *arguments)

    monkeypatch.setattr(_runner, "execute", fails_at_euler)
    assert main(["run", *specs, "--config", config]) == 1
    said = capfd.readouterr()
    [failed] = (Path(spec).parent for spec in specs if "-euler-" in spec)
    assert "a fault of ours" in said.err and f"told above: {failed.name}." in said.out
    assert len(specs) == 2
    assert {path.parent for path in Path("results").glob("smoke/runs/*/record.json")} == {
        Path(s).parent for s in specs
    } - {failed}


def test_show_runs_and_one_run(capsys: Captured) -> None:
    configure()
    [command] = run_commands(capsys)
    assert main(command[1:]) == 0
    run = Path(command[2]).parent.name
    capsys.readouterr()
    assert main(["show", "runs"]) == 0
    assert run in capsys.readouterr().out
    assert main(["show", "run", run[:-4], "--provenance"]) == 0
    said = capsys.readouterr().out
    for part in ('"iterations": 10', '"commit"', "error_at_2", "training_loss", "mean"):
        assert part in said


def test_an_ambiguous_id_lists_the_candidates(capsys: Captured) -> None:
    configure(experiments={"continuousnet/pendulum": {"settings": {"iterations": 10}}})
    commands = run_commands(capsys)
    said = refused(["show", "run", "pendulum"], capsys)
    assert len(commands) == 2 and all(Path(command[2]).parent.name in said for command in commands)


def test_data_list_names_every_data_set(capsys: Captured) -> None:
    configure()
    assert main(["data", "list"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in data.names())
