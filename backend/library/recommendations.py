"""What a child may like to read about next: themes out of a file, by interests and by what was read. Pure.

No model is asked, and the same child with the same history gets the same answer.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

from workflows.formats.story.input import Reader

Kind = Literal["interest", "neighbour", "history", "new"]
RECENT = 10
"""So many of the themes read last aren't offered again."""

_FILE = Path(__file__).parent / "themes.toml"
_LONGEST = 120
_WORD = re.compile(r"[^\W_]+(?:־[^\W_]+)*")
_SHARE_OF_KNOWN = 2 / 3
"""Of what is offered, at most so much is about the interests themselves; the rest is a step further."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A theme, why, in the reader's language, and by what it was found."""

    theme: str
    reason: str
    kind: Kind
    tags: tuple[str, ...]


def recommend(reader: Reader, read: Sequence[str], limit: int = 6) -> list[Recommendation]:
    """At most `limit` themes for this reader. `read` are the themes of its stories, newest first."""
    lately = {_plain(theme) for theme in read[:RECENT]}
    offered = [one for one in _offers(reader, read) if _plain(one.theme) not in lately]
    by_kind: dict[Kind, list[Recommendation]] = {"interest": [], "neighbour": [], "history": [], "new": []}
    for one in _once(offered):
        by_kind[one.kind].append(one)
    known, others = by_kind["interest"], by_kind["neighbour"] + by_kind["history"] + by_kind["new"]
    share = max(round(limit * _SHARE_OF_KNOWN), limit - len(others))
    return [*known[:share], *others][:limit]


def tags_of(interest: str) -> list[str]:
    """The tags that the words of an interest, or of a theme, meet."""
    words = {form for word in _WORD.findall(interest.casefold()) for form in _forms(word)}
    text = f" {interest.casefold()} "
    return [
        tag
        for tag, known in _themes()["tags"].items()
        if not words.isdisjoint(known["words"])
        or any(f" {word} " in text for word in known["words"] if " " in word)
    ]


def _offers(reader: Reader, read: Sequence[str]) -> Iterator[Recommendation]:
    fitting = [theme for theme in _themes()["themes"] if theme["ages"][0] <= reader.age <= theme["ages"][1]]
    known = {interest: tags_of(interest) for interest in reader.interests}
    yield from _take_turns(_of_interest(reader, interest, tags, fitting) for interest, tags in known.items())
    steps = {
        interest: [near for tag in tags for near in _themes()["tags"][tag]["near"]]
        for interest, tags in known.items()
    }
    yield from _take_turns(
        [_recommendation(reader, theme, "neighbour", interest=interest) for theme in _about(near, fitting)]
        for interest, near in steps.items()
    )
    for theme in read:
        for other in _about(tags_of(theme), fitting):
            yield _recommendation(reader, other, "history", theme=theme)
    for theme in fitting:
        yield _recommendation(reader, theme, "new")


def _of_interest(
    reader: Reader, interest: str, tags: Sequence[str], fitting: list[dict[str, Any]]
) -> list[Recommendation]:
    if tags:
        return [
            _recommendation(reader, theme, "interest", interest=interest) for theme in _about(tags, fitting)
        ]
    own = _themes()["own"][reader.language].format(interest=interest)
    reason = _reason(reader, "interest", interest=interest)
    return [Recommendation(own, reason, "interest", ())] if len(own) <= _LONGEST else []


def _about(tags: Sequence[str], fitting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The themes that have some of the tags; those that have most of them first, else as in the file."""
    some = [theme for theme in fitting if not set(tags).isdisjoint(theme["tags"])]
    return sorted(some, key=lambda theme: -len(set(tags) & set(theme["tags"])))


def _recommendation(reader: Reader, theme: dict[str, Any], kind: Kind, /, **values: str) -> Recommendation:
    return Recommendation(theme[reader.language], _reason(reader, kind, **values), kind, tuple(theme["tags"]))


def _reason(reader: Reader, kind: Kind, /, **values: str) -> str:
    text: str = _themes()["reasons"][reader.language][kind]
    return text.format(name=reader.name, age=reader.age, **values)


def _take_turns(several: Iterable[list[Recommendation]]) -> Iterator[Recommendation]:
    """One of each, then a second of each: no interest crowds the others out."""
    for round_ in zip_longest(*several):
        yield from (one for one in round_ if one is not None)


def _once(offered: Iterable[Recommendation]) -> Iterator[Recommendation]:
    """Each theme by its first, and best, reason."""
    seen: set[str] = set()
    for one in offered:
        if one.theme not in seen:
            seen.add(one.theme)
            yield one


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
