"""Hebrew clauses compared by their words: what they are about, and whether they deny it. Pure.

Without a stemmer: a word counts without the letters before it that are words of their own ("and", "in", "to") and
without a plural's ending. So it says less than the check of English, and says it only where nearly all words are alike.
"""

import re
from functools import lru_cache
from typing import Literal

from workflows.text.clauses.clauses import clause_splitter
from workflows.text.clauses.hebrew_roots import hebrew_root
from workflows.text.stems import strip_hebrew_prefix
from workflows.text.words import list_words

_ENDING = re.compile("(?<=[א-ת]{3})(?:ים|ות|ה)$")
_CLAUSE = re.compile(r"[,;:–—]\s|\s(?:כי|אבל|אך|אלא)\s")
_DENIALS_WORDS = (
    "לא אין אל אסור אסורה אסורים אסורות בלי ללא מבלי אינו אינה אינם אינן איני אינך להימנע הימנעו הימנע"
)
_COMPARED_WORDS = "יותר פחות מעל מתחת לפני אחרי רק אם עד כאשר כש בזמן"
"""With one of these a clause denies something narrower than its other words say."""
_EMPTY_WORDS = (
    "את של על עם או גם זה זו הוא היא הם הן אני אתם אתה יש ניתן אפשר מותר צריך כדי כל מן אל הרופא מאוד"
)
_UP_WORDS = """
מעלה יעלה תעלה העלה העלתה מגביר מגבירה מגבירים יגביר תגביר מגדיל מגדילה מגדילים יגדיל מרים מרימה עולה עולים יעלו להעלות
העלאת להעלאת הגברת להגברת להגביר
"""
_DOWN_WORDS = """
מוריד מורידה מורידים מורידות יוריד תוריד הוריד הורידה מפחית מפחיתה מפחיתים יפחית תפחית מקטין מקטינה יקטין יורד יורדת
יורדים להוריד הורדת להורדת הפחתת להפחתת להפחית
"""
_OPPOSITES_WORDS = (
    (_UP_WORDS, _DOWN_WORDS),
    ("מרחיב מרחיבה מרחיבים", "מכווץ מכווצת מכווצים מצר מצרה מצמצם מצמצמת"),
    ("מחזק מחזקת מחזקים", "מחליש מחלישה מחלישים"),
    ("מאט מאטה מאטים", "מאיץ מאיצה מאיצים מזרז מזרזת"),
    ("מונע מונעת מונעים מונעות", "גורם גורמת גורמים גורמות"),
    ("מרגיע מרגיעה", "מגרה מעורר מעוררת"),
)
_OPPOSITES = tuple((frozenset(one.split()), frozenset(other.split())) for one, other in _OPPOSITES_WORDS)
_TURNING = frozenset(word for pair in _OPPOSITES for side in pair for word in side)
_SUBJECTS_WORDS = "תרופה התרופה התרופות כדור הכדור הכדורים טבליה הטבליה הטבליות החומר הטיפול"
_DENIALS = frozenset(_DENIALS_WORDS.split())
_COMPARED = frozenset(_COMPARED_WORDS.split())
_EMPTY = frozenset(_EMPTY_WORDS.split())
_SUBJECTS = frozenset(_SUBJECTS_WORDS.split())
"""What may stand for the medicine that a document is about."""
_SAME, _SAME_TURNED = 0.75, 0.6


split_hebrew = clause_splitter(_CLAUSE)
"""The parts of a sentence between commas, colons, dashes, and words such as "but"."""


@lru_cache(maxsize=8192)
def hebrew_matter(clause: str) -> frozenset[str]:
    """What a clause is about, whichever way round it says it."""
    return frozenset(
        _ENDING.sub("", strip_hebrew_prefix(word))
        for word in list_words(clause)
        if word not in _EMPTY and word not in _DENIALS and not word.isdigit()
    )


def says_direction(clause: str) -> bool:
    """Whether it says that something goes up or down, or the like."""
    return not _TURNING.isdisjoint(_bare_words(clause))


def compare_hebrew(clause: str, other: str) -> Literal["same", "contrary"] | None:
    """Whether two clauses about the same say it the same way round, or one of them denies it; None where they are about
    different things, or deny it under different conditions."""
    turned = _compare_turned(clause, other)
    if turned is not None:
        return turned
    about, against = hebrew_matter(clause), hebrew_matter(other)
    shared = len(about & against)
    if shared < 2 or shared < _SAME * max(len(about), len(against)):
        return None
    words, others = set(list_words(clause)), set(list_words(other))
    if bool(words & _DENIALS) == bool(others & _DENIALS):
        return "same"
    return "contrary" if words & _COMPARED == others & _COMPARED else None


def _compare_turned(clause: str, other: str) -> Literal["same", "contrary"] | None:
    """Whether two clauses about the same say that something goes the same way or the other: "raises", "lowers"."""
    words, others = set(_bare_words(clause)), set(_bare_words(other))
    for one, contrary in _OPPOSITES:
        ways, others_ways = (words & one, words & contrary), (others & one, others & contrary)
        if all(ways) or all(others_ways) or not any(ways) or not any(others_ways):
            continue
        about, against = (_matter_turned(said) for said in (clause, other))
        shared = len(about & against)
        is_part = len(about) > 1 and about <= against
        if not is_part and (not shared or shared < _SAME_TURNED * max(len(about), len(against))):
            continue
        is_same_way = bool(ways[0]) == bool(others_ways[0])
        are_denied = bool(words & _DENIALS) != bool(others & _DENIALS)
        return "same" if is_same_way != are_denied else "contrary"
    return None


def _matter_turned(clause: str) -> frozenset[str]:
    """What a clause is about, without what goes up or down and without a medicine."""
    kept = [word for word in _bare_words(clause) if word not in _TURNING | _SUBJECTS]
    return frozenset(map(hebrew_root, hebrew_matter(" ".join(kept))))


def _bare_words(clause: str) -> list[str]:
    """The words, without "that" and "and" before one of direction."""
    words = list_words(clause)
    return [word[1:] if word[1:] in _TURNING else word for word in words]
