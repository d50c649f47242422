"""Names of people, places and works, which are never judged as words (Uzi, Dick, Brandy, דקר; Penistone; Kill Bill)."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from workflows.safety.words.classes import load_word_classes
from workflows.safety.words.folding import fold
from workflows.safety.words.lexicon import Lexicon, split_words
from workflows.safety.words.spelling import readings
from workflows.text.sentences import ends_with_abbreviation

STAND_IN = "Alex"

_LISTS = tomllib.loads((Path(__file__).parent / "names.toml").read_text(encoding="utf-8"))
_FIELDS = {"name", "first_name", "last_name", "nickname"}
_LONGEST = 60
_MOST_WORDS = 4
_SENTENCE = re.compile(r"[.!?:;,]\s")
_HEBREW_PREFIX = "(?:ו?(?:כש|ש)?[מכבלה]?)"
# A verb with an object is no name, also where the name is spelt like it: `דקר אותו`.
_OBJECT = r"(?!\s{1,4}(?:אות[יךוהםןנ]|את\b|ב[והםן]\b))"
# "You Dick!", "the Uzi": no name.
_NO_NAME_BEFORE = "".join(
    rf"(?<!\b{word} )"
    for word in ("a", "an", "the", "an old", "you", "You", "your", "such a", "his", "their", "with")
)
_KNOWN = re.compile(rf"{_NO_NAME_BEFORE}\b(?:{'|'.join(_LISTS['known'])})\b(?!\s(?:off|in the))")
_PLACE = re.compile(
    rf"\b(?:{'|'.join(_LISTS['places'])})\b"
    rf"|(?<![\w-])(?<!\b[Yy]ou )[A-Z][a-z]{{2,20}}(?:{'|'.join(_LISTS['place_endings'])})(?!\w)"
)
_TITLED = re.compile(rf"\b(?:{'|'.join(_LISTS['titles'])})\.?\s([A-Z][\w'’-]{{1,30}})")
# A title is told from a sentence by what it is the title of: "the film Kill Bill", "Kill Bill is a film".
_WORK = rf"(?:{'|'.join(_LISTS['works'])})"
_WORDS_OF_TITLE = r"[A-Z][\w'’-]{1,20}(?:(?:\s(?:of|on|in|and|a|the)){0,2}\s[A-Z][\w'’-]{1,20}){1,3}"
_TITLE = re.compile(
    rf"\b{_WORK}\s(?:called\s)?[\"“'‘]?({_WORDS_OF_TITLE})"
    rf"|\b({_WORDS_OF_TITLE})(?=[\"”'’]?\s(?:is|was)\san?\s(?:\w{{1,15}}\s){{0,2}}{_WORK}\b)"
)


def is_name_field(path: str) -> bool:
    """Whether a field (`input.reader.name`) holds a name."""
    return path.rpartition(".")[2] in _FIELDS


def is_name(text: str) -> bool:
    """Whether `text` may be a person's name: a few words, no sentence, and none that nobody is called."""
    return (
        len(text) <= _LONGEST
        and len(text.split()) <= _MOST_WORDS
        and all(ends_with_abbreviation(text[: mark.start() + 1]) for mark in _SENTENCE.finditer(text))
        and not any(any(_never().find(reading, split_words(reading))) for reading in readings(text))
    )


def collect_names(value: Any) -> tuple[str, ...]:
    """The names in a plain value, such as a format's input, and each of their words."""
    found = dict.fromkeys(_names(value, is_named=False))
    words = dict.fromkeys(word for name in found for word in name.split() if len(word.rstrip(".")) > 1)
    return tuple(dict.fromkeys([*found, *words]))


def hide_names(text: str, names: tuple[str, ...] = ()) -> str:
    """`text` with a placeholder for names: these, the known ones, those after a title, of places and of works.

    A name is written as names are: `dick` in lower case stays.
    """
    if names:
        text = _pattern(names).sub(STAND_IN, text)
    text = _TITLED.sub(_hide_titled, _PLACE.sub(STAND_IN, _KNOWN.sub(STAND_IN, text)))
    return _TITLE.sub(_hide_titled, text)


def _hide_titled(found: re.Match[str]) -> str:
    named = found.lastindex or 0
    words = fold(found[named])
    if any(_never().find(words, split_words(words))) or _names_a_group(words):
        return found.group()
    return found.group()[: found.start(named) - found.start()] + STAND_IN


def _names_a_group(folded: str) -> bool:
    """Whether people that are hated for who they are are named: "the song Kill All Jews" is read as it stands."""
    classes = load_word_classes().classes
    return any("group" in classes.get(word.text, ()) for word in split_words(folded))


def _names(value: Any, *, is_named: bool) -> Iterator[str]:
    if isinstance(value, str):
        if is_named and value.strip() and is_name(value):
            yield " ".join(value.split())
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _names(item, is_named=key in _FIELDS)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _names(item, is_named=is_named)


@cache
def _never() -> Lexicon[None]:
    return Lexicon((term, None) for terms in _LISTS["never"].values() for term in terms)


@cache
def _pattern(names: tuple[str, ...]) -> re.Pattern[str]:
    spellings = {spelling for name in names for spelling in _spellings(name)}
    longest_first = sorted(spellings, key=len, reverse=True)
    return re.compile(rf"(?<!\w){_HEBREW_PREFIX}(?:{'|'.join(map(_escape, longest_first))})(?!\w){_OBJECT}")


def _spellings(name: str) -> Iterable[str]:
    if name.upper() == name.lower():  # a script without capitals
        return [name]
    return [name.title(), name[:1].upper() + name[1:], name.upper()]


def _escape(name: str) -> str:
    return r"\s{1,4}".join(map(re.escape, name.split()))
