"""Recommendations of themes for a child, from a file, by interests and reading history. Pure.

No model is asked, and the same child with the same history gets the same answer.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from workflows.formats.story.input import StoryReader

RecommendationKind = Literal["interest", "neighbour", "history", "new"]
RECENT = 10
"""So many of the themes read last aren't offered again."""

_FILE = Path(__file__).parent / "themes.toml"
_LONGEST = 120
_WORD = re.compile(r"[^\W_]+(?:־[^\W_]+)*")
_SHARE_OF_KNOWN = 2 / 3
"""Of what is offered, at most so much is about the interests themselves; the rest is a step further."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A theme, the reason in the reader's language, and how it was found."""

    theme: str
    reason: str
    kind: RecommendationKind
    tags: tuple[str, ...]


def recommend(reader: StoryReader, read: Sequence[str], limit: int = 6) -> list[Recommendation]:
    """At most `limit` themes for this reader. `read` are the themes of its stories, newest first."""
    by_kind: dict[RecommendationKind, list[Recommendation]] = {
        "interest": [],
        "neighbour": [],
        "history": [],
        "new": [],
    }
    for one in _take_turns(_offers(reader, read), seen={_plain(theme) for theme in read[:RECENT]}):
        by_kind[one.kind].append(one)
    known, others = by_kind["interest"], by_kind["neighbour"] + by_kind["history"] + by_kind["new"]
    share = max(round(limit * _SHARE_OF_KNOWN), limit - len(others))
    return [*known[:share], *others][:limit]


def tags_of(interest: str) -> list[str]:
    """The tags that match the words of an interest or of a theme."""
    words = {form for word in _WORD.findall(interest.casefold()) for form in _forms(word)}
    text = f" {interest.casefold()} "
    return [
        tag
        for tag, known in _themes()["tags"].items()
        if not words.isdisjoint(known["words"])
        or any(f" {word} " in text for word in known["words"] if " " in word)
    ]


def _offers(reader: StoryReader, read: Sequence[str]) -> list[list[list[Recommendation]]]:
    """Groups, the best first; in each, a list for each interest or theme that it is based on."""
    fitting = [theme for theme in _themes()["themes"] if theme["ages"][0] <= reader.age <= theme["ages"][1]]
    known = {interest: tags_of(interest) for interest in reader.interests}
    steps = {
        interest: [near for tag in tags for near in _themes()["tags"][tag]["near"]]
        for interest, tags in known.items()
    }
    return [
        [_of_interest(reader, interest, tags, fitting) for interest, tags in known.items()],
        [
            [
                _recommendation(reader, theme, "neighbour", interest=interest)
                for theme in _about(near, fitting)
            ]
            for interest, near in steps.items()
        ],
        [
            [
                _recommendation(reader, other, "history", theme=theme)
                for other in _about(tags_of(theme), fitting)
            ]
            for theme in read
        ],
        [[_recommendation(reader, theme, "new") for theme in fitting]],
    ]


def _of_interest(
    reader: StoryReader, interest: str, tags: Sequence[str], fitting: list[dict[str, Any]]
) -> list[Recommendation]:
    if tags:
        return [
            _recommendation(reader, theme, "interest", interest=interest) for theme in _about(tags, fitting)
        ]
    own = _themes()["own"][reader.language].format(interest=interest)
    reason = _reason(reader, "interest", interest=interest)
    return [Recommendation(own, reason, "interest", ())] if len(own) <= _LONGEST else []


def _about(tags: Sequence[str], fitting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The themes with any of the tags; those with most of them first, else in the file's order."""
    some = [theme for theme in fitting if not set(tags).isdisjoint(theme["tags"])]
    return sorted(some, key=lambda theme: -len(set(tags) & set(theme["tags"])))


def _recommendation(
    reader: StoryReader, theme: dict[str, Any], kind: RecommendationKind, /, **values: str
) -> Recommendation:
    return Recommendation(theme[reader.language], _reason(reader, kind, **values), kind, tuple(theme["tags"]))


def _reason(reader: StoryReader, kind: RecommendationKind, /, **values: str) -> str:
    text: str = _themes()["reasons"][reader.language][kind]
    return text.format(name=reader.name, age=reader.age, **values)


def _take_turns(groups: list[list[list[Recommendation]]], seen: set[str]) -> Iterator[Recommendation]:
    """The themes group by group, one of each list, then a second: no interest crowds the others out.

    A theme comes once, with its first and best reason, and not at all when it was `seen`.
    """
    for lists in groups:
        waiting = [iter(one) for one in lists]
        while waiting:
            for recommendations in list(waiting):
                found = next((one for one in recommendations if _plain(one.theme) not in seen), None)
                if found is None:
                    waiting.remove(recommendations)
                else:
                    seen.add(_plain(found.theme))
                    yield found


def _forms(word: str) -> Iterator[str]:
    yield word
    if word.endswith("ies"):
        yield f"{word[:-3]}y"
    if word.endswith("es"):
        yield word[:-2]
    if word.endswith("s"):
        yield word[:-1]
    if word.startswith("ה"):  # the Hebrew article is a part of the word
        yield word[1:]


def _plain(theme: str) -> str:
    return " ".join(_WORD.findall(theme.casefold()))


@cache
def _themes() -> dict[str, Any]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
