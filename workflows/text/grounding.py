"""Grounding of a text in a document: a local check by numbers and by words. Pure.

It knows words, not meanings: a sentence that says the same in other words may be named, and one that
says something else in the document's words may pass. Numbers it takes at their word: each must stand in
the document, with its unit.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from workflows.text.numbers import Quantity, find_quantities, words_of_numbers
from workflows.text.sentences import split_sentences
from workflows.text.stems import stem
from workflows.text.words import list_words

_FILE = Path(__file__).parent / "claims.toml"

UnsupportedKind = Literal["number", "opposite", "words"]

_LEAST_WORDS = 3
"""Fewer words of its own than this, and a sentence claims nothing that could be looked up."""
_LEAST_SHARE = 0.55
"""The share of a sentence's own words that a few neighbouring sentences of the document must hold."""
_SAME_SHARE = 0.7
"""With this share of words in common, two clauses are about the same; one may be the opposite of the other."""
_WINDOW = 2
_CLAUSE = re.compile(r"[,;:–—]\s|\b(?:because|but|so that|although|unless)\b")
_SMALL_COUNT = 12


@dataclass(frozen=True, slots=True)
class Unsupported:
    """A sentence without support in the document, and the reason."""

    section: int
    sentence: str
    reason: str
    kind: UnsupportedKind


@dataclass(frozen=True, slots=True)
class Grounding:
    """Result of a check: the number of sentences with claims, and those without support."""

    checked: int
    unsupported: tuple[Unsupported, ...]


class Evidence:
    """A document, indexed once for the lookup of many sentences."""

    def __init__(self, document: str, language: str | None = "en") -> None:
        """`language`: of both texts, None if they differ. Words are compared in English only, numbers in any."""
        self._by_words = language == "en"
        sentences = [sentence.strip() for sentence in split_sentences(document) if sentence.strip()]
        self._places = _index(sentences)
        self._clauses = [(clause, sentence) for sentence in sentences for clause in _clauses(sentence)]
        self._clause_stems = [_matter(clause) for clause, _ in self._clauses]
        self._clause_places = _index([clause for clause, _ in self._clauses])
        self._quantities: dict[tuple[str, str], list[int]] = {}
        self._values: dict[str, list[int]] = {}
        for place, sentence in enumerate(sentences):
            for quantity in find_quantities(sentence):
                self._quantities.setdefault((quantity.value, quantity.unit), []).append(place)
                self._values.setdefault(quantity.value, []).append(place)

    def check(self, sentence: str) -> tuple[UnsupportedKind, str] | None:
        """The reason why the document doesn't support the sentence; None when it does."""
        words = _stems(sentence)
        for clause in _clauses(sentence):
            about = set(_stems(clause))
            for quantity in find_quantities(clause):
                if (reason := self._doubt(quantity, about)) is not None:
                    return "number", reason
        if not self._by_words or sentence.rstrip(" \"'”’").endswith("?"):
            return None
        if any(self._turns_round(clause) for clause in _clauses(sentence)):
            return "opposite", "the document seems to say the opposite"
        if len(words) >= _LEAST_WORDS and self._share(words.keys()) < _LEAST_SHARE:
            strange = [word for stem, word in words.items() if stem not in self._places]
            named = f": {', '.join(strange[:5])}" if strange else ""
            return "words", f"the document doesn't seem to say this{named}"
        return None

    def claims(self, sentence: str) -> bool:
        """Whether the sentence holds anything that could be looked up."""
        return bool(find_quantities(sentence)) or len(_stems(sentence)) >= _LEAST_WORDS

    def _doubt(self, quantity: Quantity, stems: set[str]) -> str | None:
        value, unit = quantity.value, quantity.unit
        said = quantity.said.strip()
        if not unit:
            is_count = quantity.is_spelt and float(value) <= _SMALL_COUNT  # "two things to remember"
            return None if is_count or value in self._values else f"the document doesn't say {said}"
        # Without a unit in the document it stands in a table, below a heading that has it.
        places = self._quantities.get((value, unit)) or (
            [] if quantity.is_spelt else self._quantities.get((value, ""), [])
        )
        if not places:
            return f"the document doesn't say {said}"
        if not self._by_words or len(stems) < 2:
            return None
        near = {near for place in places for near in range(place - 1, place + 2)}
        if any(not near.isdisjoint(self._places.get(stem, ())) for stem in stems):
            return None
        return f"the document says {said} of something else"

    def _share(self, stems: Collection[str]) -> float:
        """The largest share of the words in a few neighbouring sentences."""
        hits: Counter[int] = Counter()
        for known in stems:
            near: set[int] = set()
            for place in self._places.get(known, ()):
                near.update(range(max(0, place - _WINDOW + 1), place + 1))
            hits.update(near)
        return max(hits.values(), default=0) / len(stems)

    def _turns_round(self, clause: str) -> bool:
        """Whether every clause of the document on the same subject states the opposite."""
        stems = _matter(clause)
        if len(stems) < 2:
            return False
        places = {place for stem in stems for place in self._clause_places.get(stem, ())}
        close = [place for place in places if _overlap(stems, self._clause_stems[place]) >= _SAME_SHARE]
        return bool(close) and all(_is_opposite(clause, *self._clauses[place]) for place in close)


