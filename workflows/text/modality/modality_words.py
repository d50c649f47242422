"""Words by which a clause's modality is told: what it asks for, allows, forbids. English, Hebrew. Pure."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflows.text.modality.phrases import Phrases, split_phrases

_FILE = Path(__file__).parent / "modality.toml"
_LASTS = {
    "en": r"for (?:\S+ ){0,3}",
    "he": r"(?:\d+|שתי|שלוש[הת]?|ארבע[הת]?|חמישה|שבועיים|יומיים|שבוע|יום|שעתיים|שעה)(?: |(?!\S))",
}
"""What stands before the time that something lasts; in Hebrew a number is enough."""


@dataclass(frozen=True, slots=True)
class ModalityWords:
    """The words of one language: the phrases, and words that are looked up. `time_span`: a limit that begins a
    clause; `duration`: "for 24 hours"; `limiting`: the words of limits."""

    phrases: Phrases
    time_span: re.Pattern[str]
    duration: re.Pattern[str]
    fillers: frozenset[str]
    orders: frozenset[str]
    time: frozenset[str]
    limiting: frozenset[str]
    doing: frozenset[str]
    caring: frozenset[str]


@cache
def modality_words(language: str) -> ModalityWords:
    """The words of a language."""
    given = _given(language)
    looked_up = ("fillers", "orders", "time", "doing", "caring")
    times = "|".join(sorted(given["time"].split()))
    phrases = {name: split_phrases(listed) for name, listed in given.items() if name not in looked_up}
    return ModalityWords(
        Phrases(phrases, prefixes="ול" if language == "he" else ""),
        re.compile(rf"(?:\S+ ){{1,4}}?(?:{times})(?= |\Z)"),
        re.compile(rf"(?<!\S){_LASTS[language]}(?:{times})(?!\S)"),
        frozenset(split_phrases(given["fillers"])),
        frozenset(given["orders"].split()),
        frozenset(given["time"].split()),
        frozenset(word for phrase in split_phrases(given["limits"]) for word in phrase.split()),
        frozenset(given["doing"].split()),
        frozenset(given["caring"].split()),
    )


@cache
def _given(language: str) -> dict[str, str]:
    with _FILE.open("rb") as file:
        tables: dict[str, dict[str, str]] = tomllib.load(file)
    return tables[language]
