"""The worked examples work: somebody's own model from its file to the table of the published ones."""

import shutil
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import yaml

from ctbench.cli import main
from ctbench.data._dataset import Dataset, canonical_sha256
from ctbench.papers import _runner
from ctbench.papers._plan import plan
from ctbench.papers._runner import Workplace, execute
from ctbench.spec.config import load_config
from ctbench.spec.errors import UserError

ROOT = Path(__file__).resolve().parents[1]


def citations() -> Dataset:
    """A ring of 60 papers of three classes in place of Cora."""
    nodes = np.arange(60)
    labels, entries = nodes // 20, np.stack([nodes % 20, 20 + nodes // 20], axis=1)
    arrays = {
        "feature_shape": np.array([60, 23]),
        "feature_values": np.ones(120),
        "feature_indices": entries.ravel(),
        "feature_indptr": 2 * np.arange(61),
        "labels": labels,
        "edges": np.stack([nodes, np.roll(nodes, -1)], axis=1),
        "train": nodes[nodes % 20 < 3],
        "validation": nodes[(nodes % 20 >= 3) & (nodes % 20 < 8)],
        "test": nodes[nodes % 20 >= 8],
    }
    return Dataset("cora", MappingProxyType(arrays), canonical_sha256(arrays), {"nodes": 60})


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """A folder with the examples and a configuration that trains briefly, and on few papers."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    content = yaml.safe_load((ROOT / "examples" / "own_model.yaml").read_text())
    experiment = content["experiments"]["cgnn/fixed_split"]
    experiment |= {"settings": {"epochs": 15}, "datasets": ["cora"], "seeds": 2}
    experiment["models"] |= dict.fromkeys(("gat", "gcn_gode", "gat_gode", "cgnn", "cgnn_released", "cgnn_discrete"))
    others = yaml.safe_load((ROOT / "workflow/presets/smoke.yaml").read_text())["experiments"]
    content |= {"preset": "smoke", "experiments": {**dict.fromkeys(others), **content["experiments"]}}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(content))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(_runner, "load", lambda name, root: citations())
    return tmp_path


def done(place: Path) -> dict[str, bool]:
    """The planned rows and whether they are done."""
    return {job.spec.model: job.done for job in plan(load_config(place / "tiny.yaml"))}


def train(place: Path) -> None:
    config = load_config(place / "tiny.yaml")
    workplace = Workplace(config.state, config.data, log=lambda _: None)
    for job in plan(config):
        execute(job.spec, job.folder, workplace)
    (config.folder / "plan.txt").write_text("\n".join(job.spec.run_id for job in plan(config)))


def test_an_own_model_stands_beside_the_published_ones(place) -> None:
    train(place)
    assert done(place)["appnp"] and done(place)["gcn"]
    for verb in ("judge", "report"):
        assert main([verb, "--config", "tiny.yaml"]) == 0
    table = (place / "results/smoke/tables/cgnn_fixed_split.md").read_text()
    rows = [line.split("|")[1].strip() for line in table.splitlines() if line.startswith("| ")]
    assert rows[-1] == "appnp (own model)" and "GCN" in rows
    assert "Not of the paper, but somebody's own: appnp (examples/appnp.py)." in table.replace("\\", "")
    assert "appnp (own model)" in (place / "results/smoke/report.html").read_text()


def test_it_is_trained_again_once_its_file_changes_and_nothing_else_is(place) -> None:
    train(place)
    path = place / "examples" / "appnp.py"
    path.write_text(path.read_text().replace("relu(", "1.5 * relu("))
    from ctbench.spec import code

    for cached in (code._code_hash, code._tree, code.imports, code.meaning):
        cached.cache_clear()
    found = done(place)
    assert not found["appnp"] and found["gcn"]


def test_its_settings_are_those_of_the_row_it_is_like(place) -> None:
    specs = {job.spec.model: job.spec for job in plan(load_config(place / "tiny.yaml"))}
    own, gcn = specs["appnp"].settings, specs["gcn"].settings
    different = {key for key in own if own[key] != gcn[key]}
    assert different == {"model", "options"} and own["options"] == {
        "hops": 10,
        "alpha": 0.1,
        "hidden": 64,
        "dropout": 0.5,
    }
    assert specs["appnp"].reduced == specs["gcn"].reduced == ("epochs 15 instead of 200",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"like": "gnc"}, "no model called 'gnc'.*Did you mean 'gcn'"),
        ({"like": 3}, r"models.appnp.like: found 3, expected the name of a row"),
        ({"model": "examples/nowhere.py"}, "examples/nowhere.py: no such file"),
        ({"options": {"alpa": 0.1}}, "Did you mean 'alpha'"),
        ({"options": {"alpha": 2}}, "alpha: found 2"),
    ],
)
def test_a_mistake_in_its_row_is_told(place, change, words) -> None:
    content = yaml.safe_load((place / "tiny.yaml").read_text())
    content["experiments"]["cgnn/fixed_split"]["models"]["appnp"] |= change
    (place / "tiny.yaml").write_text(yaml.safe_dump(content))
    with pytest.raises(UserError, match=words):
        done(place)
