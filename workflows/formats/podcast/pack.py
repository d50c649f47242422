"""Form of the fact pack, as lenient as it can be without guessing: a pack was paid for with the search behind it."""

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from workflows.formats.toolkit.answer_fields import as_list, as_places, as_text

_MOST_SOURCES = 100
"""Sources beyond are left out: no search brings as many."""

_T = TypeVar("_T")


_Line = Annotated[
    str,
    BeforeValidator(as_text),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=4000),
]
_Word = Annotated[str, BeforeValidator(as_text), StringConstraints(strip_whitespace=True, max_length=4000)]
_Places = Annotated[list[int], BeforeValidator(as_places)]
_List = Annotated[list[_T], BeforeValidator(as_list)]


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
