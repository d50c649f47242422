"""Compounds whose first part is a listed word and means no harm: hell-bent, gun-shy, coffin-shaped. Pure."""

import tomllib
from pathlib import Path

from workflows.safety.words.lexicon import Match, Word

_HYPHENS = frozenset({"-", "‐", "‑"})
_TABLE = tomllib.loads((Path(__file__).parent / "compounds.toml").read_text(encoding="utf-8"))
_LIKENESSES, _KILLED = frozenset(_TABLE["likenesses"].split()), frozenset(_TABLE["killed"].split())
_LONG_LIKENESSES = tuple(word for word in _LIKENESSES if len(word) > 4 and word.endswith("ed"))
_MEASURED = frozenset({"violence", "weapons", "alcohol", "drugs", "fright", "danger", "gambling"})
"""Categories in which a likeness takes the harm out of a word; an insult or what is sexual stays what it is."""


def is_likeness(folded: str, words: list[Word], match: Match[int], category: str) -> bool:
    """Whether the single word found is a part of such a compound."""
    if match.first != match.last or category not in _MEASURED:
        return False
    word, place = words[match.first], match.first
    if word.text.endswith(_LONG_LIKENESSES):  # a reading with its hyphens closed up
        return True
    if place + 1 < len(words) and folded[word.end : words[place + 1].start] in _HYPHENS:
        return words[place + 1].text in _LIKENESSES
    is_joined = place > 0 and folded[words[place - 1].end : word.start] in _HYPHENS
    return is_joined and word.text.startswith("kill") and words[place - 1].text in _KILLED
