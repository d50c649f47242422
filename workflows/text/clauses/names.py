"""Names in a sentence that a document doesn't have: medicines by a list and by their endings, others by their
capital. Pure."""

import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflows.text.stems import stem, strip_hebrew_prefix

_FILE = Path(__file__).parent / "claims.toml"
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_BEGINS = frozenset(".!?:;“\"'(—–")
"""After these a capital says nothing."""
_LEAST_LETTERS = 4
_LEAST_MEDICINE = 6
"""Letters: shorter words end like a medicine by chance."""


def find_unknown_names(sentence: str, words: Collection[str]) -> list[str]:
    """The names in `sentence`, as they stand, that aren't among `words`, which are in lower case."""
    found = []
    end = 0
    for match in _WORD.finditer(sentence):
        begins = not end or not _BEGINS.isdisjoint(sentence[end : match.start()])
        end = match.end()
        name = match[0].removesuffix("'s").removesuffix("’s")
        low = name.casefold().replace("’", "'")
        if low in words or strip_hebrew_prefix(low) in words or _singular(low) in words or f"{low}s" in words:
            continue
        if is_medicine(low) or (not begins and _is_proper(name)):
            found.append(name)
    return found


def find_only_name(sentences: Iterable[str]) -> str:
    """The one name that a document's sentences have, in lower case: of what all of it is about. Empty where it has
    none or several."""
    names = {name.casefold() for sentence in sentences for name in find_unknown_names(sentence, ())}
    return names.pop() if len(names) == 1 else ""


def is_medicine(word: str) -> bool:
    """Whether a word in lower case is the name of a medicine, or ends like one."""
    known = _names()
    if {word, _singular(word), strip_hebrew_prefix(word)} & known.medicines:
        return True
    return len(word) >= _LEAST_MEDICINE and word.endswith(known.endings)


def _is_proper(word: str) -> bool:
    return (
        len(word) >= _LEAST_LETTERS
        and word[0].isupper()
        and word[1:].islower()
        and word.casefold() not in _names().usual
        and stem(word) not in _names().usual
    )


def _singular(word: str) -> str:
    return word.removesuffix("s")


@dataclass(frozen=True, slots=True)
class _Names:
    medicines: frozenset[str]
    endings: tuple[str, ...]
    usual: frozenset[str]


@cache
def _names() -> _Names:
    with _FILE.open("rb") as file:
        given = tomllib.load(file)
    return _Names(
        frozenset(given["medicines"].split()),
        tuple(given["medicine_endings"].split()),
        frozenset(given["capitalised"].split()),
    )
