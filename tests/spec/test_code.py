import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from ctbench.spec import code

BASE = {
    "__init__.py": "",
    "leaf.py": "RATE = 0.1\n\n\ndef f(x):\n    return RATE * x\n",
    "middle.py": "from ctbench.leaf import f\n\n\ndef g(x):\n    return f(x) + 1\n",
    "top.py": "import ctbench.middle\n\n\nclass C:\n    def h(self):\n        return ctbench.middle.g(2)\n",
    "aside.py": "OTHER = 1\n",
    "room/__init__.py": "",
    "room/inner.py": "from ctbench import top\n",
    "spec/__init__.py": "",
    "spec/errors.py": "MESSAGE = 'no'\n",
    "user.py": "from ctbench.leaf import f\nfrom ctbench.spec.errors import MESSAGE\n",
}
Hash = Callable[..., str]


@pytest.fixture
def hashed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hash:
    """The hash of a module of the small package above, with some files written anew."""

    def found(module: str = "ctbench.room.inner", **changed: str) -> str:
        for name, text in {**BASE, **{f"{stem}.py": text for stem, text in changed.items()}}.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        for memory in (code._code_hash, code._tree, code.imports, code.meaning):
            memory.cache_clear()
        return code.code_hash([module])

    monkeypatch.setattr(code, "ROOT", tmp_path)
    yield found
    for memory in (code._code_hash, code._tree, code.imports, code.meaning):
        memory.cache_clear()


@pytest.mark.parametrize(
    "text",
    [
        "# a comment\nRATE = 0.1  # another\n\n\ndef f(x):\n    return RATE * x\n",
        '"""A docstring."""\n\nRATE = 0.1\n\n\ndef f(x):\n    """And one here."""\n    return RATE * x\n',
        "\n\n\nRATE = 0.1\n\n\n\ndef f(x):\n\n    return (RATE *\n        x)\n",
        "RATE = 1e-1\ndef f( x ): return RATE*x\n",
    ],
)
def test_comments_docstrings_and_layout_change_nothing(hashed: Hash, text: str) -> None:
    assert hashed(leaf=text) == hashed()


@pytest.mark.parametrize(
    "text",
    [
        "RATE = 0.2\n\n\ndef f(x):\n    return RATE * x\n",
        "RATE = 0.1\n\n\ndef f(x):\n    return x + RATE\n",
        "RATE = 0.1\n\n\ndef f(x, y=0):\n    return RATE * x\n",
        "def f(x):\n    return RATE * x\n\n\nRATE = 0.1\n",
    ],
)
def test_a_change_three_imports_away_counts(hashed: Hash, text: str) -> None:
    assert hashed(leaf=text) != hashed()


def test_a_module_that_is_not_imported_does_not_count(hashed: Hash) -> None:
    assert hashed(aside="OTHER = 2\n") == hashed()


def test_a_better_error_message_retrains_nothing(hashed: Hash) -> None:
    assert hashed("ctbench.user", **{"spec/errors": "MESSAGE = 'no!'\n"}) == hashed("ctbench.user")
    assert hashed("ctbench.user", leaf="f = abs\n") != hashed("ctbench.user")


def test_imports_in_a_circle_end(hashed: Hash) -> None:
    circle = "from ctbench.room.inner import x\n"
    assert hashed(leaf=circle) != hashed()


def test_the_order_of_the_modules_does_not_count(hashed: Hash) -> None:
    hashed()
    assert code.code_hash(["ctbench.leaf", "ctbench.aside"]) == code.code_hash(["ctbench.aside", "ctbench.leaf"])


def test_the_package_has_no_relative_import_that_the_hash_would_miss() -> None:
    for path in code.ROOT.rglob("*.py"):
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        assert not [node.lineno for node in nodes if isinstance(node, ast.ImportFrom) and node.level], path


def test_a_model_counts_its_layers_and_its_scheme_but_not_another_model() -> None:
    closure, todo = set(), ["ctbench.models.continuousnet"]
    while todo:
        closure.add(name := todo.pop())
        todo += set(code.imports(name)) - closure
    assert {"ctbench.models._image", "ctbench.solvers.fixed"} <= closure
    assert "ctbench.models.resnet" not in closure
