"""What can be checked of the container's recipe without an engine."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECIPE = (ROOT / "Containerfile").read_text()


def instructions(name: str) -> list[list[str]]:
    return [line.split()[1:] for line in RECIPE.splitlines() if line.startswith(f"{name} ")]


def test_all_that_is_copied_is_there_and_is_not_ignored() -> None:
    ignored = (ROOT / ".containerignore").read_text().split()
    for *sources, _ in instructions("COPY"):
        assert all((ROOT / source).exists() and source.split("/")[0] not in ignored for source in sources)


def test_what_the_environment_needs_is_copied_before_it_is_made() -> None:
    before = RECIPE.partition("RUN make .venv/ready")[0]
    [needs] = re.findall(r"^\.venv/ready: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    copied = [source for line in before.splitlines() if line.startswith("COPY") for source in line.split()[1:-1]]
    assert set(needs.split()) <= set(copied)


def test_its_python_is_one_that_the_package_takes_and_that_the_workflow_names() -> None:
    [[image]] = instructions("FROM")
    tag = image.rpartition("/")[2]
    assert f"docker://{tag}" in (ROOT / "Snakefile").read_text()
    version = tuple(map(int, re.findall(r"\d+", tag)[:2]))
    assert version >= (3, 11) and 'requires-python = ">=3.11"' in (ROOT / "pyproject.toml").read_text()
