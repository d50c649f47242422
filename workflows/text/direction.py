"""Writing direction of a language."""

from typing import Literal

_FROM_RIGHT = frozenset({"ar", "fa", "he", "ur", "yi"})


def direction(language: str) -> Literal["ltr", "rtl"]:
    """The direction by the language's tag: `he` and `he-IL` are right-to-left."""
    return "rtl" if language.lower().partition("-")[0] in _FROM_RIGHT else "ltr"
