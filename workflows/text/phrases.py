"""Phrases of tables, compiled to one pattern. In a phrase `~` stands for up to five words. Pure."""

import re
from collections.abc import Callable, Iterable

_GAP = r"(?:\S+ ){0,5}"


def split_phrases(listed: str) -> list[str]:
    """The phrases of a table's entry, which semicolons part."""
    return [" ".join(one.split()) for one in listed.split(";") if one.strip()]


def phrase_pattern(
    phrases: Iterable[str], fold: Callable[[str], str] = str, before: str = ""
) -> re.Pattern[str]:
    """A pattern that finds any of the phrases in words with one space between, the longest first.

    `fold`: what becomes of each word before it is compared. `before`: a pattern of what may stand before a phrase.
    """
    written = sorted({_write(phrase, fold) for phrase in phrases}, key=len, reverse=True)
    return re.compile(rf"(?<!\S){before}(?:{'|'.join(written) or '(?!)'})(?!\S)")


def _write(phrase: str, fold: Callable[[str], str]) -> str:
    pattern = ""
    for word in phrase.removesuffix(" ~").split():
        pattern += _GAP if word == "~" else f"{re.escape(fold(word))} "
    return pattern.removesuffix(" ")
