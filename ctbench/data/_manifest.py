"""`manifest.toml`: for each data set its licence, sources, canonical hash and fingerprint."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ctbench.data._dataset import Fingerprint
from ctbench.data._sources import Installed, Mirror, Official, Package, Remote, Source

PATH = Path(__file__).with_name("manifest.toml")


@dataclass(frozen=True)
class Entry:
    """What the manifest says of one data set. `sources` are in the order in which they are tried.

    `sha256` is empty where this project could not have the data: the digest of its archive and the fingerprint, which
    then holds only what is known, decide.
    """

    title: str
    licence: str
    sha256: str
    fingerprint: Fingerprint
    sources: tuple[Source, ...]


@cache
def manifest() -> Mapping[str, Entry]:
    """Every entry by its data set's name. Raises KeyError or TypeError if an entry lacks a key or has one too many."""
    with PATH.open("rb") as file:
        return {name: _entry(table) for name, table in tomllib.load(file).items()}


def _entry(table: dict[str, Any]) -> Entry:
    return Entry(**{**table, "sources": tuple(_source(**source) for source in table["sources"])})


def _source(kind: str, **table: Any) -> Source:
    if kind == "mirror":
        return Mirror(table.pop("layout"), tuple(table.pop("files")), **table)
    if kind == "url":
        return Official(table.pop("layout"), tuple(Remote(**file) for file in table.pop("files")), **table)
    if "client" not in table:
        return Installed(**table)
    return Package(**{**table, "members": tuple(table["members"])})
