"""Word classes (classes.toml), from which frames are made."""

import tomllib
from functools import cache
from pathlib import Path

from workflows.safety.words.hebrew import expand
from workflows.safety.words.lexicon import WordClasses

_FILE = Path(__file__).parent / "classes.toml"


@cache
def load_word_classes() -> WordClasses:
    """English and Hebrew words by class; a class may hold others, `<person> <animal>`."""
    with _FILE.open("rb") as file:
        listed = tomllib.load(file)
    members: dict[str, list[str]] = {}
    for name, words in listed["en"].items():
        members[name] = _split(words, members)
    for name, entries in listed["he"].items():
        is_plain = name == "filler" or entries.startswith("<")
        words = _split(entries, members) if is_plain else _expand(entries)
        members.setdefault(name, []).extend(words)
    return WordClasses.of(members)


def _split(words: str, known: dict[str, list[str]]) -> list[str]:
    return [
        word for part in words.split() for word in (known[part[1:-1]] if part.startswith("<") else [part])
    ]


def _expand(entries: str) -> list[str]:
    return [form for entry in entries.split(";") for form in expand(entry)]
