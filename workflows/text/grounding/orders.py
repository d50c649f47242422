"""Order ("before breakfast") and duration of deeds, held against a document that has them the other way round.
English. Pure.

It errs to silence: only the same deed, beside the same thing, is compared, and where the document has both, either may
be said.
"""

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from workflows.text.clauses.claims import claim_stems, denies_or_forbids, plain_words, split_clauses
from workflows.text.quantities.numbers import find_quantities, words_of_numbers
from workflows.text.stems import stem

_SIDE = re.compile(r"\b(before|after)((?: [\w'’-]+){1,5})", re.IGNORECASE)
_BREAK = re.compile(
    r"\b(?:and|or|with|for|in|on|at|to|if|when|while|until|before|after|then|but|as|from|by|of)\b",
    re.IGNORECASE,
)
_LASTS = re.compile(r"\bfor (?:about |around |another |the first |at least |up to )?$", re.IGNORECASE)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_TIME_STEMS = frozenset(map(stem, [*_SECONDS, "month", "year", "time", "first", "last"]))
_GRAMMAR_WORDS = """
the and for you your please then this that with from into them they his her its our not
don't never does should must can may
"""
_GRAMMAR = words_of_numbers() | frozenset(_GRAMMAR_WORDS.split())
_FAR = 200
"""Characters before a time in which its deed stands."""


class _Ordered(NamedTuple):
    """A deed beside a thing: `is_before` it or after it, `denies` where it isn't to be done."""

    is_before: bool
    denies: bool
    deed: frozenset[str]
    thing: frozenset[str]
    said: str


class _Lasting(NamedTuple):
    """A deed and the seconds that it is done; `verb` is its first word's stem."""

    verb: str
    things: frozenset[str]
    seconds: Decimal
    denies: bool
    said: str


class Orders:
    """Orders and durations of the deeds of a document's sentences."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._ordered: dict[str, dict[_Ordered, None]] = {}  # each once, in order
        self._lasting: dict[str, dict[_Lasting, None]] = {}
        for sentence in sentences:
            for one in _ordered(sentence):
                for known in one.thing:
                    self._ordered.setdefault(known, {})[one] = None
            for lasting in _lasting(sentence):
                self._lasting.setdefault(lasting.verb, {})[lasting] = None

    def find_turned(self, sentence: str) -> str | None:
        """Why the document has it the other way round; None where it hasn't."""
        for one in dict.fromkeys(_ordered(sentence)):
            others = [
                other
                for known in one.thing
                for other in self._ordered.get(known, ())
                if one.thing <= other.thing and one.deed & other.deed and one.denies == other.denies
            ]
            if others and all(other.is_before != one.is_before for other in others):
                return f'the document says "{others[0].said}"'
        return None

    def find_other_duration(self, sentence: str) -> str | None:
        """A duration of a deed for which the document has others only, as it is said there."""
        for one in dict.fromkeys(_lasting(sentence)):
            others = [
                other
                for other in self._lasting.get(one.verb, ())
                if one.denies == other.denies and _is_same_thing(one.things, other.things)
            ]
            if others and all(other.seconds != one.seconds for other in others):
                return others[0].said
        return None


def _is_same_thing(one: frozenset[str], other: frozenset[str]) -> bool:
    return bool(one & other) or not (one or other)


def _ordered(sentence: str) -> Iterator[_Ordered]:
    deed: frozenset[str] = frozenset()
    for clause in split_clauses(sentence):
        denies, end = denies_or_forbids(clause), 0
        for match in _SIDE.finditer(clause):
            # "Take one tablet, an hour before breakfast": the deed stands in the clause before.
            deed = _deed(clause[max(end, match.start() - _FAR) : match.start()]) or deed
            thing = frozenset(claim_stems(_BREAK.split(match[2].lstrip(), maxsplit=1)[0])) - _TIME_STEMS
            if deed and thing:
                said = f"{match[1].casefold()} {' '.join(match[2].split()[:4])}"
                yield _Ordered(match[1].casefold() == "before", denies, deed, thing, said)
            end = match.end()
        deed = _deed(clause[-_FAR:]) or deed


def _lasting(sentence: str) -> Iterator[_Lasting]:
    for clause in split_clauses(sentence):
        for quantity in find_quantities(clause):
            deed = clause[max(0, quantity.start - _FAR) : quantity.start]
            stems = list(claim_stems(deed))
            if quantity.unit not in _SECONDS or not _LASTS.search(deed) or not stems:
                continue
            after = claim_stems(clause[quantity.end : quantity.end + _FAR])
            things = frozenset([*stems[1:], *after]) - _TIME_STEMS
            seconds = Decimal(quantity.value) * _SECONDS[quantity.unit]
            yield _Lasting(stems[0], things, seconds, denies_or_forbids(deed), quantity.said.strip())


def _deed(text: str) -> frozenset[str]:
    """The stems of a deed: also of "take" and "tablet", which say nothing of what a claim is about."""
    words = (word for word in plain_words(text) if len(word) > 2 and word not in _GRAMMAR)
    return frozenset(map(stem, words)) - _TIME_STEMS
