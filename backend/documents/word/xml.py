"""Access to the XML of a Word file by local names."""

from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from backend.documents.word.archive import W

_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_OFF = frozenset({"0", "false", "none", "off"})


@lru_cache(maxsize=4096)
def _without_namespace(tag: str) -> str:
    return tag.rpartition("}")[2]


def local(node: etree._Element) -> str:
    """The element's name without its namespace."""
    return _without_namespace(str(node.tag))


def child(node: etree._Element | None, *names: str) -> etree._Element | None:
    """The first child of that name, or its first child of the next name, and so on."""
    for name in names:
        for item in node if node is not None else ():
            if local(item) == name:
                node = item
                break
        else:
            return None
    return node


def children(node: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """All children of that name."""
    return (item for item in (node if node is not None else ()) if local(item) == name)


def value(node: etree._Element | None, name: str = "val") -> str | None:
    """An attribute of Word's own namespace."""
    return None if node is None else node.get(f"{{{W}}}{name}")


def relation_id(node: etree._Element, name: str = "id") -> str:
    """The id of the part that an element refers to."""
    return str(node.get(f"{{{_R}}}{name}"))


def number(node: etree._Element | None, otherwise: int, name: str = "val") -> int:
    """An attribute as a number from 0 to 99999."""
    text = value(node, name)
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 6 else otherwise


def is_on(node: etree._Element | None) -> bool | None:
    """Value of a boolean property, which is on when its element has no value; None without the element."""
    return None if node is None else (value(node) or "true").lower() not in _OFF


def texts(node: etree._Element, *names: str) -> str:
    """The texts of all elements of these names, with paragraphs set apart."""
    found: list[str] = []
    for item in node.iter():
        name = local(item)
        if name in names:
            found.append(item.text or "")
        elif name in ("p", "tab", "br", "tc"):
            found.append(" ")
    return " ".join("".join(found).split())
