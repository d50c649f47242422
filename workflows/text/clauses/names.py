"""Names in a sentence that a document doesn't have: medicines by a list and by their endings, others by their
capital. Pure."""

import re
import tomllib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workflows.text.clauses.hebrew_instructions import hebrew_empty
from workflows.text.stems import stem, strip_hebrew_prefix

_FILE = Path(__file__).parent / "claims.toml"
_WORD = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_BEGINS = frozenset(".!?:;“\"'(—–")
"""After these a capital says nothing."""
_TAKEN_HEBREW = re.compile(
    r"(?<![א-ת])[ולש]?(?:קחו|קחי?|תיקחו|תיקחי?|יקחו|ייקחו|לקחת|ליטול|טלו|תיטלו|נטלו|בלעו|לבלוע)"
    r"(?: (?:את|גם|רק|עוד|פשוט|במקום זה))? (?P<name>[אגדזחטיסעפצקרנת][א-ת]{4,})(?![א-ת\"״'׳])"
)
"""What somebody is to take, where no letter that is a word of its own may stand before it."""
_INFLECTED = re.compile("(?:[התךיו]|ים|כם|כן|הם|הן)$")
_BRAND_HEBREW = re.compile("(?:קס|[טלר]ו)$")
"""An ending of foreign names: of the last two only where it is taken."""
_LEAST_LETTERS = 4
_LEAST_MEDICINE, _LEAST_BRAND = 6, 5
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
    taken = (match["name"] for match in _TAKEN_HEBREW.finditer(sentence))
    return [*found, *(name for name in taken if name not in found and _is_foreign(name, words))]


def _is_foreign(name: str, words: Collection[str]) -> bool:
    """Whether what is to be taken in Hebrew looks like a foreign name, and the words don't have it."""
    if name in words or name in _names().hebrew_words or name in hebrew_empty():
        return False
    return _BRAND_HEBREW.search(name) is not None or _INFLECTED.search(name) is None


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
    if {word, strip_hebrew_prefix(word)} & known.hebrew_words:
        return False
    if word.endswith(("קס", "x")) and len(word) >= _LEAST_BRAND:
        return not word.endswith("box") and word not in known.ends_in_x
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
    hebrew_words: frozenset[str]
    ends_in_x: frozenset[str]


@cache
def _names() -> _Names:
    with _FILE.open("rb") as file:
        given = tomllib.load(file)
    return _Names(
        frozenset(given["medicines"].split()),
        tuple(f"{given['medicine_endings']} {given['hebrew_medicine_endings']}".split()),
        frozenset(given["capitalised"].split()),
        frozenset(given["hebrew_words"].split()),
        frozenset(given["ends_in_x"].split()),
    )
