"""Concepts of medical instructions, whatever the word: "wine" and "beer" are alcohol. English, Hebrew. Pure."""

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.modality.phrases import Phrases, split_phrases
from workflows.text.stems import stem

_FILE = Path(__file__).parent / "concepts.toml"
_LEAST_ROOT = 3


def _fold_hebrew(word: str) -> str:
    """The root, or the word itself where its root is too short to tell it from others."""
    root = hebrew_root(word)
    return root if len(root) >= _LEAST_ROOT else stem(word)


WORD_FOLDS: dict[str, Callable[[str], str]] = {"en": stem, "he": _fold_hebrew}
"""The form by which a word of a table is compared, by language."""


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
    """The concepts that words in lower case are about; of phrases that overlap, those that begin first."""
    concepts, phrases = _table(language)
    found, begun, end = dict[str, Concept](), -1, 0
    for one in phrases.find(" ".join(WORD_FOLDS[language](word) for word in words)):
        if one.start == begun or one.start >= end:
            end = max(end, one.end) if one.start == begun else one.end
            begun = one.start
            found[one.name] = concepts[one.name]
    return list(found.values())


@cache
def _table(language: str) -> tuple[dict[str, Concept], Phrases]:
    """The concepts by name, and their phrases."""
    with _FILE.open("rb") as file:
        rows: list[dict[str, Any]] = tomllib.load(file)[language]
    concepts = {
        row["name"]: Concept(
            row["name"],
            row.get("against", ""),
            row.get("duty", False),
            row.get("always", False),
            row.get("anyone", False),
            row.get("same", False),
            row.get("general", False),
        )
        for row in rows
    }
    phrases = {row["name"]: split_phrases(row["says"]) for row in rows}
    return concepts, Phrases(phrases, WORD_FOLDS[language])
