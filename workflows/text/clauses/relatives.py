"""Relative clauses, which narrow what a prohibition forbids: "a hose that is cracked". English, Hebrew. Pure."""

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
    """The words after what begins a relative clause that tells which thing is meant; () where there is none. `words`:
    of one clause, in lower case."""
    return _find_hebrew(words) if language == "he" else _find_english(words)


def _find_english(words: Sequence[str]) -> tuple[str, ...]:
    for place, word in enumerate(words):
        if word not in _ENGLISH:
            continue
        noun = place - 1 - (word == "which" and place > 0 and words[place - 1] in _PREPOSITIONS)
        if noun >= 0 and words[noun] not in _NO_NOUN:
            # What is owned tells nothing apart: "a tyre whose tread is worn".
            return tuple(words[place + 1 + (word == "whose") :])
    return ()


def _find_hebrew(words: Sequence[str]) -> tuple[str, ...]:
    for place, word in enumerate(words):
        if place < 2 or words[place - 1] in _BEFORE_NOUN or (place == 2 and words[1].startswith("ל")):
            continue
        if word == "אשר":
            return tuple(words[place + 1 :])
        if word.startswith("ש") and len(word) >= _LEAST and word not in _HEBREW_NOUNS:
            return (word[1:], word, *words[place + 1 :])
    return ()
