"""Names of people: what is called so is never judged as a word (Uzi, Dick, Brandy, דקר)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

_FIELDS = {"name", "first_name", "last_name", "nickname"}
_LONGEST = 60
_MOST_WORDS = 4
_HEBREW_PREFIX = "(?:ו?(?:כש|ש)?[מכבלה]?)"
# A verb with an object is no name, also where the name is spelt like it: `דקר אותו`.
_OBJECT = r"(?!\s+(?:אות[יךוהםןנ]|את\b|ב[והםן]\b))"
STAND_IN = "Alex"


def is_name_field(path: str) -> bool:
    """Whether a field (`input.reader.name`) holds what somebody is called."""
    return path.rpartition(".")[2] in _FIELDS


def is_name(text: str) -> bool:
    """Whether `text` may be what somebody is called: a few words, no sentence."""
    return len(text) <= _LONGEST and len(text.split()) <= _MOST_WORDS and not re.search(r"[.!?:;,]\s", text)


def collect_names(value: Any) -> tuple[str, ...]:
    """What people are called in a plain value, such as a format's input, and each of the words of it."""
    found = dict.fromkeys(_names(value, is_named=False))
    words = dict.fromkeys(word for name in found for word in name.split() if len(word) > 1)
    return tuple(dict.fromkeys([*found, *words]))


def hide_names(text: str, names: tuple[str, ...]) -> str:
    """`text` with these names as another one. A name is written as a name is: `dick` in lower case stays."""
    return _pattern(names).sub(STAND_IN, text) if names else text


def _names(value: Any, *, is_named: bool) -> Iterator[str]:
    if isinstance(value, str):
        if is_named and value.strip() and is_name(value):
            yield " ".join(value.split())
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _names(item, is_named=key in _FIELDS)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _names(item, is_named=is_named)


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    spellings = {spelling for name in names for spelling in _spellings(name)}
    longest_first = sorted(spellings, key=len, reverse=True)
    return re.compile(rf"(?<!\w){_HEBREW_PREFIX}(?:{'|'.join(map(_escape, longest_first))})(?!\w){_OBJECT}")


def _spellings(name: str) -> Iterable[str]:
    if name.upper() == name.lower():  # a script without capitals
        return [name]
    return [name.title(), name[:1].upper() + name[1:], name.upper()]


def _escape(name: str) -> str:
    return r"\s+".join(map(re.escape, name.split()))
