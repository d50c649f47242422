"""Sources of a finished text, by the numbers by which it cites them. Pure.

They stand in a result's `sources`, which each format makes itself: one of other shapes is shown as far as it can be.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from workflows.messages.messages import Source


def list_sources(results: Mapping[str, Any]) -> list[Source]:
    """A source for each entry, so that every number keeps its own; none where `sources` is no list."""
    found = results.get("sources")
    return [_read_source(each) for each in found] if _is_list(found) else []


def _read_source(given: object) -> Source:
    is_address = isinstance(given, str) and given.startswith(("http://", "https://"))
    parts = given if isinstance(given, Mapping) else {"url" if is_address else "title": given}
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
