"""Form of the fact pack, as lenient as it can be without guessing: a pack was paid for with the search behind it."""

import math
import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

_MOST_SOURCES = 100
"""Sources beyond are left out: no search brings as many."""
_BETWEEN = re.compile(r"[\s,;&+#\[\](){}]+|(?:sources?|refs?|and)\b", re.IGNORECASE)
"""What stands between places, and before them."""
_PLACE = re.compile(r"s?(\d{1,4})(?:[-–—](\d{1,4}))?", re.IGNORECASE)

_T = TypeVar("_T")


def _as_text(value: Any) -> Any:
    """A number as the text that it would be in a sentence."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number and math.isfinite(value) else value


def _as_places(value: Any) -> Any:
    """Places in the list of sources, whether they come as numbers, as "[1], [3]", "1-3", or one alone."""
    items = value if isinstance(value, list) else [value]
    return list(islice((place for item in items for place in _places_in(item)), _MOST_SOURCES))


def _places_in(item: Any) -> Iterator[int]:
    """None where it says anything else: the numbers of an address or a date are no places."""
    if isinstance(item, bool) or not isinstance(item, int | float | str):
        return
    text = f"{item:.0f}" if isinstance(item, float) and item.is_integer() else str(item)
    found = [_PLACE.fullmatch(part) for part in _BETWEEN.split(text.rstrip(".")) if part]
    if not all(found):
        return
    for match in filter(None, found):
        yield from range(int(match[1]), int(match[2] or match[1]) + 1)


def _as_list(value: Any) -> Any:
    """A list without its empty items; one item alone is a list of it."""
    items = value if isinstance(value, list) else [value]
    return [item for item in items if item not in (None, "", [], {}) and not _is_blank(item)]


def _is_blank(item: Any) -> bool:
    return isinstance(item, str) and not item.strip()


_Line = Annotated[
    str,
    BeforeValidator(_as_text),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
]
_Word = Annotated[str, BeforeValidator(_as_text), StringConstraints(strip_whitespace=True, max_length=4000)]
_Places = Annotated[list[int], BeforeValidator(_as_places)]
_List = Annotated[list[_T], BeforeValidator(_as_list)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _take_what_is_there(cls, value: Any) -> Any:
        """Its first field where it is a text alone; else without fields that are null."""
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            return {next(iter(cls.model_fields)): value}
        if isinstance(value, dict):
            return {name: item for name, item in value.items() if item is not None}
        return value


class _Event(_Part):
    event: _Line
    date: _Word = ""


class _Player(_Part):
    name: _Line
    role: _Word = ""


class _Claim(_Part):
    claim: _Line
    evidence: _Word = ""


class _Beat(_Part):
    title: _Line
    summary: _Word = ""


class _Fact(_Part):
    fact: _Line
    sources: _Places = Field(default_factory=list)


class _Number(_Part):
    number: _Line
    what: _Word = ""
    sources: _Places = Field(default_factory=list)


class _Rumor(_Part):
    rumor: _Line
    who_says: _Word = ""
    against: _Word = ""
    status: _Word = ""


class CanonicalPack(_Part):
    """Facts that the later sections and the short forms may tell as news. The sources of a fact are places in
    the list of sources, from 1."""

    timeline: _List[_Event] = Field(default_factory=list)
    key_facts: _List[Annotated[_Line | _Fact, Field(union_mode="left_to_right")]] = Field(min_length=1)
    key_players: _List[_Player] = Field(default_factory=list)
    claims_evidence: _List[_Claim] = Field(default_factory=list)
    beats_outline: _List[_Beat] = Field(min_length=1)
    punchlines: _List[_Line] = Field(default_factory=list)
    historical_context: _Word = ""
    numbers: _List[_Number] | None = None
    analogies: _List[_Line] | None = None
    open_questions: _List[_Line] | None = None
    rumors: _List[_Rumor] | None = None
    listener_actions: _List[_Line] | None = None


class ToldSource(_Part):
    """A source as the model tells it; one without an address proves nothing, and keeps its place."""

    url: _Word = ""
    title: _Word = ""
    publisher: _Word = ""
    date: _Word = ""


def _as_sources(value: Any) -> Any:
    """A list of them, each at its place, also where each stands under its number."""
    is_numbered = isinstance(value, dict) and all(name.isdecimal() and len(name) < 5 for name in value)
    if is_numbered and value:
        value = [value.get(str(place)) for place in range(1, 1 + min(_MOST_SOURCES, max(map(int, value))))]
    items = value if isinstance(value, list) else [] if value is None else [value]
    return [{} if item is None else item for item in items][:_MOST_SOURCES]


class FactsAnswer(_Part):
    """Facts and sources as a model tells them, after their marker."""

    canonical_pack: CanonicalPack
    sources: Annotated[list[ToldSource], BeforeValidator(_as_sources)] = Field(default_factory=list)
