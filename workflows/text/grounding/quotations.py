"""Quotations of a document, as evidence for a sentence: whether one is about the same, and doesn't contradict it. Pure.

A quotation counts with the whole sentences that it is taken from: "take ibuprofen" of "Do not take ibuprofen." is a
denial.
"""

import re
from bisect import bisect_right

from workflows.text.clauses.claims import denies_or_forbids, matter_of_rule, plain_words
from workflows.text.grounding.grounding import NOT_ALLOWED, Evidence, UnsupportedKind
from workflows.text.grounding.hebrew_rules import hebrew_things
from workflows.text.modality.concepts import WORD_FOLDS, find_concepts
from workflows.text.quantities.numbers import find_quantities, list_equals
from workflows.text.sentences import split_sentences
from workflows.text.words import fold_words

_GAP = re.compile(r"\.{3}|…|\[\.*\]")
_LEAST_WORDS = 2
"""Words of the document that show something."""
_MOST_PLACES = 8
"""Places of a repeated phrase that are looked at."""


def is_quoted(quotation: str, folded: str) -> bool:
    """Whether a quotation stands in a document, given as `fold_words` has it. With dots it may leave words out, and
    what stands between them must come in order."""
    pieces, place = _pieces(quotation), 0
    if sum(piece.count(" ") - 1 for piece in pieces) < _LEAST_WORDS:
        return False
    for piece in pieces:
        found = folded.find(piece, place)
        if found < 0:
            return False
        place = found + len(piece) - 1
    return True


class Quotations:
    """The sentences of a document, for the lookup of quotations."""

    def __init__(self, title: str, text: str, language: str | None) -> None:
        """`language`: of the document and of the sentences held against it, None if they differ."""
        self._language = language
        self._sentences = [one.strip() for one in split_sentences(text, language) if one.strip()]
        folded = [fold_words(one)[1:] for one in self._sentences]
        self._folded, self._starts, place = f" {''.join(folded)}", [], 1
        for one in folded:
            self._starts.append(place)
            place += len(one)
        # What the whole document is about says nothing of one sentence.
        self._matter = _matter(text, language) - _matter(title, language)

    def bears_out(self, quotation: str, sentence: str, kind: UnsupportedKind) -> bool:
        """Whether a quotation is evidence against a doubt of `kind` about a sentence: about the same thing, and, of
        numbers and opposites, not itself at odds with it."""
        source = " ".join(self._sentences[place] for place in sorted(self._places_of(quotation)))
        matter = _matter(sentence, self._language)
        # "Press for 5 minutes" is about pressing; a number alone counts where the document has no word of a sentence.
        said = (matter & self._matter) or _measures(sentence) or matter
        if said.isdisjoint(_matter(source, self._language) | _measures(source)):
            return False
        return kind == "name" or not self._is_at_odds(source, sentence)

    def _is_at_odds(self, source: str, sentence: str) -> bool:
        found = Evidence(source, self._language).check(sentence)
        if found is None or found[0] not in ("number", "opposite"):
            return False
        # What a few sentences don't allow in so many words they may allow in others; not where they deny something.
        return found[1] != NOT_ALLOWED or denies_or_forbids(source)

    def _places_of(self, quotation: str) -> set[int]:
        """The sentences that a quotation is taken from; of a repeated phrase, all."""
        places: set[int] = set()
        for piece in _pieces(quotation):
            start = self._folded.find(piece)
            for _ in range(_MOST_PLACES):
                if start < 0:
                    break
                last = bisect_right(self._starts, start + len(piece) - 2) - 1
                places.update(range(bisect_right(self._starts, start + 1) - 1, last + 1))
                start = self._folded.find(piece, start + 1)
        return places


def _pieces(quotation: str) -> list[str]:
    return [piece for piece in map(fold_words, _GAP.split(quotation)) if piece.strip()]


def _matter(text: str, language: str | None) -> set[str]:
    """What a text is about: stems and concepts, each as no number is written."""
    found = hebrew_things(text) if language == "he" else matter_of_rule(text)
    if language in WORD_FOLDS:
        found = {*found, *(f"#{one.name}" for one in find_concepts(plain_words(text), language))}
    return found


def _measures(text: str) -> set[str]:
    """The numbers with units, in each unit that they may be said in."""
    said = {(one.value, one.unit) for one in find_quantities(text) if one.unit}
    said |= {equal for one in said for equal in list_equals(*one)}
    return {f"{value} {unit}" for value, unit in said}
