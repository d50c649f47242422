"""Drawings of a Word file: their texts, and their other contents."""

import re
from collections.abc import Callable

from lxml import etree

from backend.documents.word.context import Context
from backend.documents.word.line import choose
from backend.documents.word.looks import UNKNOWN
from backend.documents.word.xml import child, children, local, relation_id, texts

_HEX = re.compile(r"#?([0-9a-fA-F]{6})\b")
_FILLS = frozenset({"gradFill", "blipFill", "pattFill", "grpFill"})


class Graphics:
    """Reader of drawings. A text box holds blocks of its own."""

    def __init__(self, context: Context, read_blocks: Callable[[etree._Element], list[str]]) -> None:
        self._context = context
        self._read_blocks = read_blocks

    def read(self, node: etree._Element) -> list[str]:
        """The blocks of text in a drawing, a picture or an object."""
        if local(node) == "object":
            self._context.leave_out("embedded_objects")
        return self._in(node, None)

    def _in(self, node: etree._Element, background: str | None) -> list[str]:
        name = local(node)
        if name == "txbxContent":
            return self._box(node, background)
        if name == "AlternateContent":
            return self._in(choose(node), background)
        if name == "txBody":
            return [self._context.count(words) for item in children(node, "p") if (words := texts(item, "t"))]
        if name == "relIds":
            return self._diagram(node)
        if name == "textpath":
            return [" ".join(str(node.get("string", "")).split())]
        if name in ("pic", "imagedata", "contentPart"):
            self._context.leave_out("pictures")
        elif name == "chart":
            self._context.leave_out("charts")
        own = _fill(node)
        blocks: list[str] = []
        for item in node:
            blocks += self._in(item, own or background)
        return blocks

    def _box(self, node: etree._Element, background: str | None) -> list[str]:
        self._context.behind.insert(0, background)
        blocks = self._read_blocks(node)
        self._context.behind.pop(0)
        return blocks

    def _diagram(self, node: etree._Element) -> list[str]:
        """The words of a SmartArt drawing, an item for each of its boxes."""
        relation = self._context.relations.get(relation_id(node, "dm"))
        root = self._context.archive.root(relation.target) if relation else None
        points = [] if root is None else [item for item in root.iter() if local(item) == "pt"]
        return [self._context.count(f"- {words}") for point in points if (words := texts(point, "t"))]


def _fill(node: etree._Element) -> str | None:
    """The fill colour of a shape; None where unset."""
    name = local(node)
    if name == "wsp":
        properties = child(node, "spPr")
        for item in properties if properties is not None else ():
            if local(item) == "solidFill":
                colour = child(item, "srgbClr")
                return UNKNOWN if colour is None else str(colour.get("val")).lower()
            if local(item) in _FILLS:
                return UNKNOWN
            if local(item) == "noFill":
                return None
        return None if child(node, "style", "fillRef") is None else UNKNOWN
    if name in ("shape", "rect", "roundrect", "oval") and node.get("filled") not in ("f", "false"):
        colour_name = node.get("fillcolor")
        if colour_name is None:
            return None
        found = _HEX.match(colour_name)
        return found[1].lower() if found else UNKNOWN
    return None
