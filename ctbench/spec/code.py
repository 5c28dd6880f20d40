"""A hash of the code that determines a result: comments, docstrings and layout do not count."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from ctbench.spec.registry import is_own

ROOT = Path(__file__).resolve().parents[1]
COMPUTES_NOTHING = {f"ctbench.spec.{name}" for name in ("config", "errors", "files", "frozen", "registry", "run")} | {
    "ctbench.papers._experiment"
}


def code_hash(modules: Iterable[str]) -> str:
    """12 hex digits over the given modules and all `ctbench` modules that they import, directly or not.

    A module is the name of one of `ctbench`, or the path of somebody's own file, whose other imports do not count.

    Modules that compute no number (planning, errors, files) are left out: a better message retrains nothing.
    """
    return _code_hash(tuple(modules))


@cache
def _code_hash(modules: tuple[str, ...]) -> str:
    closure: set[str] = set()
    todo = list(modules)
    while todo:
        name = todo.pop()
        if name not in closure | COMPUTES_NOTHING:
            closure.add(name)
            todo += imports(name)
    text = "\n".join(f"{name}:{meaning(name)}" for name in sorted(closure))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@lru_cache
def _tree(module: str) -> ast.Module:
    return ast.parse(_path(module).read_text(encoding="utf-8"))


def _path(module: str) -> Path:
    if is_own(module):
        return Path(module)
    base = ROOT.joinpath(*module.split(".")[1:])
    return base / "__init__.py" if base.is_dir() else base.with_suffix(".py")


@lru_cache
def imports(module: str) -> tuple[str, ...]:
    """The `ctbench` modules that a module names in its import statements."""
    found: list[str] = []
    for node in ast.walk(_tree(module)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return tuple(sorted({name for name in found if name.split(".")[0] == "ctbench" and _path(name).is_file()}))


@lru_cache
def meaning(module: str) -> str:
    """The syntax tree as text, without docstrings."""
    tree = ast.parse(_path(module).read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return ast.dump(tree)
