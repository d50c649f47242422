"""Bounds of quantities ("at least 3 months", "below 25 degrees"), held against a document that has the contrary one.
English. Pure.

A denial turns a bound round, and so does what calls it harmless: "no more than", "below 38 degrees is fine". It errs to
silence: where the document has the quantity without a bound, or with either, any may be said.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from workflows.text.clauses.claims import claim_stems, denies_or_forbids, plain_words, split_clauses
from workflows.text.quantities.numbers import find_quantities
from workflows.text.stems import stem

Bound = Literal["up", "down"]

_UP = (
    "at least|at the least|a minimum of|no less than|not less than|no fewer than|more than|longer than|over|above"
    "|older than|warmer than|higher than|greater than|beyond|exceeds|exceed|exceeding"
)
_DOWN = (
    "at most|at the most|a maximum of|no more than|not more than|no longer than|not longer than|less than|fewer than"
    "|shorter than|under|below|younger than|colder than|cooler than|lower than|up to"
)
_BEFORE = re.compile(
    rf"\b(?:(?P<down>{_DOWN})|(?P<up>{_UP}))(?: (?:about|around|the age of|an age of|a total of|of))?[ ]?$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r" or (?:(?P<up>more|longer|older|above|over|higher)|(?P<down>less|fewer|younger|below|under))\b"
)
_SELF_DENYING = re.compile(r"\b(?:no|not) (?:less|fewer|more|longer) than\b", re.IGNORECASE)
_CASE = re.compile(r"\b(?:if|when|whenever|unless|once|should|in case|as soon as|after)\b", re.IGNORECASE)
_HARMLESS_WORDS = "fine ok okay alright harmless safe normal problem worry dangerous needn't unnecessary"
_HARMLESS = frozenset(_HARMLESS_WORDS.split())
_UNSAFE = re.compile(
    r"\b(?:not|never|isn't|aren't)\b(?: \w+)? (?:fine|ok|okay|alright|harmless|safe|normal)\b|\bunsafe\b",
    re.IGNORECASE,
)
_ONLY = re.compile(r"\bonly\b", re.IGNORECASE)
"""What is only done above a bound isn't done below it, and the other way round: it says nothing by itself."""
_OWN_WORDS = "least most minimum maximum more less fewer longer older younger above over under below total"
_OWN = frozenset(map(stem, f"{_OWN_WORDS} {_HARMLESS_WORDS}".split()))
_SHARED = 0.5
"""Share of what a bounded quantity is said of that the document says it of too."""
_SHORT = 5
"""Words of a clause that says nothing by itself: "Under twelve, …"."""
_REACH, _FAR = 40, 200
"""Characters before a quantity in which its bound stands, and its case."""


class _Bounded(NamedTuple):
    """A quantity of a clause: its bound (None: it has none), whether that was turned round, and whether it holds in a
    case only; `about` what."""

    key: tuple[str, str]
    bound: Bound | None
    is_turned: bool
    is_case: bool
    about: frozenset[str]
    said: str


class Bounds:
    """The bounds of the quantities of a document's sentences."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._known: dict[tuple[str, str], dict[_Bounded, None]] = {}  # each once, in order
        for sentence in sentences:
            for one in _read(sentence):
                self._known.setdefault(one.key, {})[one] = None

    def find_turned(self, sentence: str) -> str | None:
        """Why the document doesn't bear the bound of a quantity out; None where it does or has no contrary one."""
        for one in dict.fromkeys(_read(sentence)):
            if one.bound is None:
                continue
            others = [other for other in self._known_of(one) if _is_about_same(one, other)]
            if others and all(_is_contrary(one, other) for other in others):
                return f'the document says "{others[0].said}"'
        return None

    def _known_of(self, one: _Bounded) -> Iterator[_Bounded]:
        """The document's quantities that may be the same: "children over 12" says no years."""
        value, unit = one.key
        yield from self._known.get(one.key, ())
        if unit:
            yield from self._known.get((value, ""), ())
        else:
            yield from (
                other for key, known in self._known.items() if key[0] == value and key[1] for other in known
            )

    def is_converse(self, sentence: str) -> bool:
        """Whether it says a bound of the document from its other side: "don't store it above 25 degrees", "below 38
        degrees you needn't call"; "over 12 you may" of what those under 12 mustn't."""
        return any(
            one.bound is not None
            and other.bound == one.bound
            and one.is_turned != other.is_turned
            and one.about <= other.about  # it says nothing beside
            for one in dict.fromkeys(_read(sentence))
            for other in self._known.get(one.key, ())
        )


def _is_about_same(one: _Bounded, other: _Bounded) -> bool:
    return len(one.about & other.about) >= _SHARED * len(one.about)


def _is_contrary(one: _Bounded, other: _Bounded) -> bool:
    return other.bound not in (None, one.bound) and one.is_case == other.is_case


def _read(sentence: str) -> Iterator[_Bounded]:
    if not find_quantities(sentence):
        return
    about = frozenset(claim_stems(sentence)) - _OWN
    whole = _mood(sentence)
    for clause in split_clauses(sentence):
        end, own = 0, _mood(clause)
        is_short = len(clause.split()) < _SHORT
        for quantity in find_quantities(clause):
            before = clause[max(end, quantity.start - _REACH) : quantity.start]
            found = _BEFORE.search(before) or _AFTER.match(clause, quantity.end)
            phrase = found.group() if found is not None and found.re is _BEFORE else ""
            start = quantity.start - len(phrase)
            is_case = _CASE.search(clause, max(0, start - _FAR), start) is not None
            is_turned, is_only = whole if is_case or is_short else own
            bound: Bound | None = None
            if found is not None and not is_only:
                bound = "up" if (found["up"] is not None) != is_turned else "down"
            said = f"{phrase}{quantity.said}".strip()
            yield _Bounded((quantity.value, quantity.unit), bound, is_turned, is_case, about, said)
            end = quantity.end


def _mood(text: str) -> tuple[bool, bool]:
    """Whether a text turns its bounds round, and whether something is only done there."""
    return _is_turned(text), _ONLY.search(text) is not None


def _is_turned(clause: str) -> bool:
    """Whether a denial, or a word that calls something harmless or unsafe, turns the bounds of a text round."""
    plain = _SELF_DENYING.sub(" ", clause)
    if _UNSAFE.search(plain):
        return True
    return denies_or_forbids(plain) != (not _HARMLESS.isdisjoint(plain_words(plain)))
