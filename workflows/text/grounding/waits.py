"""Waits that a document asks for: "30 minutes after a meal" forbids "right after lunch". English, Hebrew. Pure."""

import re
from collections.abc import Iterator, Sequence

from workflows.text.clauses.claims import claim_stems, plain_words
from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.modality.concepts import find_concepts
from workflows.text.quantities.numbers import find_quantities
from workflows.text.words import list_words

_AFTER = {
    "en": re.compile(r"\bafter((?: [\w'’-]+){1,4})", re.IGNORECASE),
    "he": re.compile(r"(?<![א-ת])(?:אחרי|לאחר)((?: [א-ת\"״'-]+){1,3})"),
}
_AT_ONCE = {
    "en": re.compile(
        r"\b(?:right|straight|directly|immediately|at once|just) (?P<after>after)\b", re.IGNORECASE
    ),
    "he": re.compile(r"(?<![א-ת])(?:מיד|מייד|ישר|תכף|בסמוך) (?P<after>אחרי|לאחר)(?![א-ת])"),
}
_BEFORE = {
    "en": re.compile(
        r"\bwait\b[^.;]{0,60}\bbefore (?:you |you're |they )?((?:[\w'’-]+ ?){1,2})", re.IGNORECASE
    ),
    "he": re.compile(r"(?<![א-ת])(?:המתינו|להמתין|המתן|חכו|לחכות)[^.;]{0,60}לפני ([א-ת]+)"),
}
_NOW = {
    "en": re.compile(
        r"\b(?:at once|immediately|instantly|(?:right|straight) ?(?:away|after\w*)|without waiting)\b",
        re.IGNORECASE,
    ),
    "he": re.compile(r"(?<![א-ת])(?:מיד|מייד|תכף|ללא המתנה|בלי לחכות)(?![א-ת])"),
}
_NO = re.compile(r"\b(?:not|[Nn]ever|[Dd]on't|no|[Aa]void)\b|n't\b|(?<![א-ת])(?:לא|אין|אל|אסור)(?![א-ת])")
_TIMES = frozenset({"second", "minute", "hour", "day", "week", "month"})


class Waits:
    """The things after which a document's sentences let some time pass. Of other languages it finds nothing."""

    def __init__(self, sentences: Sequence[str], language: str | None) -> None:
        self._language = language if language in _AFTER else None
        self._waits: set[str] = set()
        self._at_once: set[str] = set()
        self._delayed: set[str] = set()
        for sentence in sentences if self._language else ():
            is_timed = any(one.unit in _TIMES for one in find_quantities(sentence))
            for match in _BEFORE[language or ""].finditer(sentence) if is_timed else ():
                self._delayed |= _stems(match[1], language or "")
            for things, is_at_once in self._things_after(sentence):
                if is_at_once:
                    self._at_once |= things
                elif is_timed:
                    self._waits |= things

    def find_broken(self, sentence: str) -> str | None:
        """Why the document doesn't allow at once what the sentence does; None where it does, or where it is denied."""
        if self._language is None or _NO.search(sentence.replace("’", "'")):
            return None
        for things, is_at_once in self._things_after(sentence):
            if is_at_once and things & self._waits and not things & self._at_once:
                return "the document asks for a wait after this"
        return "the document asks for a wait before this" if self.delays(sentence) else None

    def delays(self, text: str) -> bool:
        """Whether a text speaks of doing at once what the document lets some time pass before."""
        if self._language is None or not _NOW[self._language].search(text):
            return False
        return not self._delayed.isdisjoint(_stems(text, self._language))

    def _things_after(self, sentence: str) -> Iterator[tuple[set[str], bool]]:
        """What stands after each "after", as stems and concepts, and whether it is "right after"."""
        assert self._language is not None
        at_once = {match.start("after") for match in _AT_ONCE[self._language].finditer(sentence)}
        for match in _AFTER[self._language].finditer(sentence):
            yield _stems(match[1], self._language), match.start() in at_once


def _stems(words: str, language: str) -> set[str]:
    concepts = {f"#{one.name}" for one in find_concepts(plain_words(words), language)}
    if language == "he":
        return concepts | {hebrew_root(word) for word in list_words(words) if word not in hebrew_empty()}
    return concepts | claim_stems(words).keys()
