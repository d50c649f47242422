"""The fact pack, which comes with the first section's reply, validated before anybody sees it."""

import json
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, cast
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from workflows.errors import ModelBadOutput
from workflows.messages.messages import Source
from workflows.models.calls.search import Citation
from workflows.state import Facts
from workflows.text.normaliser import normalise, normalise_all
from workflows.text.words import count_words

_MOST_SOURCES = 20
FEWEST_SOURCES = 8
"""What a search is expected to bring."""
_WORDS = (300, 4000)
"""A pack outside of this is no pack."""
_ASKED = (1000, 2500)
"""Words of a pack as they are asked for."""

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


class _Event(_Part):
    date: _Line
    event: _Line


class _Player(_Part):
    name: _Line
    role: _Line


class _Claim(_Part):
    claim: _Line
    evidence: _Line


class _Beat(_Part):
    title: _Line
    summary: _Line


class CanonicalPack(_Part):
    """The facts to which the later sections and the short forms are limited."""

    timeline: list[_Event] = Field(min_length=1)
    key_facts: list[_Line] = Field(min_length=1)
    key_players: list[_Player]
    claims_evidence: list[_Claim]
    beats_outline: list[_Beat] = Field(min_length=10, max_length=15)
    punchlines: list[_Line]
    historical_context: _Line


class _Source(_Part):
    title: str = ""
    publisher: str = ""
    date: str = ""
    url: str


class _Answer(_Part):
    canonical_pack: CanonicalPack
    sources: list[_Source] = Field(default_factory=list, max_length=100)


def read_facts(text: str, *, searched: bool, cited: Iterable[Citation], reference: str) -> Facts:
    """The facts in the text after the marker.

    Without a search only sources that the reference text names count: others would be made up. With one,
    what the search itself cited is added. Raises ModelBadOutput when the pack isn't what was asked for.
    """
    answer = _parse(text)
    pack = normalise_all(answer.canonical_pack.model_dump())
    least, most = _WORDS
    if not least <= (words := pack_words(pack)) <= most:
        raise ModelBadOutput(f"The canonical pack has {words} words; {least} to {most} are accepted.")
    told = [cast(Source, normalise_all(source.model_dump())) for source in answer.sources]
    sources = [source for source in told if searched or source["url"] in reference]
    if searched:
        sources += [_source_of(citation) for citation in cited]
    return Facts(canonical_pack=pack, sources=_distinct(sources)[:_MOST_SOURCES])


def remarks_on(facts: Facts, *, searched: bool) -> Iterator[str]:
    """Remarks on facts that deviate from the requested form; they are used all the same."""
    least, most = _ASKED
    if not least <= (words := pack_words(facts["canonical_pack"])) <= most:
        yield f"The canonical pack has {words} words; {least:,} to {most:,} were asked for."
    if searched and len(facts["sources"]) < FEWEST_SOURCES:
        yield f"The search brought {len(facts['sources'])} sources, fewer than {FEWEST_SOURCES}."


def pack_words(pack: Any) -> int:
    """Number of words in all texts of a pack."""
    if isinstance(pack, str):
        return count_words(pack)
    items = pack.values() if isinstance(pack, dict) else pack if isinstance(pack, list) else ()
    return sum(pack_words(item) for item in items)


def _parse(text: str) -> _Answer:
    start, end = text.find("{"), text.rfind("}")
    try:
        return _Answer.model_validate(json.loads(text[start : end + 1]))
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise ModelBadOutput(f"The facts are not as they were asked for, at {place}.") from None
    except ValueError:
        raise ModelBadOutput("The facts are no JSON.") from None


def _source_of(citation: Citation) -> Source:
    return Source(title=normalise(citation.title), publisher=citation.publisher, date="", url=citation.url)


def _distinct(sources: list[Source]) -> list[Source]:
    """The distinct web addresses; anything else is dropped."""
    known: dict[str, Source] = {}
    for source in sources:
        try:
            address = urlsplit(source["url"])
        except ValueError:
            continue
        if address.scheme in ("http", "https") and address.hostname:
            known.setdefault(source["url"].rstrip("/"), source)
    return list(known.values())
