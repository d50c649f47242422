"""Hebrew clauses that say of a thing that it is forbidden or allowed, held against those of a document. Pure."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from workflows.text.clauses.clauses import is_item
from workflows.text.clauses.hebrew_claims import compare_hebrew, hebrew_matter, says_direction, split_hebrew
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.words import list_words

_FORBIDDING_WORDS = "אסור אסורה אסורים אסורות"
_PERMITTING_WORDS = "מותר מותרת מותרים מותרות אפשר ניתן בטוח בטוחה בטוחים בטוחות בסדר"
_DENYING_WORDS = """
לא אין אל אינו אינה אינם אינן בלי ללא לעולם להימנע הימנעו הימנע הימנעי תימנעו להפסיק הפסיקו מסוכן מסוכנת מסוכנים מסוכנות
"""
_LIMITING_WORDS = "אם כאשר כש לפני אחרי לאחר עד רק יותר מעל פחות במשך בזמן מחר אלא צורך חובה"
"""With one of these a clause forbids or allows something narrower than its other words say."""
_EMPTY_WORDS = """
את של עם או גם זה זו זאת הוא היא הם הן לכם לך יש כל מאוד לגמרי כלל בהחלט כאן כן אז כדי נגד יחד ביחד
אותו אותה אותם אותן בו בה בהם בהן איתו איתה
"""
_DOING_WORDS = "לקחת ליטול לאכול לשתות להשתמש לבלוע לתת"
_FORBIDS = frozenset(_FORBIDDING_WORDS.split())
_PERMITS = frozenset(_PERMITTING_WORDS.split())
_DENIES = frozenset(_DENYING_WORDS.split())
_LIMITS = frozenset(_LIMITING_WORDS.split())
_EMPTY = frozenset(_EMPTY_WORDS.split())
_DOING = frozenset(map(hebrew_root, _DOING_WORDS.split()))
_SAID = _FORBIDS | _PERMITS | _DENIES | _EMPTY | _LIMITS
_MOST_THINGS = 2


class HebrewRule(NamedTuple):
    """Rule that forbids or allows `things` (roots); `is_limited`, under a condition."""

    forbids: bool
    things: frozenset[str]
    is_limited: bool


class HebrewRules:
    """The clauses of a document, for the lookup of rules. It errs to silence: where one clause about a thing doesn't
    forbid it, it is allowed."""

    def __init__(self, sentences: Sequence[str]) -> None:
        self._forbidden: list[bool] = []  # by clause: it, or the list that it stands in, says no
        self._refused: list[bool] = []  # it says no without a condition
        self._places: dict[str, set[int]] = {}
        self._clauses = [clause for sentence in sentences for clause in split_hebrew(sentence)]
        self._by_word: dict[str, list[int]] = {}
        for place, clause in enumerate(self._clauses):
            for word in hebrew_matter(clause):
                self._by_word.setdefault(word, []).append(place)
        heads_list = False
        for sentence in sentences:
            denies = _says_no(sentence)
            listed = heads_list and is_item(sentence)
            heads_list = listed or (denies and sentence.rstrip().endswith(":"))
            for clause in split_hebrew(sentence):
                self._add(clause, forbidden=denies or listed, refused=listed or _says_no(clause))

    def _add(self, clause: str, *, forbidden: bool, refused: bool) -> None:
        words = list_words(clause)
        for root in map(hebrew_root, words):
            self._places.setdefault(root, set()).add(len(self._forbidden))
        self._forbidden.append(forbidden)
        self._refused.append(refused and _LIMITS.isdisjoint(words))

    def find_conflict(self, sentence: str) -> str | None:
        """Why the document doesn't forbid or allow what the sentence does, or says the contrary; None when it may."""
        clauses = split_hebrew(sentence)
        if any(map(self._contradicts, clauses)):
            return "the document seems to say the opposite"
        for clause in clauses:
            rule = find_hebrew_rule(clause)
            if rule is None or rule.is_limited:
                continue
            places = set.intersection(*(self._places.get(root, set()) for root in rule.things))
            if not places:
                continue
            if rule.forbids and not any(self._forbidden[place] for place in places):
                return "the document doesn't forbid this"
            if not rule.forbids and all(self._refused[place] for place in places):
                return "the document forbids this"
        return None

    def _contradicts(self, clause: str) -> bool:
        """Whether a clause of the document about the same says the contrary, and none says the same."""
        hits = Counter(place for word in hebrew_matter(clause) for place in self._by_word.get(word, ()))
        least = 1 if says_direction(clause) else 2
        others = [self._clauses[place] for place, shared in hits.items() if shared >= least]
        found = {compare_hebrew(clause, other) for other in others}
        return "contrary" in found and "same" not in found


def _says_no(text: str) -> bool:
    return not (_FORBIDS | _DENIES).isdisjoint(list_words(text))


def find_hebrew_rule(clause: str) -> HebrewRule | None:
    """The rule that a clause is: one that says "forbidden" or "allowed" of one or two things."""
    words = list_words(clause)
    has = frozenset(words)
    if has.isdisjoint(_FORBIDS | _PERMITS):
        return None
    forbids = has.isdisjoint(_FORBIDS) != has.isdisjoint(_DENIES)
    things = frozenset(hebrew_things(clause)) - _DOING
    return HebrewRule(forbids, things, bool(has & _LIMITS)) if 0 < len(things) <= _MOST_THINGS else None


def hebrew_things(text: str) -> set[str]:
    """The roots of what a text is about, without the words that forbid, allow or limit."""
    return {hebrew_root(word) for word in list_words(text) if word not in _SAID and not word.isdigit()}
