"""Instructions of a document, indexed: whether a sentence tells its reader to do what the document forbids. Pure.

It errs to silence: a document that allows a thing anywhere, under whatever condition, forbids it nowhere.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from workflows.text.clauses.clauses import Clause, is_item
from workflows.text.clauses.dose_changes import has_change
from workflows.text.clauses.hebrew_instructions import has_hebrew_change, read_hebrew_instructions
from workflows.text.clauses.instructions import read_instructions
from workflows.text.quantities.dose_rates import DoseRates
from workflows.text.quantities.intervals import Interval, find_intervals, list_lengths, list_periods
from workflows.text.stems import stem
from workflows.text.words import list_words

_CASES = frozenset({"if", "when", "while", "during", "אם", "כאשר", "כש", "בזמן"})
_LATER = frozenset({"after", "once", "next", "tomorrow", "later", "אחרי", "לאחר", "מחר"})
_UNTIL = frozenset({"until", "till", "before", "during", "עד", "לפני", "במשך"})
_TREATED_WORDS = "blood thinner painkiller inhaler medicine medication tablet pill capsule treatment"
_TREATED = frozenset(map(stem, _TREATED_WORDS.split()))
_UNLESS = re.compile(r"\bunless\b[^,;.:!?]{0,200}", re.IGNORECASE)
"""What nobody is told: "you can take it unless you are pregnant"."""
_EXCEPT = frozenset({"without", "unless", "בלי", "ללא", "אלא"})
_ANY_ACTION_WORDS = "take use have drink eat get go do need keep stop quit avoid skip cease"
_OFTEN = frozenset(map(stem, ("once", "twice", "thrice", "time", "daily")))
_ANY_ACTION = frozenset({"", *map(stem, _ANY_ACTION_WORDS.split())})
_ASKED = "the document asks for this"
_FORBIDDEN, _SILENT = "the document forbids this", "the document doesn't say to {change} a dose"


@dataclass(frozen=True, slots=True)
class _Reader:
    """The reading of one language's instructions."""

    read: Callable[[str], tuple[Clause, ...]]
    has_change: Callable[[str, frozenset[str], str], bool]


_READERS = {
    "en": _Reader(read_instructions, has_change),
    "he": _Reader(read_hebrew_instructions, has_hebrew_change),
}


@dataclass(frozen=True, slots=True)
class _Placed:
    """A clause with what its whole sentence is about, and what limits that."""

    clause: Clause
    about: frozenset[str]
    limits: frozenset[str]


