"""Pairs of opposites ("with food", "without food"), held against a document's instructions. English, Hebrew. Pure.

It errs to silence: where the document says both of a thing, or says one under a condition, either may be said.
"""

import re
import tomllib
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from workflows.text.clauses.claims import claim_stems, split_clauses
from workflows.text.clauses.clauses import Clause
from workflows.text.clauses.hebrew_claims import split_hebrew
from workflows.text.clauses.hebrew_instructions import read_hebrew_instructions
from workflows.text.clauses.instructions import read_instructions
from workflows.text.clauses.names import find_only_name
from workflows.text.modality.modality import doing_stems

_FILE = Path(__file__).parent / "contrasts.toml"
_OFTEN = frozenset({"once", "while"})  # "once a day", "slowly, while you press"
_Side = tuple[int, bool]
"""The number of a pair, and whether it is its first side."""


class _Reader(NamedTuple):
    split: Callable[[str], list[str]]
    read: Callable[[str], tuple[Clause, ...]]


class _Said(NamedTuple):
    """A side of a pair that a sentence says: `about` what, under a condition or not, in an instruction or not."""

    side: _Side
    phrase: str
    about: frozenset[str]
    is_limited: bool
    is_sure: bool


_READERS = {
    "en": _Reader(split_clauses, read_instructions),
    "he": _Reader(split_hebrew, read_hebrew_instructions),
}


class Contrasts:
    """The sides of pairs that a document's sentences say. Of a language without a table it finds nothing."""

    def __init__(self, sentences: Sequence[str], language: str | None) -> None:
        self._language = language if language in _READERS else None
        # What all of the document is about tells no two instructions apart.
        self._subject = frozenset(claim_stems(find_only_name(sentences)))
        self._said: dict[int, list[_Said]] = {}
        for sentence in sentences:
            for said in self._read(sentence):
                self._said.setdefault(said.side[0], []).append(said)

    def find_conflict(self, sentence: str) -> str | None:
        """Why the document says the contrary; None where it doesn't, or says both."""
        read = self._read(sentence)
        sides = {one.side for one in read}
        for one in read:
            pair, is_one = one.side
            if one.is_limited or not one.is_sure or (pair, not is_one) in sides:  # "with or without food"
                continue
            about = one.about - self._subject
            if not about and pair not in _pairs_of_doses(self._language or ""):
                continue
            others = [other for other in self._said.get(pair, ()) if about <= other.about]
            same = any(other.side == one.side for other in others)
            contrary = next(
                (other for other in others if other.side != one.side and not other.is_limited), None
            )
            if contrary is not None and not same:
                return f'the document says "{contrary.phrase}"'
        return None

    def _read(self, sentence: str) -> list[_Said]:
        if self._language is None or not _pattern(self._language).search(sentence):
            return []
        reader = _READERS[self._language]
        found: list[tuple[_Side, str, bool]] = []
        rest: list[Clause] = []
        for part in reader.split(sentence):
            said = list(_pattern(self._language).finditer(part))
            clauses = reader.read(_pattern(self._language).sub(" ", part))
            denies = any(clause.denies for clause in clauses)
            is_sure = any(clause.is_sure for clause in (*clauses, *(reader.read(part) if said else ())))
            rest += clauses
            for match in said:
                phrase = match.group().casefold()
                found += [
                    ((pair, is_one != denies), phrase, is_sure)
                    for pair, is_one in _sides(self._language)[phrase]
                ]
        doing = doing_stems(self._language)  # "leave it loose" and "pull it tight" are about one thing
        about = frozenset(stem for clause in rest for stem in clause.about if stem not in doing)
        is_limited = any(clause.limits - _OFTEN or clause.waives for clause in rest)
        return [_Said(side, phrase, about, is_limited, is_sure) for side, phrase, is_sure in found]


@cache
def _pairs() -> dict[str, list[dict[str, Any]]]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


@cache
def _pairs_of_doses(language: str) -> frozenset[int]:
    """The numbers of the pairs that say how a dose is taken."""
    return frozenset(number for number, pair in enumerate(_pairs()[language]) if pair.get("of_doses"))


@cache
def _sides(language: str) -> dict[str, list[_Side]]:
    """Phrase → the sides that it is."""
    pairs = _pairs()[language]
    sides: dict[str, list[_Side]] = {}
    for number, pair in enumerate(pairs):
        for name in ("one", "other"):
            for phrase in pair[name]:
                sides.setdefault(phrase, []).append((number, name == "one"))
    return sides


@cache
def _pattern(language: str) -> re.Pattern[str]:
    phrases = sorted(_sides(language), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, phrases))})(?![\w-])", re.IGNORECASE)
