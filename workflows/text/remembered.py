"""Functions of a sentence that remember what they found: several checks read the same one, one after another. Pure."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

_T = TypeVar("_T")
_MOST = 256
_LONGEST = 1000
"""A longer text is no sentence, and isn't kept."""


def remember_sentences(read: Callable[[str], tuple[_T, ...]]) -> Callable[[str], tuple[_T, ...]]:
    """The same function, which reads a sentence once."""
    kept = lru_cache(maxsize=_MOST)(read)

    @wraps(read)
    def read_once(text: str) -> tuple[_T, ...]:
        return kept(text) if len(text) <= _LONGEST else read(text)

    return read_once
