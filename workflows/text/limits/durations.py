"""Durations that a document gives: "the test takes 20 minutes", "ready after 3 days". English, Hebrew. Pure.

It errs to silence: only the same thing is compared, and what is said to last about as long is the same.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from workflows.text.clauses.claims import claim_stems, denies_or_forbids, split_clauses
from workflows.text.clauses.hebrew_claims import split_hebrew
from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.limits.spans import RESULTS, find_span
from workflows.text.stems import stem
from workflows.text.words import list_words

_LASTS = {
    "en": re.compile(
        r"\b(?:(?:will|can|may|might|could|should|would|['’]ll|usually|normally)(?: \w{1,12})? (?:take|last)"
        r"|takes|lasts|(?:is|are|be) (?:over|done|finished|ready|there|back|available|in)"
        r"|needs?|plan|set aside|(?:can|may) [a-z]{2,12} again"
        r"|(?:can|may) [a-z]{2,12}(?= (?:at once|immediately|right away|straight away|today|tomorrow)))\b"
        rf"|\b(?:get|have|receive|see|hear) (?:\w{{1,12}} )?(?={RESULTS}\b)",
        re.IGNORECASE,
    ),
    "he": re.compile(
        r"(?<![א-ת])ו?ש?(?:אורכ(?:ת|ים|ות)|אורך|נמשכ(?:ת|ים|ות)|נמשך|ת?י?ימשכ?ך?|תימשך|תארך|יארך|לוקח(?:ת|ים|ות)?"
        r"|תיקח|ייקח|מוכנ(?:ה|ים|ות)|מוכן|זמינ(?:ה|ים|ות)|זמין|יגיעו|מגיעות|יתקבלו|מתקבלות)(?![א-ת])"
    ),
}
_MAY = re.compile(r"can|may", re.IGNORECASE)
_AGAIN, _DONE_AGAIN = re.compile(r"\bagain\b", re.IGNORECASE), "#again"
"""What somebody may do again isn't what a thing does: "you can work again", "until the medicine works"."""
_NAMED = {
    "en": re.compile(
        r"\b(?:duration|length)(?: of (?P<thing>[\w '’-]{1,40}))?(?::| is) ?|\b(?P<event>test|scan|operation) of ",
        re.IGNORECASE,
    ),
    "he": re.compile(r"(?<![א-ת])ה?משך (?P<thing>[א-ת]{2,20})(?: הוא|:)? "),
}
_PURPOSE = {
    "en": re.compile(r"[ ](?:to|until|till|before|for|from|of)\b(?P<thing>.{0,80})", re.IGNORECASE),
    "he": re.compile(r" (?P<thing>(?:ל[א-ת]{3}|עד ).{0,80})"),
}
"""What it takes so long to do: then that is what lasts."""
_EVENTS_WORDS = """
test scan exam examination procedure check checkup appointment imaging operation surgery treatment infusion session mri
"""
_HEBREW_EVENTS_WORDS = "בדיקה סריקה ניתוח טיפול פעולה הליך צילום עירוי הדמיה"
_EVENTS = {
    "en": frozenset(map(stem, _EVENTS_WORDS.split())),
    "he": frozenset(map(hebrew_root, _HEBREW_EVENTS_WORDS.split())),
}
_EVENT = "#event"
_IT = re.compile(r"(?:^|\W)(?:it|it all|the whole thing)\s*$", re.IGNORECASE)
_FAR = 120
_TOLERANCE = Decimal("0.1")
_MOST_TIMES = 32


class _Lasting(NamedTuple):
    """A thing by its stems, and the seconds that it lasts at least and at most; `said` as written."""

    things: frozenset[str]
    least: Decimal
    most: Decimal
    said: str


