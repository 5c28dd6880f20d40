"""Whatever stands in a file, its reader understands it or says what is wrong with it: never a traceback.

Also: what comes from outside is data. It runs nothing, and it names no place but its own.
"""

import ast
import contextlib
import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ctbench
from ctbench.data._manifest import manifest
from ctbench.data._packages import UnavailableError, unpack
from ctbench.data._pickles import read_pickle
from ctbench.judge.claims import PAPERS, read_claims_file
from ctbench.papers._plan import plan
from ctbench.records import measurements, record
from ctbench.spec.config import load_config, read_yaml
from ctbench.spec.errors import UserError
from ctbench.spec.run import RunSpec, read_spec
from ctbench.training import loop

SPEC = RunSpec(paper="cgnn", experiment="e", dataset="d", model="m", settings={"rate": 0.1}, seeds=(0, 1))
CODE = sorted(Path(ctbench.__file__).parent.rglob("*.py"))

words = st.sampled_from(
    [
        "",
        "..",
        "../../etc",
        "a/b",
        "\x00",
        "cora",
        "cgnn/fixed_split",
        "euler",
        "smoke",
        "null",
        "pendulum_0.1",
        "é",
        "-1",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | words | st.text(max_size=8)
contents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def mutated(whole: Any) -> st.SearchStrategy[Any]:
    """A valid content in which something, somewhere, is something else."""
    if isinstance(whole, dict) and whole:
        keys = st.sampled_from(sorted(whole))
        inside = keys.flatmap(lambda key: mutated(whole[key]).map(lambda value: {**whole, key: value}))
        without = keys.map(lambda key: {k: v for k, v in whole.items() if k != key})
        more = st.tuples(words, contents).map(lambda pair: {**whole, pair[0]: pair[1]})
        return inside | without | more
    return contents


def understood(read: Any, *arguments: Any) -> None:
    """The reader reads it, or says why not, in words."""
    try:
        read(*arguments)
    except UserError as error:
        assert len(str(error)) > 10


def tried(read: Any, path: Path, content: Any, dump: Any) -> None:
    try:
        text = dump(content)
    except (ValueError, TypeError, yaml.YAMLError, UnicodeEncodeError):
        return
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    understood(read, path)


CONFIG = {
    "preset": "smoke",
    "seeds": 2,
    "threads": 1,
    "device": "cpu",
    "results": "results",
    "experiments": {
        "continuousnet/pendulum": {
            "datasets": ["pendulum_0.1"],
            "models": {"euler": {"learning_rate": 0.1}},
            "seeds": 3,
        },
        "cgnn/fixed_split": {"datasets": {"cora": {"models": ["gcn"]}}, "settings": {"epochs": 3}},
    },
}


def planned(path: Path) -> None:
    for job in plan(load_config(path)):
        assert job.folder.parent.name == "runs" and Path(job.spec.run_id).name == job.spec.run_id


@few
@given(content=mutated(CONFIG) | contents)
def test_a_configuration(content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tried(planned, tmp_path / "c.yaml", content, yaml.safe_dump)


@few
@given(
    text=st.text(max_size=60) | st.text(alphabet="&*[]{}:,- \n\t!|>?'\"0aé<%@", max_size=40) | st.binary(max_size=40)
)
def test_a_configuration_of_any_text(text: Any, tmp_path: Path) -> None:
    tried(planned, tmp_path / "c.yaml", text, lambda content: content)


@pytest.mark.parametrize(
    "text", ["a: 2020-99-99", "? [a]\n: b", "a: &x [*x]", "a: !!float x", "a: !!python/name:os.system", "[" * 3000]
)
def test_odd_yaml(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(text)
    for read in (load_config, read_yaml, read_claims_file):
        with pytest.raises(UserError, match=r"c\.yaml"):
            read(path)


@few
@given(content=mutated(json.loads(SPEC.model_dump_json())) | contents)
def test_a_specification(content: Any, tmp_path: Path) -> None:
    tried(lambda path: read_spec(path).run_id, tmp_path / "spec.json", content, json.dumps)


@few
@given(text=st.text(max_size=60) | st.binary(max_size=40) | st.just("[" * 100_000) | st.just('{"format": 1e999}'))
def test_a_specification_of_any_text(text: Any, tmp_path: Path) -> None:
    tried(read_spec, tmp_path / "spec.json", text, lambda content: content)


HEAD = {
    "format": record.FORMAT,
    "run": SPEC.run_id,
    "code": "c0de",
    "cell": "cell",
    "parent": None,
    "files": {"a": "0"},
}


@few
@given(content=mutated(HEAD) | contents)
def test_a_record(content: Any, tmp_path: Path) -> None:
    tried(lambda path: record.read_record(path.parent), tmp_path / "record.json", content, json.dumps)
    understood(record.is_done, SPEC, tmp_path, "c0de")


@few
@given(content=st.binary(max_size=60), cut=st.integers(0, 4000), change=st.integers(0, 255))
def test_measurements(content: bytes, cut: int, change: int, tmp_path: Path) -> None:
    path = tmp_path / "measurements.parquet"
    measurements.write(measurements.table([{"metric": "accuracy", "value": 1.0, "seed": 0}]), path)
    whole = path.read_bytes()
    place = cut % len(whole)
    for damaged in (content, whole[:place], whole[:place] + bytes([change]) + whole[place + 1 :]):
        path.write_bytes(damaged)
        understood(measurements.read, path)


CLAIMS = yaml.safe_load((PAPERS / "cgnn/claims.yaml").read_text())
SHORT = {**CLAIMS, "claims": [next(claim for claim in CLAIMS["claims"] if claim.get("criteria"))]}


def in_claim(content: Any) -> Any:
    return {**SHORT, "claims": [content]}


@few
@given(content=mutated(SHORT) | mutated(SHORT["claims"][0]).map(in_claim) | contents)
def test_claims(content: Any, tmp_path: Path) -> None:
    tried(read_claims_file, tmp_path / "claims.yaml", content, yaml.safe_dump)


def test_the_manifest_names_no_place_outside() -> None:
    for name, entry in manifest().items():
        parts = [part for source in entry.sources for part in (*getattr(source, "files", ()), name)]
        assert not [part for part in parts if isinstance(part, str) and (part.startswith("/") or ".." in part)]


@pytest.mark.parametrize("name", ["../../outside", "/etc/passwd", "a/../../b"])
def test_a_plan_names_runs_and_nothing_else(tmp_path: Path, name: str) -> None:
    (tmp_path / "plan.txt").write_text(f"{name}\n")
    with pytest.raises(UserError, match="ids of runs"):
        record.planned(tmp_path)


class Evil:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_a_pickle_runs_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"
    with pytest.raises(UserError, match="refused"):
        read_pickle(io.BytesIO(pickle.dumps(Evil(target))), "x")
    checkpoint = tmp_path / "state.pt"
    torch.save({"step": 1, "task": Evil(target)}, checkpoint)
    assert loop.load(checkpoint) is None and not target.exists()


@few
@given(content=st.binary(max_size=80))
def test_a_pickle_of_any_bytes(content: bytes) -> None:
    with contextlib.suppress(UserError):
        read_pickle(io.BytesIO(content), "x")


@pytest.mark.parametrize("suffix", [".tgz", ".whl"])
def test_an_archive_writes_where_it_should(tmp_path: Path, suffix: str) -> None:
    archive, folder = tmp_path / f"a{suffix}", tmp_path / "in/side"
    folder.mkdir(parents=True)
    if suffix == ".whl":
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("../../outside", "evil")
            file.writestr("good", "good")
    else:
        with tarfile.open(archive, "w:gz") as file:
            for name in ("../../outside", "good"):
                entry = tarfile.TarInfo(name)
                entry.size = 4
                file.addfile(entry, io.BytesIO(b"evil"))
            link = tarfile.TarInfo("link")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            file.addfile(link)
    unpack(archive, ["good", "../../outside"], folder)
    assert sorted(path.name for path in folder.iterdir()) == ["good", "outside"]
    assert not (tmp_path / "outside").exists()
    if suffix == ".tgz":
        with pytest.raises(UnavailableError):
            unpack(archive, ["link"], folder)


def calls(path: Path) -> list[tuple[str, ast.Call]]:
    tree = ast.parse(path.read_text())
    return [(ast.unparse(node.func), node) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def option(call: ast.Call, name: str) -> str:
    return next((ast.unparse(word.value) for word in call.keywords if word.arg == name), "")


@pytest.mark.parametrize("path", CODE, ids=lambda path: path.stem)
def test_no_code_runs_what_it_reads(path: Path) -> None:
    for name, call in calls(path):
        assert name not in {"eval", "exec", "pickle.load", "pickle.loads", "os.system", "yaml.unsafe_load"}, name
        assert name != "torch.load" or option(call, "weights_only") == "True"
        assert name not in {"np.load", "pd.read_pickle"} or option(call, "allow_pickle") == "False"
        assert option(call, "shell") != "True" and not name.endswith(".extractall")
        assert name != "yaml.load" or ast.unparse(call.args[1]) == "_Loader"
