"""Figures inside the page: what a page does not need is left out, and what figures share stands there once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"
PLACES = 2
"""Decimals of a coordinate, in points: a hundredth of a point is a tenth of a device pixel at eight-fold zoom."""
LEFT_OUT = ("defs", "metadata", "style")
BACKGROUND = "fill: #ffffff"
"""The page has its own, light or dark."""
_LONG = re.compile(rf"-?\d+\.\d{{{PLACES + 1},}}")
_MOVED = re.compile(r"translate\([^)]*\)")
_SIDEWAYS = re.compile(r"translate\((-?[\d.]+)(?: 0)?\)")
_URL = re.compile(r"url\(#([^)]+)\)")
_UNSPACED = re.compile(r"\s*([A-Za-z])\s*")


class Shapes:
    """Letters, markers, clips and styles of all figures of a page, each once, under names of the page."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, str], str] = {}
        self._styles: dict[str, str] = {}

    def embed(self, path: Path, alt: str, width: int) -> str:
        """The SVG file that matplotlib wrote as an element of HTML, `width` CSS pixels wide, described by `alt`."""
        root = ElementTree.parse(path).getroot()
        names = {name: self._name(shape) for name, shape in _definitions(root)}
        content = "".join(self._written(child, names) for child in root)
        head = f'<svg class="drawn" role="img" viewBox="{root.get("viewBox")}" width="{width}"'
        return f'{head} aria-label="{escape(alt)}">{content}</svg>'

    def shared(self) -> str:
        """What the figures refer to; to stand in the page once."""
        styles = "".join(f".{name}{{{style}}}" for style, name in self._styles.items())
        shapes = "".join(f'<{tag} id="{name}"{rest}' for (tag, rest), name in self._shapes.items())
        return f'<svg class="shapes" aria-hidden="true"><style>{styles}</style><defs>{shapes}</defs></svg>'

    def _name(self, shape: Element) -> str:
        tag = shape.tag.removeprefix(SVG)
        rest = self._written(shape, {}).removeprefix(f"<{tag}")
        return self._shapes.setdefault((tag, rest), f"s{len(self._shapes)}")

    def _written(self, element: Element, names: dict[str, str]) -> str:
        """The element as HTML; groups that say nothing are left out."""
        tag = element.tag.removeprefix(SVG)
        if tag in LEFT_OUT or element.get("style") == BACKGROUND:
            return ""
        content = "".join(self._written(child, names) for child in element)
        attributes = "".join(f' {key}="{escape(value)}"' for key, value in self._attributes(element, names))
        if tag == "g" and not attributes:
            return content
        return f"<{tag}{attributes}>{content}</{tag}>" if content else f"<{tag}{attributes}/>"

    def _attributes(self, element: Element, names: dict[str, str]) -> Iterator[tuple[str, str]]:
        for key, value in element.attrib.items():
            if key == HREF:
                yield "href", f"#{names[value[1:]]}"
            elif key == "style":
                yield "class", self._styles.setdefault(value, f"c{len(self._styles)}")
            elif key == "transform":
                shorter = _MOVED.sub(lambda move: _rounded(move[0]), value)
                aside = _SIDEWAYS.fullmatch(shorter) if element.tag == f"{SVG}use" else None
                yield ("x", aside[1]) if aside else (key, shorter)
            elif key == "clip-path":
                yield key, _URL.sub(lambda found: f"url(#{names[found[1]]})", value)
            elif key != "id":
                shorter = _rounded(value)
                yield key, _UNSPACED.sub(r"\1", shorter).strip() if key == "d" else shorter


def _definitions(root: Element) -> Iterator[tuple[str, Element]]:
    for group in root.iter(f"{SVG}defs"):
        for shape in group:
            if name := shape.get("id"):
                yield name, shape


def _rounded(text: str) -> str:
    """The text with its numbers rounded to `PLACES`."""
    return _LONG.sub(lambda number: f"{float(number[0]):.{PLACES}f}".rstrip("0").rstrip("."), text)