class Durations:
    """Durations in a document's sentences. Of other languages it finds none."""

    def __init__(self, sentences: Sequence[str], language: str | None) -> None:
        self._language = language if language in _LASTS else None
        self._known = dict.fromkeys(one for sentence in sentences for one in self._read(sentence))
        self._by_thing: dict[str, list[_Lasting]] = {}
        for one in self._known:
            for thing in one.things or (_EVENT,):
                self._by_thing.setdefault(thing, []).append(one)
        # A document that says all kinds of times of a thing says nothing of it.
        self._by_thing = {
            thing: known for thing, known in self._by_thing.items() if len(known) <= _MOST_TIMES
        }

    def find_other(self, sentence: str) -> str | None:
        """A duration of the document, as it is said there, of what a sentence says to last longer or shorter."""
        for one in self._read(sentence):
            others = self._of_same(one)
            if others and not any(_is_as_long(one, other) for other in others):
                return others[0].said
        return None

    def _of_same(self, one: _Lasting) -> list[_Lasting]:
        named = one.things - {_EVENT}
        same = [other for thing in named for other in self._by_thing.get(thing, ())]
        if same:
            return same
        events = self._by_thing.get(_EVENT, [])
        if _EVENT in one.things:  # "the scan" of "the test"
            return events if len(events) == 1 else []
        return list(self._known) if not one.things and len(self._known) == 1 else []

    def _read(self, sentence: str) -> Iterator[_Lasting]:
        if self._language is None or sentence.rstrip(" \"'”’").endswith("?"):
            return
        for named in _NAMED[self._language].finditer(sentence):
            span = find_span(sentence, named.end(), self._language)
            if span is not None:
                yield _Lasting(
                    _things(_thing_of(named), self._language), *span[:2], sentence[slice(*span[2:])].strip()
                )
        if _LASTS[self._language].search(sentence) is None:
            return
        before = ""
        for clause in (split_clauses if self._language == "en" else split_hebrew)(sentence):
            found = _LASTS[self._language].search(clause)
            if found is not None and not self._is_denied(clause[: found.end()]):
                span = find_span(clause, found.end(), self._language)
                if span is not None:
                    yield from self._lasting(clause, before, found, *span)
            before = clause

    def _is_denied(self, text: str) -> bool:
        return self._language == "en" and denies_or_forbids(text)

    def _lasting(
        self,
        clause: str,
        before: str,
        found: re.Match[str],
        least: Decimal,
        most: Decimal,
        start: int,
        end: int,
    ) -> Iterator[_Lasting]:
        assert self._language is not None
        purpose = _PURPOSE[self._language].match(clause, end)
        subject = clause[max(0, found.start() - _FAR) : found.start()]
        if purpose:
            subject = purpose["thing"]
        elif _MAY.match(found.group()):  # "you can work again after a week"
            subject, purpose = found.group(), found
        elif re.match(rf"{RESULTS}\b", clause[found.end() :], re.IGNORECASE):
            subject = "results"
        elif before and _IT.search(subject):  # "a test is taken; it takes 5 minutes"
            subject = before[-_FAR:]
        things = _things(subject, self._language)
        if _AGAIN.search(subject) or _MAY.match(found.group()):
            things = frozenset(f"{thing} {_DONE_AGAIN}" for thing in things)
        if things or not purpose:
            yield _Lasting(things, least, most, clause[start:end].strip())


def _is_as_long(one: _Lasting, other: _Lasting) -> bool:
    return one.least <= other.most * (1 + _TOLERANCE) and one.most >= other.least * (1 - _TOLERANCE)


def _thing_of(named: re.Match[str]) -> str:
    return next((said for said in named.groups() if said), "")


def _things(text: str, language: str) -> frozenset[str]:
    if language == "he":
        found = {
            hebrew_root(word) for word in list_words(text) if word not in hebrew_empty() and len(word) > 1
        }
    else:
        found = set(claim_stems(text))
    # "It" may be the event that a document is about.
    is_event = found & _EVENTS[language] or (not found and _IT.search(text))
    return frozenset({*found, _EVENT} if is_event else found)
