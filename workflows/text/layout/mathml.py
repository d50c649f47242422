"""Formulas of MathML as text: x², (a + b)/2, √(x). Pure, linear in the text."""

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from workflows.text.layout.raised import raise_digits, shift

MATH = re.compile(r"<(?:[A-Za-z]{1,8}:)?math(?=[\s/>])[^<>]{0,2000}>", re.IGNORECASE)
MATH_END = re.compile(r"</(?:[A-Za-z]{1,8}:)?math\s{0,9}>", re.IGNORECASE)
_TAG = re.compile(r"<!--[^<>]{0,2000}+-->|<(/?)(?:[A-Za-z]{1,8}:)?([A-Za-z][A-Za-z0-9-]*)([^<>]*?)(/?)>")
_ATTRIBUTE = re.compile(r"(open|close|separators|notation)\s*=\s*[\"']([^\"']{0,40})[\"']")
_INVISIBLE = str.maketrans(
    {"\u2061": "", "\u2062": " ", "\u2063": ", ", "\u2064": " ", "\u200b": "", "\u00ad": ""}
)
_SPACED = frozenset("=+−-<>≤≥≠≈±×·÷→⇒∈∪∩∝")
_SILENT = frozenset({"annotation", "annotation-xml", "mphantom", "none", "mprescripts"})
_DEEPEST = 60


@dataclass(slots=True)
class _Element:
    name: str
    attributes: str = ""
    parts: list[str] = field(default_factory=list)


def read_math(source: str) -> str:
    """The text of what stands within `<math>`."""
    stack = [_Element("math")]
    too_deep = place = 0
    for tag in _TAG.finditer(source):
        _add_text(stack[-1], source[place : tag.start()])
        place = tag.end()
        if tag[2] is None:
            continue
        name, is_empty = tag[2].lower(), bool(tag[4])
        if not tag[1]:
            if is_empty:
                stack[-1].parts += [" "] if name in ("mspace", "br") else []
            elif len(stack) > _DEEPEST:
                too_deep += 1
            else:
                stack.append(_Element(name, tag[3]))
        elif too_deep:
            too_deep -= 1
        elif any(element.name == name for element in stack[1:]):
            while _close(stack) != name:
                pass
    _add_text(stack[-1], source[place:])
    while len(stack) > 1:
        _close(stack)
    return " ".join(_join(stack[0].parts).split())


def _add_text(element: _Element, text: str) -> None:
    text = " ".join(html.unescape(text).translate(_INVISIBLE).split()) if text.strip() else ""
    if text:
        element.parts.append(text)


def _close(stack: list[_Element]) -> str:
    """Ends the last element, whose text becomes a part of the one around it."""
    element = stack.pop()
    text = _text_of(element)
    if text:
        stack[-1].parts.append(text)
    elif element.name not in _SILENT:
        stack[-1].parts.append("")  # an empty part has its place: the numerator, the base
    return element.name


def _text_of(element: _Element) -> str:
    if element.name in _SILENT:
        return ""
    writer = _WRITERS.get(element.name)
    return _join(element.parts) if writer is None else writer(element)


def _part(element: _Element, number: int) -> str:
    return element.parts[number] if number < len(element.parts) else ""


def _raised(element: _Element) -> str:
    return _part(element, 0) + shift(_part(element, 1).strip(), "^")


def _lowered(element: _Element) -> str:
    return _part(element, 0) + shift(_part(element, 1).strip(), "_")


def _lowered_and_raised(element: _Element) -> str:
    return _lowered(element) + shift(_part(element, 2).strip(), "^")


def _row(element: _Element) -> str:
    return ", ".join(filter(None, element.parts))


def _words(element: _Element) -> str:
    return f" {' '.join(element.parts)} "


def _operator(element: _Element) -> str:
    sign = "".join(element.parts)
    return f" {sign} " if sign in _SPACED else f"{sign} " if sign in (",", ";") else sign


def _fence(element: _Element) -> str:
    given: dict[str, str] = dict(_ATTRIBUTE.findall(element.attributes))
    separator = (given.get("separators", ",").strip()[:1] or "") + " "
    return given.get("open", "(") + separator.join(element.parts) + given.get("close", ")")


def _join(parts: list[str]) -> str:
    """The parts as one text, in which no two numbers and no two words grow together."""
    if len(parts) == 1:
        return parts[0]
    joined: list[str] = []
    before = ""
    for part in filter(None, parts):
        are_numbers = before[-1:].isdigit() and part[0].isdigit()
        are_words = before.isalpha() and part.isalpha() and len(before) + len(part) > 2
        joined.append(f" {part}" if are_numbers or are_words else part)
        before = part
    return "".join(joined)


def _group(text: str) -> str:
    text = text.strip()
    return text if text.isalnum() or not text or text.replace(".", "").isdigit() else f"({text})"


_WRITERS: dict[str, Callable[[_Element], str]] = {
    "mfrac": lambda element: f"{_group(_part(element, 0))}/{_group(_part(element, 1))}",
    **dict.fromkeys(("msup", "mover"), _raised),
    **dict.fromkeys(("msub", "munder"), _lowered),
    **dict.fromkeys(("msubsup", "munderover"), _lowered_and_raised),
    "msqrt": lambda element: f"√({_join(element.parts)})",
    "mroot": lambda element: f"{raise_digits(_part(element, 1))}√({_part(element, 0)})",
    "mtable": lambda element: "; ".join(filter(None, element.parts)),
    **dict.fromkeys(("mtr", "mlabeledtr"), _row),
    "mfenced": _fence,
    "mo": _operator,
    **dict.fromkeys(("mtext", "ms"), _words),
    "semantics": lambda element: _part(element, 0),
}
