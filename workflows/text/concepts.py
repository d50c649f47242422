"""Concepts of medical instructions, whatever the word: "wine" and "beer" are alcohol. English, Hebrew. Pure."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workflows.text.hebrew_roots import hebrew_root
from workflows.text.phrases import phrase_pattern, split_phrases
from workflows.text.stems import stem

_FILE = Path(__file__).parent / "concepts.toml"
_LEAST_ROOT = 3


def _fold_hebrew(word: str) -> str:
    """The root, or the word itself where its root is too short to tell it from others."""
    root = hebrew_root(word)
    return root if len(root) >= _LEAST_ROOT else stem(word)


_FOLDS = {"en": stem, "he": _fold_hebrew}
"""The form of a phrase's word by which it is compared, by language."""


@dataclass(frozen=True, slots=True)
class Concept:
    """Thing or action of a table. `against`: the concept that a request for it contradicts. `is_duty`: a document may
    ask for it, so that an exemption from it may be wrong; one that is `always` a duty, also where a document is silent.
    `of_anyone`: also what somebody else does is meant. `same`: the contradiction must be about the same thing.
    `is_general`: a document may allow one thing of the kind and forbid another."""

    name: str
    against: str = ""
    is_duty: bool = False
    always: bool = False
    of_anyone: bool = False
    same: bool = False
    is_general: bool = False


def find_concepts(words: Sequence[str], language: str) -> list[Concept]:
    """The concepts that words in lower case are about; of phrases that overlap, the first."""
    folded = [_FOLDS[language](word) for word in words]
    text = " ".join(folded)
    phrases, found = _phrases(language), dict[str, Concept]()
    start = end = 0
    for word in folded:
        if start >= end:
            matches = [
                (match.end(), concept)
                for pattern, concept in phrases.get(word, ())
                if (match := pattern.match(text, start))
            ]
            found |= {concept.name: concept for _, concept in matches}
            end = max((reach for reach, _ in matches), default=end)
        start += len(word) + 1
    return list(found.values())


@cache
def _phrases(language: str) -> dict[str, list[tuple[re.Pattern[str], Concept]]]:
    """First word → the phrases that begin with it, and their concepts."""
    with _FILE.open("rb") as file:
        rows: list[dict[str, Any]] = tomllib.load(file)[language]
    phrases: dict[str, list[tuple[re.Pattern[str], Concept]]] = {}
    fold = _FOLDS[language]
    for row in rows:
        concept = Concept(
            row["name"],
            row.get("against", ""),
            row.get("duty", False),
            row.get("always", False),
            row.get("anyone", False),
            row.get("same", False),
            row.get("general", False),
        )
        for phrase in split_phrases(row["says"]):
            pattern = phrase_pattern([phrase], fold)
            phrases.setdefault(fold(phrase.split()[0]), []).append((pattern, concept))
    return phrases
