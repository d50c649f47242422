"""Sources of a finished text, by the numbers by which it cites them, and what each is called. Pure.

They stand in a result's `sources`, which each format makes itself: one of other shapes is shown as far as it can be.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard
from urllib.parse import unquote, urlsplit

from workflows.messages.messages import Source

_ENDING = re.compile(r"\.\w{2,5}$")
_MARKS = re.compile(r"[-_+\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u206f]+")
_ADDRESS = ("http://", "https://")


def list_sources(results: Mapping[str, Any]) -> list[Source]:
    """A source for each entry, so that every number keeps its own; none where `sources` is no list."""
    found = results.get("sources")
    return [_read_source(each) for each in found] if _is_list(found) else []


def is_address(text: str) -> bool:
    """Whether a page may make a link of it."""
    return text.lower().startswith(_ADDRESS)


def name_of(source: Source) -> str:
    """Its title; of a bare address the host, and what a person can read of the path."""
    name = source["title"] or source["url"]
    if not is_address(name):
        return name
    try:
        parts = urlsplit(name)
    except ValueError:
        return name
    path = _ENDING.sub("", unquote(parts.path)).split("/")
    return " › ".join([parts.netloc.removeprefix("www."), *(_MARKS.sub(" ", part) for part in path if part)])


def _read_source(given: object) -> Source:
    named = "url" if isinstance(given, str) and is_address(given) else "title"
    parts = given if isinstance(given, Mapping) else {named: given}
    return Source(
        title=_say(parts.get("title")),
        publisher=_say(parts.get("publisher")),
        date=_say(parts.get("date")),
        url=_say(parts.get("url")),
    )


def _say(part: object) -> str:
    """A word or number as text, several of them with commas between, and nothing for what is neither."""
    if isinstance(part, str | int | float) and not isinstance(part, bool):
        return str(part)
    return ", ".join(filter(None, map(_say, part))) if _is_list(part) else ""


def _is_list(given: object) -> TypeGuard[Sequence[object]]:
    return isinstance(given, Sequence) and not isinstance(given, str | bytes)
