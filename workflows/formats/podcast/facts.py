"""The fact pack, which comes with the first section's reply, validated before anybody sees it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from workflows.errors import ModelBadOutput
from workflows.formats.podcast.pack import FactsAnswer
from workflows.formats.toolkit.source_places import address_of, renumber_sources
from workflows.messages.messages import Source
from workflows.models.calls.search import Citation
from workflows.models.calls.structured_output import clean_values
from workflows.state import Facts
from workflows.text.lenient_json import decode_lenient
from workflows.text.streams.normaliser import normalise, normalise_all
from workflows.text.words import count_words

_MOST_SOURCES = 20
FEWEST_SOURCES = 8
"""What a search is expected to bring."""
_WORDS = (300, 4000)
"""A pack outside of this is no pack, for a short episode."""
_REQUESTED = (1000, 2500)
"""Words of a pack as they are asked for, at least."""
_MOST_OVER = 1.6
"""How much longer than asked for a pack may be."""
_BEATS = (10, 15)
"""Steps of the story, as they are asked for."""
_SHARE = (0.4, 0.6)
"""The same for a long episode, as shares of its words: what is told has to be known."""


def requested_words(target_words: int) -> tuple[int, int]:
    """How many words the pack of an episode is asked for: at least, at most."""
    return max(_REQUESTED[0], round(target_words * _SHARE[0])), max(
        _REQUESTED[1], round(target_words * _SHARE[1])
    )


def read_facts(
    text: str,
    *,
    searched: bool,
    cited: Iterable[Citation],
    reference: str,
    requested: tuple[int, int] = _REQUESTED,
) -> Facts:
    """The facts in what stands after the marker; `requested` is how many words the pack was to have.

    Without a search only sources that the reference text names count: others would be made up. With one,
    what the search itself cited is added. Raises ModelBadOutput when the pack isn't what was asked for.
    """
    answer = _parse(text)
    pack = normalise_all(answer.canonical_pack.model_dump(exclude_none=True))
    least, most = _WORDS[0], max(_WORDS[1], round(_MOST_OVER * requested[1]))
    if not least <= (words := pack_words(pack)) <= most:
        raise ModelBadOutput(f"The canonical pack has {words} words; {least} to {most} are accepted.")
    named = [cast(Source, normalise_all(source.model_dump())) for source in answer.sources]
    sources = [source for source in named if searched or source["url"] in reference]
    if searched:
        sources += [_source_of(citation) for citation in cited]
    kept = _distinct(sources)[:_MOST_SOURCES]
    renumber_sources(pack, named, kept)
    return Facts(canonical_pack=pack, sources=kept)


def remarks_on(facts: Facts, *, searched: bool, requested: tuple[int, int] = _REQUESTED) -> Iterator[str]:
    """What somebody should know who relies on them: they are used, and aren't quite what was asked for."""
    least, most = requested
    if not least <= (words := pack_words(facts["canonical_pack"])) <= most:
        yield f"The canonical pack has {words} words; {least:,} to {most:,} were asked for."
    beats = len(facts["canonical_pack"].get("beats_outline", ()))
    if not _BEATS[0] <= beats <= _BEATS[1]:
        yield f"The canonical pack has {beats} beats; {_BEATS[0]} to {_BEATS[1]} were asked for."
    if searched and len(facts["sources"]) < FEWEST_SOURCES:
        yield f"The search brought {len(facts['sources'])} sources, fewer than {FEWEST_SOURCES}."


def pack_words(pack: Any) -> int:
    """Number of words in all texts of a pack."""
    if isinstance(pack, str):
        return count_words(pack)
    items = pack.values() if isinstance(pack, dict) else pack if isinstance(pack, list) else ()
    return sum(pack_words(item) for item in items)


def _parse(text: str) -> FactsAnswer:
    start, end = text.find("{"), text.rfind("}")
    try:
        value = clean_values(_decode(text[start : end + 1]))
        orjson.dumps(value)  # nested deeper than can be stored
        return FactsAnswer.model_validate(value)
    except ValidationError as error:
        # Where a value may be of two forms, pydantic names the form too.
        loc = [str(part) for part in error.errors()[0]["loc"]]
        place = ".".join(part for part in loc if part.isdecimal() or part.isidentifier())
        raise ModelBadOutput(f"The facts are not as they were asked for, at {place}.") from None
    except (ValueError, TypeError, RecursionError):
        raise ModelBadOutput("The facts are no JSON.") from None


def _decode(text: str) -> Any:
    try:
        return json.loads(text, strict=False)
    except ValueError:
        value, end = decode_lenient(text, 0)
        if text[end:].strip():
            raise
        return value


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
            known.setdefault(address_of(source), source)
    return list(known.values())
