"""Which way a language is written."""

from typing import Literal

_FROM_RIGHT = frozenset({"ar", "fa", "he", "ur", "yi"})


def direction(language: str) -> Literal["ltr", "rtl"]:
    """By the language's tag: `he` and `he-IL` are written from right to left."""
    return "rtl" if language.lower().partition("-")[0] in _FROM_RIGHT else "ltr"
