"""Examination of an uploaded document before it is stored: text addressed to a model instead of readers. Pure.

A leaflet may sound like an order ("ignore any earlier instructions about blood thinners"); leaving such a
sentence out could do harm, so it stays, is noted, and stands between marks in every prompt. What clearly
speaks to a language model, or hides what it says, is another thing: nobody writes that for patients, so the
file was tampered with, and the rest of it can't be trusted either. It is refused.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from workflows.safety.untrusted.injection import (
    concealed,
    find_disguised,
    find_injection,
    find_orders,
    read_injection_patterns,
)
from workflows.safety.words.folding import fold
from workflows.safety.words.spelling import readings
from workflows.text.layout.html_text import escape_tags, read_html

Kind = Literal["sounds_like_instructions", "hidden_text", "invisible_characters"]

_WORDS = Path(__file__).parent / "document_words.toml"
_STRICT = read_injection_patterns("document_injection_patterns.txt")
_LOOSE = read_injection_patterns("injection_patterns.txt")
_PARAGRAPH = re.compile(r"\n\s*\n")
_MOST = 20
_SEAM = 120
# Zero width, joiners, direction, tags; soft hyphens are common in good texts, and only noted by the letter.
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_INSIDE_WORDS = re.compile("(?<=[A-Za-z])[\u200c\u200d](?=[A-Za-z])")
_SOFT_HYPHEN = re.compile("\u00ad")
# Patterns that look around aren't asked about more than this at once.
_WINDOW = 2000


@dataclass(frozen=True, slots=True)
class Passage:
    """A finding in a document; `paragraph` counts from 1, 0 is outside of the visible text."""

    kind: Kind
    paragraph: int
    quote: str


@dataclass(frozen=True, slots=True)
class Examination:
    """Result of an examination. `attack`: the reason for refusing the document; else `warnings`, in text order."""

    attack: Passage | None
    warnings: tuple[Passage, ...]


def examine(text: str, hidden: Sequence[str] = ()) -> Examination:
    """Examines a document. `hidden`: texts in its file that a reader doesn't see."""
    page = read_html(text)
    return examine_visible(page.text, (*hidden, *page.hidden))


def examine_visible(text: str, hidden: Sequence[str] = ()) -> Examination:
    """As `examine`, for a text without markup."""
    warnings: list[Passage] = []
    for words in hidden:
        if (quote := _find_hidden_orders(words)) is not None:
            return Examination(Passage("hidden_text", 0, quote), ())
        if words.strip() and len(warnings) < _MOST:
            warnings.append(Passage("hidden_text", 0, _shorten(words)))
    if _INVISIBLE.search(text) or _INSIDE_WORDS.search(text):
        warnings.append(Passage("invisible_characters", 0, ""))
    noted = 0
    for number, passage in _worth_reading(text):
        if (quote := find_attack(passage)) is not None:
            return Examination(Passage("sounds_like_instructions", number, quote), ())
        if noted < _MOST and (quote := find_injection(passage)) is not None:
            warnings.append(Passage("sounds_like_instructions", number, quote))
            noted += 1
    return Examination(None, tuple(_once(warnings)))


@cache
def _trigger_words() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Trigger words with a space in them, and those without."""
    with _WORDS.open("rb") as file:
        words = tomllib.load(file)["words"]
    return tuple(word for word in words if " " in word), tuple(word for word in words if " " not in word)


def find_attack(text: str) -> str | None:
    """The words that clearly address a model, or hide that they do; None when there are none."""
    for plain in concealed(text):
        if quote := find_orders(plain, _STRICT) or find_injection(plain):
            return quote
    if quote := find_orders(text, _STRICT):
        return quote
    # Run together and found by nothing else: somebody took pains that it isn't read.
    return find_disguised(text) if find_orders(text, _LOOSE) is None else None


def uncover(text: str) -> str:
    """`text` without invisible characters, and without its markup and the text that markup hides from readers."""
    return escape_tags(without_invisible(read_html(text).text))


def without_invisible(text: str) -> str:
    """`text` without invisible characters."""
    if text.isascii():
        return text
    return _SOFT_HYPHEN.sub("", _INSIDE_WORDS.sub("", _INVISIBLE.sub("", text)))


def _find_hidden_orders(words: str) -> str | None:
    for window in _windows(words):
        if quote := find_orders(window, _STRICT) or find_injection(window):
            return quote
    return None


def _worth_reading(text: str) -> Iterator[tuple[int, str]]:
    """The part of each paragraph that holds any word of an order, after the end of the one before."""
    before = ""
    for number, paragraph in enumerate(_PARAGRAPH.split(text), start=1):
        part = f"{before}\n{paragraph}" if before else paragraph
        for window in _windows(part):
            if _may_hold_orders(window):
                yield number, window
        if len(part) > _WINDOW and _is_cut_within_a_word(
            part
        ):  # what is written in a code isn't read in pieces
            yield from ((number, window) for plain in concealed(part) for window in _windows(plain))
        before = paragraph[-_SEAM:]


def _windows(text: str) -> Iterator[str]:
    """`text` in pieces short enough for a slow pattern, each with the end of the one before."""
    start = 0
    while len(text) - start > _WINDOW:
        end = _cut(text, start)
        yield text[start:end]
        start = end - _SEAM
    yield text[start:]


def _cut(text: str, start: int) -> int:
    """The end of the piece that begins there: after a space, if there is one near."""
    end = start + _WINDOW
    return max(text.rfind(" ", end - _SEAM, end), text.rfind("\n", end - _SEAM, end)) + 1 or end


def _is_cut_within_a_word(text: str) -> bool:
    start = 0
    while len(text) - start > _WINDOW:
        end = _cut(text, start)
        if not text[end - 1].isspace():
            return True
        start = end - _SEAM
    return False


def _may_hold_orders(text: str) -> bool:
    if next(concealed(text), None) is not None:
        return True
    folded = f" {fold(text)} "
    phrases, words = _trigger_words()
    # A match in a reading without spaces is in the text that is run together, too.
    together = "".join(folded.split())
    return (
        any(word in together for word in words)
        or any(phrase in folded for phrase in phrases)
        or any(
            word in reading for reading in readings(text) if reading != folded for word in (*phrases, *words)
        )
    )


def _once(warnings: Sequence[Passage]) -> list[Passage]:
    """The findings without repetition: the end of a paragraph is examined again with the next one."""
    found: dict[tuple[str, str], Passage] = {}
    for warning in warnings:
        found.setdefault((warning.kind, warning.quote), warning)
    return list(found.values())


def _shorten(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= 80 else f"{words[:79]}…"
