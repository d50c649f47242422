"""Styles of a Word file, each merged with the styles that it is based on."""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from backend.documents.word.looks import NOTHING_SAID, UNKNOWN, Look, read_look, shading_of
from backend.documents.word.xml import child, children, local, number, value

_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Style:
    """A style; `level` is that of a heading (from 1), `number` the list and its level."""

    name: str = ""
    look: Look = NOTHING_SAID
    background: str | None = None
    level: int | None = None
    number: tuple[str, int] | None = None


_NONE = Style()


class Styles:
    """The styles by id."""

    def __init__(self, root: etree._Element | None) -> None:
        self._nodes: dict[str, etree._Element] = {}
        self._known: dict[str, Style] = {}
        self.default = NOTHING_SAID
        self._default_paragraph = ""
        if root is None:
            return
        self.default = read_look(child(root, "docDefaults", "rPrDefault", "rPr"))
        for node in children(root, "style"):
            name = str(value(node, "styleId"))
            self._nodes[name] = node
            if value(node, "type") == "paragraph" and value(node, "default") in ("1", "true"):
                self._default_paragraph = name

    def paragraph(self, name: str | None) -> Style:
        """The style of a paragraph by its id, or the default one."""
        return self._find(name if name in self._nodes else self._default_paragraph)

    def character(self, name: str | None) -> Style:
        """The style of a run."""
        return self._find(name) if name else _NONE

    def table_background(self, name: str | None) -> str | None:
        """The background of a table style; unknown where it colours cells, which depends on the place of each."""
        for node in self._chain(name or ""):
            if any(local(item) == "shd" for item in node.iter()):
                return UNKNOWN
        return None

    def _find(self, name: str) -> Style:
        if name not in self._known:
            style = Style()
            for node in reversed(self._chain(name)):
                style = _on_top(style, node)
            self._known[name] = style
        return self._known[name]

    def _chain(self, name: str) -> list[etree._Element]:
        """The style, then those that it is based on."""
        found: list[etree._Element] = []
        while name in self._nodes and len(found) < _DEEPEST:
            found.append(self._nodes[name])
            name = str(value(child(found[-1], "basedOn")))
        return found


def read_number(properties: etree._Element | None) -> tuple[str, int] | None:
    """The list and level of paragraph properties; list `0` is none."""
    node = child(properties, "numPr")
    if node is None:
        return None
    name = value(child(node, "numId"))
    return (name or "", number(child(node, "ilvl"), 0))


def heading_level(properties: etree._Element | None) -> int | None:
    """The outline level of paragraph properties, from 1; 10 is body text."""
    node = child(properties, "outlineLvl")
    return None if node is None else number(node, 9) + 1


def _on_top(base: Style, node: etree._Element) -> Style:
    properties = child(node, "pPr")
    name = value(child(node, "name")) or ""
    listed = read_number(properties)
    if listed is not None and not listed[0] and base.number:
        listed = (base.number[0], listed[1])
    return Style(
        name=name,
        look=base.look.under(read_look(child(node, "rPr"))),
        background=shading_of(properties) or base.background,
        level=_level_by_name(name) or heading_level(properties) or base.level,
        number=base.number if listed is None else listed,
    )


def _level_by_name(name: str) -> int | None:
    """The level by a built-in style's name, which is English in every language."""
    folded = name.casefold()
    if folded == "title":
        return 1
    level = folded.removeprefix("heading ")
    return int(level) if level != folded and level in _LEVELS else None


_LEVELS: Mapping[str, int] = {str(level): level for level in range(1, 10)}