def check_grounding(sections: Mapping[int, Sequence[str]], evidence: Evidence) -> Grounding:
    """The grounding of each section's sentences, in order, in the document."""
    checked = 0
    unsupported = []
    for index in sorted(sections):
        for sentence in sections[index]:
            checked += evidence.claims(sentence)
            if (found := evidence.check(sentence)) is not None:
                unsupported.append(Unsupported(index, sentence, found[1], found[0]))
    return Grounding(checked, tuple(unsupported))


def _plain_words(text: str) -> list[str]:
    return [word.casefold().replace("’", "'") for word in list_words(text)]


def _stems(text: str) -> dict[str, str]:
    """The content words of a sentence: stem → the word as first written."""
    empty = _claims().empty
    found: dict[str, str] = {}
    for word in _plain_words(text):
        for part in word.split("-"):
            if part not in empty and not part.isdigit() and len(part) > 1:
                found.setdefault(stem(part), part)
    return found


def _index(texts: Sequence[str]) -> dict[str, list[int]]:
    """Stem → the positions of the texts that contain it, in order."""
    places: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        for known in _stems(text):
            places.setdefault(known, []).append(place)
    return places


def _clauses(sentence: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(sentence) if clause.strip()]


def _matter(clause: str) -> set[str]:
    """The subject of a clause, whether it is negated or not."""
    return _stems(clause).keys() - _claims().turning


def _overlap(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


def _is_opposite(clause: str, other_clause: str, other_sentence: str) -> bool:
    known = _claims()
    words, others = frozenset(_plain_words(clause)), frozenset(_plain_words(other_clause))
    if words & known.negations:
        # "no milk, coffee or juice": the "no" may stand in the clause before.
        if not known.negations.intersection(_plain_words(other_sentence)):
            return True
    elif others & known.negations:
        return True
    return any(
        (words & one and not words & other and others & other and not others & one)
        or (words & other and not words & one and others & one and not others & other)
        for one, other in known.opposites
    )


@dataclass(frozen=True, slots=True)
class _Claims:
    empty: frozenset[str]
    negations: frozenset[str]
    opposites: tuple[tuple[frozenset[str], frozenset[str]], ...]
    turning: frozenset[str]  # the stems of the opposites


@cache
def _claims() -> _Claims:
    with _FILE.open("rb") as file:
        given = tomllib.load(file)
    return _Claims(
        empty=frozenset([*given["grammar"].split(), *given["talk"].split(), *words_of_numbers()]),
        negations=frozenset(given["negations"].split()),
        opposites=tuple((frozenset(pair["one"]), frozenset(pair["other"])) for pair in given["opposites"]),
        turning=frozenset(stem(word) for pair in given["opposites"] for word in pair["one"] + pair["other"]),
    )
