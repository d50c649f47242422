"""Substances that an instruction brings in: "Add some bleach." where the document names none. English, Hebrew. Pure."""

import tomllib
from functools import cache
from pathlib import Path

from workflows.text.clauses.claims import plain_words
from workflows.text.modality.concepts import WORD_FOLDS, find_concepts
from workflows.text.modality.modal_clauses import read_clauses

_FILE = Path(__file__).parent / "substances.toml"


class Substances:
    """The words of a document, for the lookup of substances. Of a language without a list it finds nothing."""

    def __init__(self, document: str, language: str | None) -> None:
        self._language = language if language in WORD_FOLDS else None
        words = plain_words(document) if self._language else []
        self._stems = frozenset(stem for word in words for stem in self._fold(word))
        self._concepts = (
            frozenset(one.name for one in find_concepts(words, language)) if language in WORD_FOLDS else ()
        )

    def find_unknown(self, sentence: str) -> list[str]:
        """The substances, as they are said, that a sentence asks for or allows and the document doesn't name, nor
        anything of their kind."""
        if self._language is None or not any(map(self._is_unknown, plain_words(sentence))):
            return []
        return [
            word
            for read in read_clauses(sentence, self._language)
            if read.gives and not read.statement.lacks
            for word in read.statement.words
            if self._is_unknown(word)
        ]

    def _is_unknown(self, word: str) -> bool:
        assert self._language is not None
        stems = self._fold(word)
        if _listed(self._language).isdisjoint(stems) or not self._stems.isdisjoint(stems):
            return False
        return not any(one.name in self._concepts for one in find_concepts([word], self._language))

    def _fold(self, word: str) -> list[str]:
        """The stems of a word, and of the parts of a compound."""
        assert self._language is not None
        return [WORD_FOLDS[self._language](part) for part in (word, *word.split("-")[1:])]


@cache
def _listed(language: str) -> frozenset[str]:
    with _FILE.open("rb") as file:
        listed: dict[str, str] = tomllib.load(file)
    return frozenset(map(WORD_FOLDS[language], listed[language].split()))
