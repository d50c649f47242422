"""Phrases of tables, found in words with one space between. In a phrase `~` stands for up to five words. Pure."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

_GAP = r"(?:\S+ ){0,5}"


class FoundPhrase(NamedTuple):
    """Phrase in a text: its place, and the name that it stands under."""

    start: int
    end: int
    name: str


class Phrases:
    """Phrases under names, indexed by their first words: a search takes as long as the text has words."""

    def __init__(
        self, named: Mapping[str, Iterable[str]], fold: Callable[[str], str] = str, prefixes: str = ""
    ) -> None:
        """`fold`: what becomes of each word before it is compared. `prefixes`: letters of which one may stand before a
        first word."""
        self._prefixes = prefixes
        self._by_first: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
        for name, phrases in named.items():
            for phrase in phrases:
                first = fold(phrase.split()[0])
                self._by_first.setdefault(first, []).append((name, re.compile(_pattern(phrase, fold))))

    def find(self, text: str) -> Iterator[FoundPhrase]:
        """All phrases in words that are folded and have one space between, by where they begin."""
        start = 0
        for word in text.split(" "):
            yield from self._find_at(text, start, word)
            if word[:1] and word[0] in self._prefixes and len(word) > 1:
                for found in self._find_at(text, start + 1, word[1:]):
                    yield found._replace(start=start)
            start += len(word) + 1

    def _find_at(self, text: str, start: int, word: str) -> Iterator[FoundPhrase]:
        for name, pattern in self._by_first.get(word, ()):
            if match := pattern.match(text, start):
                yield FoundPhrase(start, match.end(), name)

    def names(self, text: str) -> frozenset[str]:
        """The names of all phrases in the text."""
        return frozenset(found.name for found in self.find(text))

    def replace(self, text: str, names: Collection[str], by: Callable[[str], str]) -> str:
        """The text with what stands under one of the names replaced; of phrases that overlap, the first and longest."""
        pieces, end = [], 0
        wanted = sorted(
            (one for one in self.find(text) if one.name in names), key=lambda one: (one.start, -one.end)
        )
        for found in wanted:
            if found.start >= end:
                pieces += [text[end : found.start], by(text[found.start : found.end])]
                end = found.end
        return "".join((*pieces, text[end:]))


def split_phrases(listed: str) -> list[str]:
    """The phrases of a table's entry, which semicolons part."""
    return [" ".join(one.split()) for one in listed.split(";") if one.strip()]


def _pattern(phrase: str, fold: Callable[[str], str]) -> str:
    pattern = ""
    for word in phrase.removesuffix(" ~").split():
        pattern += _GAP if word == "~" else f"{re.escape(fold(word))} "
    return pattern.removesuffix(" ") + r"(?!\S)"
