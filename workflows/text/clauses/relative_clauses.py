"""Relative clauses, which narrow what a prohibition forbids ("a hose that is cracked"). English, Hebrew. Pure."""

import re
from collections.abc import Sequence

_ENGLISH = frozenset({"that", "which", "whose"})
_PREPOSITIONS = frozenset({"in", "on", "with", "from", "into", "by", "of", "for", "to"})
_PERSONS_WORDS = """
people person persons child children kid kids baby babies patient patients anyone anybody someone somebody everyone
women woman men man those
"""
_SAYING_WORDS = """
sure so now say think believe assume hope know mean see tell after before than with like in at on of to do such and or
"""
_THE_ONE = frozenset({"the", "this", "your", "its", "their"})
_ENDS_NOUN = frozenset({"a", "an", "any", "some", "no", *_PREPOSITIONS})
"""Words before a noun at which its own article is looked for no further back."""
_EFFECTS_WORDS = """
can may will could might would must makes make causes cause raises raise increases increase lowers lower reduces reduce
strengthens strengthen weakens weaken slows slow harms harm damages damage irritates irritate interferes interfere
affects affect leads lead worsens worsen creates create produces produce releases release forms form
"""
_EFFECTS = frozenset(_EFFECTS_WORDS.split())
"""Words that begin the reason of a prohibition: "grapefruit juice which raises the level"."""
_HEBREW_EFFECTS = re.compile(
    "ש(?:עלול|עשוי|יוצר|הורס|גורמ?|מחזק|מחליש|מגביר|מעל|מוריד|פוגע|מזיק|מפריע|משפיע|מאט|מסכנ?)(?:ה|ת|ים|ות|ם|ן|י)?"
)
_NO_NOUN = frozenset([*_PERSONS_WORDS.split(), *_SAYING_WORDS.split()])
"""Words after which "that" begins no clause about a thing. Of persons it may tell who they all are."""
_HEBREW_NOUNS_WORDS = """
שמן שמנים שקע שקעים שעה שעות שעתיים שבוע שבועות שבועיים שתיים שני שלוש שלושה שמש שולחן שינה שיניים שכבה שטח שקית שקיות
שוקולד שום שומן שקדים שלט שמיכה שפתיים שיער שומשום שאר שוב שימוש שתייה שתיה שרשרת שטיח שמפו
"""
_HEBREW_NOUNS = frozenset(_HEBREW_NOUNS_WORDS.split())
_BEFORE_NOUN_WORDS = "על את עם אל של עד לפני אחרי לאחר בלי ללא או כל יותר"
_BEFORE_NOUN = frozenset(_BEFORE_NOUN_WORDS.split())
_LEAST = 4
"""Letters of a Hebrew word that begins with "that"."""


def find_relative(words: Sequence[str], language: str) -> tuple[str, ...]:
    """The words after what begins a relative clause that tells which of many things is meant; () where there is
    none, where there is only the one ("the lid that covers the blade") or where it tells the reason. `words`: of one
    clause, in lower case."""
    return _find_hebrew(words) if language == "he" else _find_english(words)


def _find_english(words: Sequence[str]) -> tuple[str, ...]:
    for place, word in enumerate(words):
        if word not in _ENGLISH:
            continue
        noun = place - 1 - (word == "which" and place > 0 and words[place - 1] in _PREPOSITIONS)
        if noun >= 0 and words[noun] not in _NO_NOUN:
            if _is_the_one(words[: noun + 1]) or not _EFFECTS.isdisjoint(words[place + 1 : place + 2]):
                return ()
            # What is owned tells nothing apart: "a tyre whose tread is worn".
            return tuple(words[place + 1 + (word == "whose") :])
    return ()


def _is_the_one(words: Sequence[str]) -> bool:
    """Whether the noun that `words` end with has an article of its own that says which one it is."""
    for word in reversed(words[:-1]):
        if word in _THE_ONE or word in _ENDS_NOUN:
            return word in _THE_ONE
    return False


def _find_hebrew(words: Sequence[str]) -> tuple[str, ...]:
    for place, word in enumerate(words):
        if place < 2 or words[place - 1] in _BEFORE_NOUN or (place == 2 and words[1].startswith("ל")):
            continue
        is_the_one = words[place - 1].startswith("ה") and len(words[place - 1]) >= _LEAST
        if word.startswith("ש") and (is_the_one or _HEBREW_EFFECTS.fullmatch(word)):
            return ()
        if word == "אשר":
            return tuple(words[place + 1 :])
        if word.startswith("ש") and len(word) >= _LEAST and word not in _HEBREW_NOUNS:
            return (word[1:], word, *words[place + 1 :])
    return ()
