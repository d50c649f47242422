"""Values in near-JSON as models write it, where it can mean one thing only. Pure.

Beside JSON's own: commas after the last item, comments, strings in single or typographic quotes, names without quotes,
Python's literals and tuples, line ends within strings, and a forgotten comma between two lines. What could mean two
things is refused: a text that breaks off, a name that comes twice, strings that follow each other. Linear in the text.
"""

import json
import re
from typing import Any

_DEEPEST = 60
_LONGEST_NUMBER = 400
_SKIP = re.compile(r"(?:\s++|//[^\n]*+|#[^\n]*+|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_NUMBER = re.compile(r"[-+]?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])")
_NAME = re.compile(r"[A-Za-z_$][\w$-]{0,99}")
_LITERALS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}
_CLOSING = {'"': '"', "'": "'", "“": "”", "„": "“”", "‘": "’", "«": "»"}
_APOSTROPHE = {
    "'": r"|(?<=\w)'(?=\w)",
    "’": r"|(?<=\w)’(?=\w)",
}  # "it's": no end, even of a string in such marks
_STRINGS = {
    opening: re.compile(
        rf"[^\\{closing}]*+(?:(?:\\.{_APOSTROPHE.get(closing, '')})[^\\{closing}]*+)*+{closing}", re.DOTALL
    )
    for opening, closing in _CLOSING.items()
}
_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|(u[0-9a-fA-F]{4}|.))", re.DOTALL
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "\n": ""}
_BRACKETS = {"[": "]", "(": ")"}
QUOTES = frozenset(_CLOSING)
"""What a string begins with."""


def decode_lenient(text: str, start: int = 0) -> tuple[Any, int]:
    """The object or list at `start`, and its end. Raises ValueError where none is there unambiguously."""
    if text[start : start + 1] not in ("{", "["):
        raise ValueError("neither an object nor a list")
    return _Decoder(text).read(start, 0)


def find_string_end(text: str, start: int) -> int | None:
    """The end of the string whose quotation mark is at `start`; None where it has none."""
    found = _STRINGS[text[start]].match(text, start + 1)
    return None if found is None else found.end()


class _Decoder:
    def __init__(self, text: str) -> None:
        self._text = text

    def read(self, place: int, depth: int) -> tuple[Any, int]:
        """The value at `place`, and its end."""
        sign = self._text[place : place + 1]
        if depth > _DEEPEST:
            raise ValueError("too deep")
        if sign == "{":
            return self._read_object(place + 1, depth)
        if sign in _BRACKETS and sign:
            return self._read_list(place + 1, _BRACKETS[sign], depth)
        if sign in _STRINGS:
            return self._read_string(place)
        if (word := _NAME.match(self._text, place)) is not None and word.group() in _LITERALS:
            return _LITERALS[word.group()], word.end()
        number = _NUMBER.match(self._text, place, place + _LONGEST_NUMBER)
        if number is None:
            raise ValueError(f"no value at {place}")
        return json.loads(number.group().removeprefix("+")), number.end()

    def _read_object(self, place: int, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        place = self._skip(place)
        while not self._text.startswith("}", place):
            name, place = self._read_name(place)
            place = self._skip(place)
            if not self._text.startswith(":", place) or name in members:
                raise ValueError(f"no member at {place}")
            members[name], place = self.read(self._skip(place + 1), depth + 1)
            place = self._next(place, "}")
        return members, place + 1

    def _read_list(self, place: int, closing: str, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        place = self._skip(place)
        while not self._text.startswith(closing, place):
            item, place = self.read(place, depth + 1)
            items.append(item)
            place = self._next(place, closing, is_plain=not isinstance(item, dict | list))
        return items, place + 1

    def _next(self, place: int, closing: str, *, is_plain: bool = False) -> int:
        """The place of the next item, or of the end. `is_plain`: a comma must stand before another one."""
        end = self._skip(place)
        if self._text.startswith(",", end):
            return self._skip(end + 1)
        is_apart = "\n" in self._text[place:end] and not is_plain
        if self._text.startswith(closing, end) or (is_apart and end < len(self._text)):
            return end
        raise ValueError(f"neither a comma nor an end at {end}")

    def _read_name(self, place: int) -> tuple[str, int]:
        if self._text[place : place + 1] in _STRINGS:
            return self._read_string(place)
        if (name := _NAME.match(self._text, place)) is None:
            raise ValueError(f"no name at {place}")
        return name.group(), name.end()

    def _read_string(self, place: int) -> tuple[str, int]:
        opening = self._text[place : place + 1]
        found = _STRINGS[opening].match(self._text, place + 1) if opening else None
        if found is None:
            raise ValueError(f"a string without an end at {place}")
        return _ESCAPE.sub(_unescape, found.group()[:-1]), found.end()

    def _skip(self, place: int) -> int:
        found = _SKIP.match(self._text, place)
        return found.end() if found is not None else place


def _unescape(found: re.Match[str]) -> str:
    high, low, sign = found.groups()
    if sign is None:  # a surrogate pair
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    if len(sign) > 1:
        return chr(int(sign[1:], 16))
    if sign.isalnum() and sign not in _ESCAPES:
        raise ValueError(f"no escape: {sign!r}")
    return _ESCAPES.get(sign, sign)
