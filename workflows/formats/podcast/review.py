"""Review of an episode by figures: turns, numbers, repetition. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workflows.formats.podcast.input import PodcastInput
from workflows.formats.podcast.spoken import language_tag
from workflows.formats.speech.turns import parse_turns
from workflows.formats.toolkit.measured_review import (
    part_of,
    review_numbers,
    review_repetition,
    review_turns,
)
from workflows.state import Facts, Piece
from workflows.verdicts import ReviewFinding

_ADDRESS = re.compile(
    r"\b(?:https?://|www\.)\S+|\b[\w.+-]{1,64}@[\w-]{1,255}\.\S+|\b(?:doi|isbn|issn|arxiv)[: ]\s?\S+",
    re.IGNORECASE,
)
_NOT_SAID = re.compile(r"(?:ids?|urls?|uris?|links?|refs?|sources?|hash|slug)", re.IGNORECASE)
"""Last words of the keys of a pack whose values are no words of a fact."""


def review_episode(
    inputs: PodcastInput, texts: Mapping[int, str], facts: Facts | None, only: int | None = None
) -> list[ReviewFinding]:
    """What is wrong with sections, or with `only` one of them beside the others. Without `facts` their numbers aren't
    looked up."""
    hosts = [host.name for host in inputs.hosts]
    turns = {
        index: parse_turns(text, hosts) for index, text in texts.items() if only in (None, index, index + 1)
    }
    found = [*review_turns(turns), *review_repetition(texts, only)]
    if facts:
        found += review_numbers(part_of(texts, only), _known(inputs, facts), language_tag(inputs.language))
    return [one for one in found if only in (None, one.get("section"))]


def review_pieces(
    inputs: PodcastInput, pieces: Mapping[str, Piece], facts: Facts | None
) -> list[ReviewFinding]:
    """What is wrong with the short forms, by their names. They are reported, and not written again."""
    hosts, names = [host.name for host in inputs.hosts], [*pieces]
    texts = {index: pieces[name]["text"] for index, name in enumerate(names)}
    found: list[ReviewFinding] = []
    for index, text in texts.items():  # each stands by itself
        found += review_turns({index: parse_turns(text, hosts)})
    if facts:
        found += review_numbers(texts, _known(inputs, facts), language_tag(inputs.language))
    return [_on_piece(one, names) for one in found]


def _on_piece(finding: ReviewFinding, names: list[str]) -> ReviewFinding:
    about_piece = ReviewFinding(rule=finding["rule"], advice=finding["advice"], rewrite=False)
    if "section" in finding:
        about_piece["piece"] = names[finding["section"]]
    if "quote" in finding:
        about_piece["quote"] = finding["quote"]
    return about_piece


def _known(inputs: PodcastInput, facts: Facts) -> str:
    """All that numbers may come from: what the pack and its sources say, and what the run was given."""
    topic = inputs.topic
    given = (
        topic.title,
        topic.description,
        inputs.reference_text or "",
        *(host.bio for host in inputs.hosts),
    )
    said = [*_said(facts["canonical_pack"])]
    for source in facts["sources"]:
        said += [source.get("title", ""), source.get("publisher", ""), source.get("date", "")]
    return "\n".join(_ADDRESS.sub(" ", text) for text in (*said, *given))


def _said(value: Any) -> Iterator[str]:
    """The texts of a pack that say something: no ids, no addresses, no places in the list of sources."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        kept = {
            key: one for key, one in value.items() if not _NOT_SAID.fullmatch(str(key).rpartition("_")[2])
        }
        if {"number", "what"} <= kept.keys():  # "40", "percent of the riders"
            yield f"{kept.pop('number')} {kept.pop('what')}"
        for one in kept.values():
            yield from _said(one)
    elif isinstance(value, list):
        for one in value:
            yield from _said(one)
