"""Formulas of a Word file on one line: 1/2, 10³, √(x)."""

from lxml import etree

from backend.documents.word.xml import child, children, local
from workflows.text.layout.raised import raise_digits, shift


def read_formula(node: etree._Element) -> str:
    """The formula's text; raised and lowered parts, and those of a fraction, are kept apart from the rest."""
    name = local(node)
    if name == "t":
        return node.text or ""
    if name == "f":
        return f"{_group(child(node, 'num'))}/{_group(child(node, 'den'))}"
    if name in ("sSup", "sSub", "sSubSup"):
        return _part(node, "e") + shift(_part(node, "sub"), "_") + shift(_part(node, "sup"), "^")
    if name == "rad":
        return f"{raise_digits(_part(node, 'deg'))}√({_part(node, 'e')})"
    if name == "d":
        return f"({', '.join(read_formula(item) for item in children(node, 'e'))})"
    if name == "m":
        return "; ".join(", ".join(map(read_formula, children(row, "e"))) for row in children(node, "mr"))
    if name == "rPr" or name.endswith("Pr"):
        return ""
    return "".join(read_formula(item) for item in node)


def _part(node: etree._Element, name: str) -> str:
    found = child(node, name)
    return "" if found is None else read_formula(found)


def _group(node: etree._Element | None) -> str:
    text = "" if node is None else read_formula(node)
    return text if len(text) < 2 or text.isalnum() else f"({text})"
