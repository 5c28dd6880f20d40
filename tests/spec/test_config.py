import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ctbench.papers import _schema, experiments
from ctbench.papers._experiment import expand
from ctbench.spec.config import PRESETS, Config, ExperimentConfig, load_config, merge
from ctbench.spec.errors import UserError
from ctbench.spec.files import read_json

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "config.yaml", ROOT / "examples" / "own_model.yaml", *sorted(PRESETS.glob("*.yaml"))]
GCN = {"gcn": {}}
KEYS = st.text("abc", min_size=1, max_size=3)


@pytest.fixture
def presets(tmp_path: Path) -> Path:
    """A folder with one preset, `laptop`: two experiments, three seeds."""
    content = {
        "seeds": 3,
        "experiments": {
            "cgnn/fixed_split": {"datasets": ["cora"], "models": {"gcn": {"epochs": 5}, "cgnn": {}}},
            "continuousnet/pendulum": {"datasets": ["pendulum_0.1"], "models": {"euler": {}}, "seeds": [7, 9]},
        },
    }
    (tmp_path / "laptop.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return tmp_path


def planned(overrides: dict[str, Any], presets: Path) -> list:
    return expand(merge(overrides, "config.yaml", presets), experiments())


def test_a_preset_alone(presets: Path) -> None:
    assert [(spec.model, spec.seeds) for spec in planned({}, presets)] == [
        ("gcn", (0, 1, 2)),
        ("cgnn", (0, 1, 2)),
        ("euler", (7, 9)),
    ]


def test_overrides_change_what_they_name_and_nothing_else(presets: Path) -> None:
    before = {spec.model: spec for spec in planned({}, presets)}
    change = {"experiments": {"cgnn/fixed_split": {"models": {"gcn": {"options": {"hidden": 4}}}}}}
    after = {spec.model: spec for spec in planned(change, presets)}
    changed = after.pop("gcn").settings
    assert changed["epochs"] == 5 and changed["options"] == {**before["gcn"].settings["options"], "hidden": 4}
    assert after == {name: before[name] for name in ("cgnn", "euler")}


@pytest.mark.parametrize(
    "change, left",
    [
        ({"experiments": {"cgnn/fixed_split": None}}, ["euler"]),
        ({"experiments": {"cgnn/fixed_split": {"models": {"gcn": None}}}}, ["cgnn", "euler"]),
        ({"experiments": None}, []),
    ],
)
def test_null_takes_an_entry_away(presets: Path, change: dict[str, Any], left: list[str]) -> None:
    assert [spec.model for spec in planned(change, presets)] == left


def test_null_brings_back_the_common_number_of_seeds(presets: Path) -> None:
    change = {"experiments": {"continuousnet/pendulum": {"seeds": None}}}
    assert planned(change, presets)[-1].seeds == (0, 1, 2)


def test_null_for_what_is_not_there_is_harmless(presets: Path) -> None:
    new = {"datasets": ["cora"], "models": {"gcn_star": {}, "gcde_rk4": None}}
    change = {"experiments": {"neural_gde/static_graphs": new}}
    assert [spec.model for spec in planned(change, presets)][-1] == "gcn_star"


def on(datasets: Any) -> list[tuple[str, str, int]]:
    """Data set, model and epochs of each run of two models."""
    chosen = {"datasets": datasets, "models": {"rk4_k1": {}, "euler_k1": {"batch": 32}}}
    runs = expand(Config.model_validate({"experiments": {"continuousnet/classification": chosen}}), experiments())
    return [(spec.dataset, spec.model, spec.settings["epochs"]) for spec in runs]


def test_settings_and_models_of_a_data_set_are_its_own() -> None:
    assert on({"digits": {"epochs": 3}, "cifar10": {"models": ["euler_k1"]}}) == [
        ("digits", "rk4_k1", 3),
        ("digits", "euler_k1", 3),
        ("cifar10", "euler_k1", 120),
    ]
    assert on(["digits", "cifar10"]) == on({"digits": {}, "cifar10": {}})


@pytest.mark.parametrize("models", ["rk4_k1", ["rk4_k9"]])
def test_an_unknown_model_of_a_data_set_is_named(models: Any) -> None:
    with pytest.raises(UserError, match=r"classification\.datasets\.digits\.models"):
        on({"digits": {"models": models}})


@pytest.mark.parametrize("models", [3, ["rk4_k1", "rk4_k1"], {"rk4_k1": {"epochs": 5}}])
def test_models_of_a_data_set_that_are_no_names_are_refused(models: Any) -> None:
    with pytest.raises(UserError, match="models"):
        on({"digits": {"models": models}})


def seeds_on(datasets: Any) -> list[tuple[str, tuple[int, ...]]]:
    chosen = {"datasets": datasets, "models": {"rk4_k1": {}}, "seeds": 3}
    runs = expand(Config.model_validate({"experiments": {"continuousnet/classification": chosen}}), experiments())
    return [(spec.dataset, spec.seeds) for spec in runs]


def test_a_data_set_may_have_seeds_of_its_own() -> None:
    assert seeds_on({"digits": {}, "cifar10": {"seeds": 2}, "cifar100": {"seeds": [5]}}) == [
        ("digits", (0, 1, 2)),
        ("cifar10", (0, 1)),
        ("cifar100", (5,)),
    ]


@pytest.mark.parametrize("seeds", ["few", 0, [1, 1], 2.5, {"number": 3}])
def test_seeds_of_a_data_set_that_are_none_are_refused(seeds: Any) -> None:
    with pytest.raises(UserError, match=r"classification\.datasets\.digits.*seeds"):
        seeds_on({"digits": {"seeds": seeds}})


@pytest.mark.parametrize("change, left", [({"epochs": 7}, ["cora", "citeseer"]), (None, ["citeseer"])])
def test_one_data_set_of_a_list_can_be_changed(tmp_path: Path, change: Any, left: list[str]) -> None:
    preset = {"experiments": {"cgnn/fixed_split": {"datasets": ["cora", "citeseer"], "models": GCN}}}
    (tmp_path / "laptop.yaml").write_text(yaml.safe_dump(preset))
    found = merge({"experiments": {"cgnn/fixed_split": {"datasets": {"cora": change}}}}, "config.yaml", tmp_path)
    assert list(found.experiments["cgnn/fixed_split"].datasets) == left


@given(st.integers(1, 20), st.lists(st.integers(0, 99), unique=True, min_size=1))
def test_a_number_of_seeds_or_a_list(number: int, chosen: list[int]) -> None:
    one = {"datasets": ["cora"], "models": GCN}
    for seeds, expected in [(number, tuple(range(number))), (chosen, tuple(chosen))]:
        config = Config(experiments={"cgnn/fixed_split": {**one, "seeds": seeds}})
        assert expand(config, experiments())[0].seeds == expected


@pytest.mark.parametrize(
    "change, said",
    [
        ({"presset": "smoke"}, r"presset.*Did you mean 'preset'"),
        ({"preset": "lapto"}, r"no preset called 'lapto'.*Did you mean 'laptop'"),
        ({"threads": "many"}, r"config\.yaml\.threads: found 'many'.*integer"),
        ({"threads": 0}, r"threads: found 0"),
        ({"device": "gpu"}, r"device: found 'gpu'.*'cpu' or 'cuda'"),
        ({"seeds": []}, r"seeds: found \(\), expected at least one"),
        ({"seeds": 0}, r"seeds: found 0, expected at least one"),
        ({"seeds": [1, 1]}, r"seeds: found \[1, 1\], expected each seed once"),
        ({"seeds": [1.5]}, r"seeds.*found \[?1\.5"),
        ({3: 4}, r"config\.yaml\.3"),
        ({"experiments": ["x"]}, r"experiments: found \['x'\]"),
        ({"experiments": {"cgnn/fixd_split": {}}}, r"no experiment called 'cgnn/fixd_split'.*'cgnn/fixed_split'"),
        ({"experiments": {"cgnn/fixed_split": {"dataset": []}}}, r"no key called 'dataset'"),
        ({"experiments": {"cgnn/fixed_split": {"datasets": ["coar"]}}}, r"data set called 'coar'.*Did you mean 'cora'"),
        ({"experiments": {"cgnn/fixed_split": {"datasets": []}}}, r"names no datasets"),
        ({"experiments": {"cgnn/fixed_split": {"models": {"gnc": {}}}}}, r"model called 'gnc'.*Did you mean 'gcn'"),
        (
            {"experiments": {"cgnn/fixed_split": {"models": {"gcn": {"learning_rat": 1}}}}},
            r"'learning_rat'.*cgnn/fixed_split.*gcn.*Did you mean 'learning_rate'",
        ),
        (
            {"experiments": {"cgnn/fixed_split": {"models": {"gcn": {"learning_rate": -1}}}}},
            r"models\.gcn\.learning_rate: found -1",
        ),
        (
            {"experiments": {"cgnn/fixed_split": {"models": {"gcn": {"options": {"hiden": 1}}}}}},
            r"'hiden'.*Did you mean 'hidden'",
        ),
        (
            {"experiments": {"cgnn/fixed_split": {"models": {"gcn": {"model": "gnc"}}}}},
            r"no model called 'gnc'.*Did you mean 'gcn'",
        ),
        (
            {"experiments": {"continuousnet/pendulum": {"settings": {"scheme": "eular"}}}},
            r"no solver called 'eular'.*Did you mean 'euler'",
        ),
        (
            {"experiments": {"continuousnet/pendulum": {"settings": {"test_schemes": ["rk4_83"]}}}},
            r"no solver called 'rk4_83'.*Did you mean 'rk4_38'",
        ),
        ({"experiments": {"continuousnet/manifestation": {}}}, r"starts from continuousnet/classification"),
    ],
)
def test_a_mistake_is_named(presets: Path, change: dict[Any, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        planned(change, presets)


@pytest.mark.parametrize("change", [{"models": {"rk4_k9": {}}}, {"datasets": ["didgits"]}, {"seeds": 99}])
def test_a_mistake_in_a_sweep_is_named(change: dict[str, Any]) -> None:
    trained = {"datasets": ["digits"], "models": {"euler_k1": {}}}
    config = Config(experiments={"continuousnet/classification": trained, "continuousnet/manifestation": change})
    with pytest.raises(UserError, match="continuousnet/manifestation"):
        expand(config, experiments())


def test_a_setting_is_finite() -> None:
    config = Config(
        experiments={"cgnn/fixed_split": {"datasets": ["cora"], "models": {"gcn": {"weight_decay": float("inf")}}}}
    )
    with pytest.raises(UserError, match="weight_decay"):
        expand(config, experiments())


@pytest.mark.parametrize("text", ["[a, b]", "", "a: [", "a: b: c", "just words"])
def test_a_file_without_keys_and_values_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(UserError, match=r"c\.yaml: (not valid YAML|found)"):
        load_config(tmp_path / "c.yaml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"c\.yaml: no such file"):
        load_config(tmp_path / "c.yaml")


@pytest.mark.parametrize("name", ["c.yaml", "."])
def test_a_file_that_is_no_text_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "c.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=re.escape(str(tmp_path))):
        load_config(tmp_path / name)


@given(st.dictionaries(KEYS, st.none() | st.integers() | KEYS | st.lists(KEYS) | st.dictionaries(KEYS, KEYS)))
def test_any_mapping_is_a_configuration_or_the_users_mistake(content: dict[str, Any]) -> None:
    try:
        found = merge(content, "test")
    except UserError as error:
        assert any(key in str(error) for key in content)
    else:
        assert not {key for key, value in content.items() if value is not None} and found == merge({}, "test")


def test_the_schema_is_fresh() -> None:
    assert _schema.schema() == read_json(ROOT / _schema.PATH), "run `make schema`"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_shipped_fits_the_schema(path: Path) -> None:
    schema = _schema.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(yaml.safe_load(path.read_text()), schema)


@pytest.mark.parametrize(
    "content",
    [
        {"presset": "smoke"},
        {"threads": 0},
        {"experiments": {"nobody/nothing": {}}},
        {"experiments": {"cgnn/fixed_split": {"models": {"gcn": {"learning_rat": 0.1}}}}},
        {"experiments": {"cgnn/fixed_split": {"settings": {"epochs": "many"}}}},
    ],
)
def test_the_schema_refuses(content: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, _schema.schema())


@pytest.mark.parametrize("content", [{"experiments": {"cgnn/fixed_split": None}}, {"experiments": {}}])
def test_the_schema_lets_null_take_away(content: dict[str, Any]) -> None:
    jsonschema.validate(content, _schema.schema())


@pytest.mark.parametrize("content", [{"experiments": None}, {"threads": None}, {"seeds": None}])
def test_schema_and_command_line_agree_on_null(content: dict[str, Any]) -> None:
    merge(content, "test")
    jsonschema.validate(content, _schema.schema())


@pytest.mark.parametrize("key", [*Config.model_fields, *ExperimentConfig.model_fields])
def test_every_key_is_explained_in_the_configuration(key: str) -> None:
    text = (ROOT / "config.yaml").read_text()
    assert re.search(rf"^#?\s*{key}:|`{key}`", text, re.MULTILINE)
    if key in Config.model_fields and key != "seeds":
        assert re.search(rf"^# .*\n{key}:", text, re.MULTILINE), f"no comment above {key}"
