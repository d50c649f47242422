"""Stems of words, by which texts are compared regardless of inflection. Pure."""

import re
from functools import lru_cache

import snowballstemmer

_HEBREW_PREFIX = re.compile("^[והבלמשכ]{1,2}(?=[א-ת]{3})")
_LONGEST = 30
_KEPT = 1 << 15


def strip_hebrew_prefix(word: str) -> str:
    """A Hebrew word without the letters before it that are words of their own: "and", "the", "in"."""
    return _HEBREW_PREFIX.sub("", word)


@lru_cache(maxsize=_KEPT)
def stem(word: str) -> str:
    """An English word's stem by the Snowball algorithm; a Hebrew word without the letters that stand for "and",
    "the", "in" and their like; any other word folded."""
    word = word.casefold().replace("’", "'").removesuffix("'s").removesuffix("'")
    if "א" <= word[:1] <= "ת":
        return strip_hebrew_prefix(word)
    if len(word) > _LONGEST or not word.isascii():
        return word
    return str(snowballstemmer.stemmer("english").stemWord(word))  # one a call: it isn't safe between threads
