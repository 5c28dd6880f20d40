import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctbench.spec.errors import UserError
from ctbench.spec.files import write_json
from ctbench.spec.run import PAPERS, RunSpec, read_spec

NAMES = st.text("abcxyz_0123456789.", min_size=1, max_size=12).filter(lambda name: name[0] != ".")
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
SETTINGS = st.dictionaries(NAMES, VALUES, max_size=5)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "paper": st.sampled_from(PAPERS),
    "experiment": NAMES,
    "dataset": NAMES,
    "model": NAMES,
    "settings": SETTINGS,
    "seeds": st.lists(st.integers(0, 2**31), unique=True, max_size=5).map(tuple),
    "parent": st.none() | NAMES,
    "reduced": st.lists(NAMES, max_size=3).map(tuple),
}
CONTENTS = st.fixed_dictionaries(FIELDS)


def backwards(content: Any) -> Any:
    """The same content, every mapping written down in the opposite order."""
    if isinstance(content, dict):
        return {key: backwards(content[key]) for key in reversed(content)}
    return [backwards(part) for part in content] if isinstance(content, list) else content


@given(CONTENTS)
def test_the_order_of_keys_does_not_change_the_id(content: dict[str, Any]) -> None:
    assert RunSpec(**backwards(content)).run_id == RunSpec(**content).run_id


@pytest.mark.parametrize("field", FIELDS)
@given(data=st.data())
def test_every_field_changes_the_id(field: str, data: st.DataObject) -> None:
    content = data.draw(CONTENTS)
    other = {**content, field: data.draw(FIELDS[field].filter(lambda value: value != content[field]))}
    assert RunSpec(**other).run_id != RunSpec(**content).run_id


def test_every_field_is_tried_above() -> None:
    assert {*FIELDS, "format"} == set(RunSpec.model_fields)


@given(CONTENTS)
def test_the_id_names_the_run_and_survives_json(content: dict[str, Any]) -> None:
    spec = RunSpec(**content)
    assert spec.run_id.startswith(f"{spec.experiment}-{spec.dataset}-{spec.model}-")
    again = RunSpec.model_validate(json.loads(spec.text()))
    assert again == spec and again.run_id == spec.run_id and hash(again) == hash(spec)


def test_a_spec_is_read_as_it_was_written(tmp_path: Path) -> None:
    spec = RunSpec(
        paper="cgnn", experiment="e", dataset="d", model="m", settings={"b": [1, 2.5], "a": None}, seeds=(3,)
    )
    write_json(tmp_path / "spec.json", spec.model_dump(mode="json"))
    assert read_spec(tmp_path / "spec.json") == spec


@pytest.mark.parametrize(
    "text, said",
    [
        ("{}", "format None, expected 1"),
        ('{"format": 2}', "format 2, expected 1"),
        ("[]", "format 'list', expected 1"),
        ("{", "not valid JSON"),
        ('{"format": 1}', "paper"),
        ('{"format": 1, "papr": "cgnn"}', "paper"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "spec.json").write_text(text)
    with pytest.raises(UserError, match=said) as error:
        read_spec(tmp_path / "spec.json")
    assert str(tmp_path / "spec.json") in str(error.value)


def test_a_spec_is_frozen() -> None:
    spec = RunSpec(paper="cgnn", experiment="e", dataset="d", model="m", settings={})
    with pytest.raises(ValueError, match="frozen"):
        spec.model = "other"  # type: ignore[misc]


def test_a_changed_copy_has_an_id_of_its_own() -> None:
    spec = RunSpec(paper="cgnn", experiment="e", dataset="d", model="m", settings={})
    before = spec.run_id
    assert spec.model_copy(update={"model": "other"}).run_id != before
