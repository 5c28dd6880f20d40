"""What every registered data set must keep. A new one is found here by itself."""

import re

import pytest

from ctbench import data
from ctbench.data._manifest import manifest
from ctbench.data._packages import CLIENTS
from ctbench.data._sources import KINDS, Installed, Mirror, Official, Package

NO_PACKAGE = {"cifar100", "metr_la_week", "pemsd7m", "chickenpox", "nell"}
"""No registry is known to carry these: without their official host they need a mirror."""

NEVER_SEEN = {"pemsd7m"}
"""This project could not have these: their archive's digest and their fingerprint decide."""


@pytest.fixture(params=data.names())
def recipe(request):
    return data.DATASETS[request.param]


def test_registry_and_manifest_name_the_same_data_sets():
    assert set(manifest()) == set(data.names())


def test_entry_is_complete(recipe):
    entry = recipe.entry
    assert entry.title and entry.licence and len(entry.fingerprint) >= 5
    assert re.fullmatch("[0-9a-f]{64}", entry.sha256) or recipe.name in NEVER_SEEN
    assert all(isinstance(value, (int, float, str)) for value in entry.fingerprint.values())


def test_sources_come_in_order_and_can_be_decoded(recipe):
    sources = recipe.entry.sources
    assert sources and [KINDS.index(source.kind) for source in sources] == sorted(KINDS.index(s.kind) for s in sources)
    for source in sources:
        assert source.layout in recipe.family.decoders
        assert "\n" not in source.describe()
    assert data.sources(recipe.name) == [(source.kind, source.describe()) for source in sources]


def test_every_file_from_outside_has_a_digest(recipe):
    for source in recipe.entry.sources:
        match source:
            case Official():
                assert source.files
                for remote in source.files:
                    assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}|git:[0-9a-f]{40}", remote.digest)
                    assert re.fullmatch(r"https?://\S+", remote.url)
            case Package():
                assert source.client in CLIENTS and source.package and source.version and source.members
                assert re.fullmatch("[0-9a-f]{64}", source.sha256)
            case Mirror():
                assert len({file.rpartition("/")[0] for file in source.files}) == 1
            case _:
                assert isinstance(source, Installed)


def test_it_has_a_source_that_needs_no_official_host(recipe):
    expected = "mirror" if recipe.name in NO_PACKAGE else "package"
    assert expected in {source.kind for source in recipe.entry.sources}


def test_splits_are_documented(recipe):
    assert recipe.family.splits
    assert all(split.__doc__ for split in recipe.family.splits.values())


def test_what_needs_no_network_prepares_as_the_manifest_says(tmp_path):
    """Data sets inside installed packages are prepared in full; the others in test_registries.py."""
    installed = [name for name in data.names() if isinstance(data.DATASETS[name].entry.sources[-1], Installed)]
    assert installed
    for name in installed:
        dataset = data.prepare(name, tmp_path, log=lambda _: None)
        assert dict(data.DATASETS[name].family.fingerprint(dataset.arrays)) == dict(dataset.fingerprint)
