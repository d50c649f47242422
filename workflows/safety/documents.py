"""A document from outside, looked at before it is kept: does it speak to its readers or to a model? Pure.

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

from workflows.safety.folding import fold
from workflows.safety.hidden import drop_hidden, find_hidden
from workflows.safety.injection import (
    concealed,
    find_disguised,
    find_injection,
    find_orders,
    read_orders,
)
from workflows.safety.spelling import readings
from workflows.text.normaliser import normalise

Kind = Literal["sounds_like_instructions", "hidden_text", "invisible_characters"]

_WORDS = Path(__file__).parent / "document_words.toml"
_STRICT = read_orders("document_orders.txt")
_LOOSE = read_orders("orders.txt")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*")
_MOST = 20
_SEAM = 120
# Zero width, joiners, direction, tags; soft hyphens are common in good texts, and only noted by the letter.
_INVISIBLE = re.compile("[\u200b\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e007f]")
_INSIDE_WORDS = re.compile("(?<=[A-Za-z])[\u200c\u200d](?=[A-Za-z])")
_SOFT_HYPHEN = re.compile("\u00ad")


@dataclass(frozen=True, slots=True)
class Passage:
    """Something found; `paragraph` counts from 1, 0 is outside of the text that people see."""

    kind: Kind
    paragraph: int
    quote: str


@dataclass(frozen=True, slots=True)
class Examination:
    """`attack`: why the document isn't to be used; else `warnings`, in the order of the text."""

    attack: Passage | None
    warnings: tuple[Passage, ...]


def examine(text: str, hidden: Sequence[str] = ()) -> Examination:
    """Looks a document over. `hidden`: what its file holds that a reader doesn't see."""
    warnings: list[Passage] = []
    for words in (*hidden, *(span.text for span in find_hidden(text))):
        if quote := find_orders(words, _STRICT) or find_injection(words):
            return Examination(Passage("hidden_text", 0, quote), ())
        if words.strip():
            warnings.append(Passage("hidden_text", 0, _shorten(words)))
    if _INVISIBLE.search(text) or _INSIDE_WORDS.search(text):
        warnings.append(Passage("invisible_characters", 0, ""))
    text = drop_hidden(text)
    for number, paragraph in _worth_reading(text):
        if (quote := find_attack(paragraph)) is not None:
            return Examination(Passage("sounds_like_instructions", number, quote), ())
        seen = normalise(paragraph) if "<" in paragraph else paragraph  # ordinary markup gives no orders
        if len(warnings) < _MOST and (quote := find_injection(seen)) is not None:
            warnings.append(Passage("sounds_like_instructions", number, quote))
    return Examination(None, tuple(_once(warnings)))


@cache
def _trigger_words() -> tuple[str, ...]:
    with _WORDS.open("rb") as file:
        return tuple(tomllib.load(file)["words"])


def find_attack(text: str) -> str | None:
    """The words with which a passage clearly speaks to a model, or hides that it does; None when it doesn't."""
    for plain in concealed(text):
        if quote := find_orders(plain, _STRICT) or find_injection(plain):
            return quote
    if quote := find_orders(text, _STRICT):
        return quote
    # Run together and found by nothing else: somebody took pains that it isn't read.
    return find_disguised(text) if find_orders(text, _LOOSE) is None else None


def uncover(text: str) -> str:
    """`text` without characters that nobody sees, and without what its markup hides from readers."""
    return _SOFT_HYPHEN.sub("", _INSIDE_WORDS.sub("", _INVISIBLE.sub("", drop_hidden(text))))


def _worth_reading(text: str) -> Iterator[tuple[int, str]]:
    """The paragraphs that hold any word of an order, each after the end of the one before it."""
    before = ""
    for number, paragraph in enumerate(_PARAGRAPH.split(text), start=1):
        part = f"{before}\n{paragraph}" if before else paragraph
        if _may_hold_orders(part):
            yield number, part
        before = paragraph[-_SEAM:]


def _may_hold_orders(text: str) -> bool:
    if next(concealed(text), None) is not None:
        return True
    folded = f" {fold(text)} "
    run_together = "".join(folded.split())
    return any(word in reading for reading in (*readings(text), run_together) for word in _trigger_words())


def _once(warnings: Sequence[Passage]) -> list[Passage]:
    """The end of a paragraph is looked at again with the next one."""
    found: dict[tuple[str, str], Passage] = {}
    for warning in warnings:
        found.setdefault((warning.kind, warning.quote), warning)
    return list(found.values())


def _shorten(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= 80 else f"{words[:79]}…"
