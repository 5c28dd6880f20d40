"""`ctbench check`: what is right passes, and each mistake is told by its rule."""

import re
from pathlib import Path

import pytest

from ctbench.cli import main
from ctbench.contract import check, held, models
from ctbench.spec.errors import UserError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "appnp.py"
SOLVER = """
from ctbench.solvers._tableau import Tableau, row
TABLEAU = Tableau("mine", order={order}, a=(row(), row("2/3")), b=row("1/4", "3/4"), c=row(0, "2/3"), source="{source}")
"""
DATA = """
import numpy as np
from ctbench.data import Family

def decode(name, folder):
    values = np.loadtxt(folder / "values.txt")
    return {{"values": values{noise}, "labels": np.arange(len(values)) % 2}}

def standard(dataset, rng):
    {doc}
    n = len(dataset.arrays["values"])
    return {{"train": np.arange({train}), "validation": np.arange(4, 6), "test": np.arange(6, n)}}

def fingerprint(arrays):
    values = arrays["values"]
    return {{"n": len(values), "least": float(values.min()), "most": float(values.max()), "mean": float(values.mean()),
             "classes": 2}}

FAMILY = Family(("mine",), {{"text": decode}}, fingerprint, {{"standard": standard}})
"""


def faults(path: Path, raw: Path | None = None) -> dict[str, str]:
    return {says: fault for says, fault in check(path, raw) if fault}


def changed(folder: Path, *changes: tuple[str, str]) -> Path:
    """The example with mistakes in it."""
    text = EXAMPLE.read_text()
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path = folder / f"model_{abs(hash(changes))}.py"
    path.write_text(text)
    return path


def test_the_example_keeps_every_rule(capsys) -> None:
    assert main(["check", str(EXAMPLE)]) == 0
    said = capsys.readouterr().out
    assert said.count("yes  ") == 8 and "appnp: {like: gcn, model:" in " ".join(said.split())


@pytest.mark.parametrize(
    ("change", "rule", "fault"),
    [
        ((" * propagate(self.operator, z) +", " * z.sum() +"), "learns", "after 15 steps"),
        (("return z\n", "return z[:, :5]\n"), "logits", r"shape \(2, 5, 3\), expected \(2, 12, 3\)"),
        (("return z\n", "return z.detach() + h.sum()\n"), "gradient", "second.weight: no gradient"),
        (
            ("        self.options = options\n", "        self.options = options\n        self.w = noise(len(init))\n"),
            "generators given",
            "w: drawn from elsewhere",
        ),
        (("return z\n", "return z + h.mean()\n"), "company", "in training: logits differ"),
        (("dropped(h, rate, dropout)", "h * (h * 0 + rand_like(h))"), "no randomness", "two evaluations"),
    ],
)
def test_a_mistake_in_a_model_is_told(tmp_path, change, rule, fault) -> None:
    helpers = "from torch import rand_like, randn\nfrom torch.nn import Parameter\n"
    helpers += "def noise(n): return Parameter(randn(n))\n"
    path = changed(tmp_path, change, ("from pydantic import Field\n", f"from pydantic import Field\n{helpers}"))
    _, model = held(path)
    (broken,) = [one for one in models.rules(model) if rule in one.says]
    assert re.search(fault, broken.fault(model))


def test_a_broken_rule_ends_with_exit_code_2(tmp_path, capsys) -> None:
    path = changed(tmp_path, ("return z\n", "return z[:, :5]\n"))
    assert main(["check", str(path)]) == 2
    said = capsys.readouterr()
    assert "rules broken" in said.err and "no   logits are finite, [seeds, nodes, classes]" in said.out


def test_a_solver(tmp_path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(SOLVER.format(order=2, source="Ralston 1962"))
    assert faults(path) == {}
    path = path.rename(tmp_path / "other.py")
    path.write_text(SOLVER.format(order=1, source=""))
    assert [*faults(path).values()] == [
        "name: found 'mine', expected 'other', the name of its file",
        "source: empty, expected where the coefficients stand",
        "order: found 2.01 by measurement, expected 1",
    ]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    (tmp_path / "values.txt").write_text("\n".join(map(str, range(10))))
    return tmp_path


def test_a_data_set(raw, capsys) -> None:
    path = raw / "right.py"
    path.write_text(DATA.format(noise="", doc='"""In order."""', train=4))
    assert faults(path, raw) == {}
    assert main(["check", str(path), "--raw", str(raw)]) == 0
    assert re.search(r'\[mine\]\nsha256 = "[0-9a-f]{64}"\n\n\[mine.fingerprint\]\nn = 10\n', capsys.readouterr().out)


def test_mistakes_in_a_data_set(raw) -> None:
    path = raw / "wrong.py"
    path.write_text(DATA.format(noise=" + np.random.rand()", doc="pass", train=5))
    assert [*faults(path, raw).values()] == [
        "splits: standard without a docstring that says what it is",
        "mine: decoding twice gives other bytes",
        "mine, split standard: 1 in train and in validation",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "found none, expected one of MODEL, TABLEAU, FAMILY"),
        ("MODEL = FAMILY = 1", "found MODEL and FAMILY"),
        ("import no_such_package", "cannot be imported: ModuleNotFoundError"),
        ("1 / 0", "ZeroDivisionError"),
        ("MODEL = 1", None),
    ],
)
def test_a_file_of_no_kind(tmp_path, text: str, words: str | None) -> None:
    path = tmp_path / f"file_{len(text)}.py"
    path.write_text(text)
    if words is None:
        assert [*faults(path).values()] == ["found 1, neither"]
        return
    with pytest.raises(UserError, match=re.escape(words)):
        list(check(path))


def test_no_file(tmp_path) -> None:
    with pytest.raises(UserError, match="no such file"):
        list(check(tmp_path / "none.py"))
