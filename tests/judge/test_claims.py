import pytest
import yaml

from ctbench.judge import load_claims
from ctbench.spec.errors import UserError

SELECT = {"model": "a", "metric": "accuracy"}
CLAIM = {
    "id": "K1",
    "statement": "It holds\n  everywhere.",
    "source": "Table 1",
    "experiment": "split",
    "quantity": "accuracy",
    "unit": "%",
    "paper_value": 2,
    "paper_source": "Table 1",
    "status": None,
    "reason": "",
    "criteria": [{"label": "a above", "kind": "above", "a": SELECT, "bound": 1}],
}


def content(*claims, **keys):
    return (
        {"paper": "knots", "title": "Knots", "authors": ["A. Person"], "arxiv": "1", "year": 2020}
        | keys
        | {"claims": list(claims)}
    )


def load(tmp_path, found, paper="knots", folder="knots"):
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "split.py").touch()
    (tmp_path / folder / "claims.yaml").write_text(found if isinstance(found, str) else yaml.safe_dump(found))
    return load_claims(paper, folder=tmp_path)


def test_a_claim_is_read_with_its_paper_on_one_line(tmp_path):
    (claim,) = load(tmp_path, content(CLAIM))
    assert (claim.paper, claim.id, claim.statement) == ("knots", "K1", "It holds everywhere.")
    assert claim.paper_value == 2.0
    assert claim.criteria[0].kind == "above"


def test_a_claim_may_say_no_more_than_id_and_statement(tmp_path):
    (claim,) = load(tmp_path, content({"id": "K1", "statement": "It holds."}))
    assert (claim.criteria, claim.paper_value, claim.status) == ((), None, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"quantty": "x"}, ["quantty", "not permitted"]),
        ({"statement": None}, ["statement", "string"]),
        ({"paper_value": "many"}, ["paper_value", "number"]),
        ({"paper_value": float("nan")}, ["paper_value", "finite"]),
        ({"status": "proved"}, ["status", "'proof only' or 'no source'"]),
        ({"criteria": [{"label": "x", "kind": "bigger"}]}, ["criteria.0", "bigger", "'greater'"]),
        ({"criteria": [CLAIM["criteria"][0] | {"a": {"modle": "a"}}]}, ["criteria.0.above.a.modle", "not permitted"]),
        ({"criteria": [{"label": "x", "kind": "above", "a": SELECT}]}, ["criteria.0.above.bound", "required"]),
        ({"paper": "knots"}, ["paper", "head of the file"]),
    ],
)
def test_an_error_names_file_claim_and_key(tmp_path, change, words):
    with pytest.raises(UserError) as error:
        load(tmp_path, content(CLAIM | {"id": "K0"}, CLAIM | change))
    for word in ["knots/claims.yaml", "claim K1", *words]:
        assert word in str(error.value)


def test_a_claim_without_id_is_named_by_its_place(tmp_path):
    with pytest.raises(UserError, match="claim 1: id: Field required"):
        load(tmp_path, content(CLAIM, {"statement": "It holds."}))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (content(CLAIM, CLAIM), "claim K1: the id occurs 2 times"),
        (content(CLAIM, paper="nots"), "paper: found 'nots', expected 'knots'"),
        (content(CLAIM, titel="x"), "titel: Extra inputs"),
        ({"paper": "knots"}, "title: Field required; claims: Field required"),
        (content("just words"), r"claims\.0: .*dictionary"),
        ("", "file: .*dictionary"),
        ("paper: [", "not valid YAML"),
        ("paper: knots\npaper: nots\n", "key 'paper' occurs twice"),
        ("paper: !!python/object/apply:os.getcwd []\n", "not valid YAML"),
    ],
)
def test_a_malformed_file_is_the_users_to_mend(tmp_path, found, words):
    with pytest.raises(UserError, match=f"claims.yaml: .*{words}"):
        load(tmp_path, found)


@pytest.mark.parametrize(
    "change",
    [{"experiment": "splt"}, {"criteria": [CLAIM["criteria"][0] | {"a": SELECT | {"experiment": "splt"}}]}],
    ids=["of the claim", "of a criterion"],
)
def test_a_typo_in_an_experiments_name_gets_the_nearest(tmp_path, change):
    with pytest.raises(UserError, match=r"'splt' .*claims.yaml: claim K1, criterion 'a above'.* 'split'"):
        load(tmp_path, content(CLAIM | change))


def test_an_experiment_that_does_not_exist_yet_may_be_named_without_criteria(tmp_path):
    (claim,) = load(tmp_path, content(CLAIM | {"experiment": "later", "criteria": []}))
    assert claim.experiment == "later"


def test_an_id_is_taken_across_papers(tmp_path):
    load(tmp_path, content(CLAIM))
    with pytest.raises(UserError, match="claim K1: the id is taken by a claim of knots"):
        load(tmp_path, content(CLAIM, paper="ropes"), paper=None, folder="ropes")


def test_a_paper_without_claims_is_an_error(tmp_path):
    (tmp_path / "knots").mkdir()
    with pytest.raises(UserError, match=r"knots/claims.yaml: no such file"):
        load_claims(folder=tmp_path)


def test_an_unknown_paper_gets_the_nearest_name():
    with pytest.raises(UserError, match="'cgnn'"):
        load_claims("cgn")


def test_the_six_papers_have_claims_with_ids_of_their_own():
    claims = load_claims()
    assert {c.paper for c in claims} == {
        "benign_functions",
        "cgnn",
        "continuousnet",
        "koopman",
        "learnability",
        "neural_gde",
    }
    assert load_claims("cgnn") == [c for c in claims if c.paper == "cgnn"]


def test_every_claim_can_be_judged_or_says_why_not():
    for claim in load_claims():
        assert claim.criteria or claim.reason, claim.id