class InstructionIndex:
    """The instructions and intervals of a document's sentences. Of a language that it can't read it finds nothing."""

    def __init__(self, sentences: Sequence[str], language: str | None) -> None:
        self._reader = _READERS.get(language or "")
        self._places: dict[str, list[_Placed]] = {}
        self._courses: list[_Placed] = []
        lengths = [(sentence, list_lengths(sentence)) for sentence in sentences]
        self._timed = [
            (self._about(sentence), found, [*found, *list_periods(sentence)])
            for sentence, found in lengths
            if found
        ]
        self._lengths = frozenset(length for _, found in lengths for length in found)
        # "every day" may be said of what is done "twice a day"
        self._loose = frozenset(length for *_, found in self._timed for length in found)
        self._rates = DoseRates(sentences)
        text = "\n".join(sentences).casefold().replace("’", "'")
        self._text, self._words = text, frozenset(list_words(text))
        placed = [one for clauses in self._read(sentences) for one in _place(clauses)]
        self._forbidden = frozenset(action for one in placed for action in one.clause.forbidden)
        for one in placed:
            for about in one.clause.about:
                self._places.setdefault(about, []).append(one)
            if one.clause.course:
                self._courses.append(one)

    def _read(self, sentences: Iterable[str]) -> Iterable[Sequence[Clause]]:
        """The clauses of each sentence. Below "Do not:" a list is forbidden."""
        if self._reader is None:
            return
        forbids = False
        for sentence in sentences:
            clauses: Sequence[Clause] = self._reader.read(sentence)
            if forbids and is_item(sentence):
                clauses = [
                    one._replace(denies=True, prohibits=True, forbidden=one.forbidden | {one.action})
                    for one in clauses
                ]
            else:
                forbids = sentence.rstrip().endswith(":") and any(one.denies for one in clauses)
            yield clauses

    def find_conflict(self, sentence: str) -> str | None:
        """Why the document doesn't let anybody do what the sentence says; None when it may, or isn't asked."""
        if self._reader is None:
            return None
        for one in _place(self._reader.read(_UNLESS.sub(" ", sentence))):
            reason = self._check_change(one.clause) or self._check_course(one) or self._check_core(one)
            if reason is not None:
                return reason
        return None

    def find_strange_interval(self, sentence: str) -> Interval | None:
        """An interval of the sentence that the document doesn't have, however it says it."""
        for interval in find_intervals(sentence):
            if interval.is_loose:
                is_strange = self._is_said_otherwise(interval, sentence)
            else:
                is_strange = interval.minutes not in self._lengths
            if is_strange:
                return interval
        other = self._rates.find_other_number(sentence)
        return other or (None if self._is_of_known_rate(sentence) else self._rates.find_strange(sentence))

    def _is_of_known_rate(self, sentence: str) -> bool:
        """Whether the document gives an interval of the sentence for what that is about, beside its doses."""
        about = self._about(sentence) - _OFTEN
        lengths = {interval.minutes for interval in find_intervals(sentence)}
        return any(about & stems and lengths.intersection(found) for stems, found, _ in self._timed)

    def list_known_intervals(self, sentence: str) -> list[str]:
        """The intervals of the sentence, as written, that the document has, maybe in other words."""
        return [interval.said for interval in find_intervals(sentence) if interval.minutes in self._lengths]

    def _instructs(self, sentence: str) -> bool:
        """Whether the sentence tells somebody to do something."""
        if self._reader is None:
            return False
        return any(
            one.course
            or one.change
            or one.permits
            or (one.core and (one.is_sure or one.action in self._forbidden))
            for one in self._reader.read(sentence)
        )

    def _is_said_otherwise(self, interval: Interval, sentence: str) -> bool:
        """Whether the document gives other intervals, and not this one, for what a sentence is about."""
        about = self._about(sentence)
        if about:
            given = [lengths for stems, _, lengths in self._timed if about & stems]
            return bool(given) and not any(interval.minutes in lengths for lengths in given)
        return bool(self._loose) and interval.minutes not in self._loose and self._instructs(sentence)

    def _about(self, sentence: str) -> frozenset[str]:
        clauses = self._reader.read(sentence) if self._reader is not None else []
        return frozenset(word for clause in clauses for word in clause.about)

    def _check_change(self, clause: Clause) -> str | None:
        if clause.change is None or self._reader is None:
            return None
        if self._reader.has_change(clause.change, self._words, self._text):
            return None
        if clause.change == "skip" and self._is_not_to_be_taken(clause):
            return None
        return _SILENT.format(change=clause.change)

    def _is_not_to_be_taken(self, clause: Clause) -> bool:
        """Whether the document says not to take what a clause says to leave out."""
        return any(
            other.clause.prohibits and other.clause.core and clause.about.issuperset(other.clause.core)
            for word in clause.about
            for other in self._places.get(word, ())
        )

    def _check_course(self, one: _Placed) -> str | None:
        """Whether a treatment is gone on with that the document ends, or the other way round."""
        course = one.clause.course
        if course is None:
            return None
        same = [other for other in self._courses if other.clause.course == course]
        contrary = [other for other in self._courses if other.clause.course != course]
        if one.limits:  # "If you get a rash, keep taking it."
            same = [other for other in same if one.about & other.about]
            contrary = [other for other in contrary if _holds_too(other, one)]
        if contrary and not same:
            return f"the document says to {contrary[0].clause.course}"
        return None

    def _check_core(self, one: _Placed) -> str | None:
        clause = one.clause
        core = frozenset(clause.core)
        if not core or not (clause.is_sure or clause.prohibits or clause.action in self._forbidden):
            return None
        about_it = [
            other for word in core for other in self._places.get(word, ()) if _is_about(other.clause, core)
        ]
        comparable = [other.clause for other in about_it if _is_comparable(one, other)]
        # What is said of the treatment as a whole is compared as such.
        refused = any(other.denies and not other.is_narrow and not other.course for other in comparable)
        asked = any(
            other.core
            and other.is_sure
            and not (other.denies or other.waives)
            and _may_be_same(clause.action, other.action)
            for other in comparable
        )
        if clause.denies or clause.waives:
            is_plain = clause.prohibits or clause.waives
            is_known = any(
                (other.clause.denies or other.clause.waives) and not other.clause.course for other in about_it
            )
            return _ASKED if is_plain and asked and not is_known and not clause.is_narrow else None
        allowed = any(
            not other.clause.denies and (other.clause.core or other.clause.permits) for other in about_it
        )
        return _FORBIDDEN if refused and not allowed else None


def _place(clauses: Sequence[Clause]) -> list[_Placed]:
    about = frozenset(word for clause in clauses for word in clause.about)
    limits = frozenset(word for clause in clauses for word in clause.limits)
    return [_Placed(clause, about, limits) for clause in clauses]


def _is_about(clause: Clause, core: frozenset[str]) -> bool:
    return core <= clause.about or (bool(clause.about) and clause.about <= core)


def _may_be_same(action: str, other: str) -> bool:
    """Whether two actions, by their stems, may be one: "take" may be anything."""
    return action == other or not {action, other}.isdisjoint(_ANY_ACTION)


def _holds_too(other: _Placed, one: _Placed) -> bool:
    """Whether the document's `other` holds where the condition of `one` does."""
    shared = one.about & other.about
    if not _EXCEPT.isdisjoint(other.limits):  # "not without asking your doctor": asking is the exception
        return not shared - _TREATED
    return bool(shared) or not other.limits


def _is_comparable(one: _Placed, other: _Placed) -> bool:
    """Whether what limits the one instruction limits the other: "before the test" isn't "after the test"."""
    clause, core = one.clause, frozenset(one.clause.core)
    beside = other.clause.about - core
    if one.limits:
        is_later = bool(
            one.limits & _LATER and other.limits & _UNTIL
        )  # "you can the next day", "not until the next day"
        is_same = not is_later and one.limits <= other.limits and one.about - core <= other.about
        # What is forbidden whatever happens is forbidden "if it hurts" too.
        is_always = other.clause.denies and not other.limits and not other.clause.is_timed
        return is_same or (is_always and one.limits <= _CASES and not clause.denies and not clause.is_timed)
    if clause.denies or clause.waives:
        return clause.scope <= beside
    return not (clause.scope and beside and clause.scope.isdisjoint(beside))
