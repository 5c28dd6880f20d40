"""Rooms without torch: whoever reads results does not wait for what trained them."""

import pkgutil
import statistics
import subprocess
import sys
import time

import pytest

import ctbench

FREE = ("spec", "records", "judge", "report")
MODULES = [
    module.name for module in pkgutil.walk_packages(ctbench.__path__, "ctbench.") if module.name.split(".")[1] in FREE
]
HEAVY = ("torch", "torchdiffeq", "safetensors.torch", "ctbench.models", "ctbench.training", "ctbench.papers._runner")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def test_no_module_of_the_free_rooms_brings_torch() -> None:
    assert {module.split(".")[1] for module in MODULES} == set(FREE) and len(MODULES) > 20
    code = "import importlib, sys\n[importlib.import_module(name) for name in {}]\n"
    code += "print([name for name in {} if name in sys.modules])"
    assert python(code.format(MODULES, HEAVY)).strip() == "[]"


def test_looking_for_torch_finds_it_where_it_is() -> None:
    assert python("import sys, ctbench.training.loop; print('torch' in sys.modules)").strip() == "True"


def test_the_command_line_itself_brings_no_torch() -> None:
    code = (
        "import sys, ctbench.cli.arguments; ctbench.cli.arguments.parser(); print([n for n in {} if n in sys.modules])"
    )
    assert python(code.format(HEAVY)).strip() == "[]"


@pytest.mark.parametrize("room", ["ctbench.report", "ctbench.cli"])
def test_the_import_takes_less_than_a_second(room: str) -> None:
    seconds = []
    for _ in range(3):
        begin = time.perf_counter()
        python(f"import {room}")
        seconds.append(time.perf_counter() - begin)
    assert statistics.median(seconds) < 1
