"""Hebrew clauses compared by their words: what they are about, and whether they deny it. Pure.

Without a stemmer: a word counts without the letters before it that are words of their own ("and", "in", "to") and
without a plural's ending. So it says less than the check of English, and says it only where nearly all words are alike.
"""

import re
from functools import lru_cache
from typing import Literal

from workflows.text.clauses.clauses import clause_splitter
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
_DENIALS = frozenset(_DENIALS_WORDS.split())
_COMPARED = frozenset(_COMPARED_WORDS.split())
_EMPTY = frozenset(_EMPTY_WORDS.split())
_SAME = 0.75


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


def compare_hebrew(clause: str, other: str) -> Literal["same", "contrary"] | None:
    """Whether two clauses about the same say it the same way round, or one of them denies it; None where they are about
    different things, or deny it under different conditions."""
    about, against = hebrew_matter(clause), hebrew_matter(other)
    shared = len(about & against)
    if shared < 2 or shared < _SAME * max(len(about), len(against)):
        return None
    words, others = set(list_words(clause)), set(list_words(other))
    if bool(words & _DENIALS) == bool(others & _DENIALS):
        return "same"
    return "contrary" if words & _COMPARED == others & _COMPARED else None
