"""Folding of characters to the letters that the eye reads: case, accents, styles, invisibles, look-alikes.

Every mapping is by single character, so folding is linear in the text. (Normalising whole texts is not: Python sorts
runs of combining marks by insertion.)
"""

import json
import re
import unicodedata
from functools import cache
from importlib.resources import files

# `LATIN LETTER SMALL CAPITAL K`, `LATIN SMALL LETTER L WITH STROKE`, `LATIN SMALL LETTER DOTLESS I`: what no
# decomposition takes apart.
_LETTER_NAME = re.compile(
    r"LATIN (?:CAPITAL |SMALL )?LETTER (?:SMALL CAPITAL |SCRIPT |DOTLESS |TURNED |REVERSED |INSULAR |SIDEWAYS |OPEN )*"
    r"([A-Z])(?: WITH .+)?"
)
# 🅺, 🅚, 🇰, 🅿: letters by shape, symbols by their category.
_SYMBOL_NAME = re.compile(
    r"(?:(?:CROSSED )?NEGATIVE .*LATIN CAPITAL|REGIONAL INDICATOR SYMBOL) LETTER ([A-Z])"
)
# Default_Ignorable_Code_Point that has no category of its own (Cf, Mn): fillers and reserved ranges. The Braille
# pattern blank isn't one by the standard, and shows nothing either.
_IGNORABLE = {
    0x115F,
    0x1160,
    0x2065,
    0x2800,
    0x3164,
    0xFFA0,
    *range(0xFFF0, 0xFFF9),
    *range(0xE0000, 0xE1000),
}
_MARKS = {"Mn", "Mc", "Me", "Cf", "Lm"}
# Alike at a glance, and not in Unicode's data, which is about what can't be told apart at all.
_AT_A_GLANCE = dict(zip("ипяшгημχωςσεβδ⭕💲❗✝", "nnrwrnuxwcoebdosit", strict=True))
_MOST_REMEMBERED = 20_000


class _PerCharacter(dict[int, str]):
    """A table for `str.translate` whose entries are computed at their first use."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        if len(self) < _MOST_REMEMBERED:
            self[code] = folded
        return folded


_TABLE = _PerCharacter()


def fold(text: str) -> str:
    """`text` without compatibility forms, invisible characters, accents, vowel points and case."""
    if text.isascii():
        return text.lower()
    return text.translate(_TABLE)


def fold_lookalikes(text: str) -> str:
    """`text` folded, with letters of other alphabets and symbols as the Latin letters that they look like."""
    if text.isascii():
        return text.lower()
    # Twice: the first time by the capital's shape (Н), the second by the letter that was under an accent (ӧ).
    return fold(text.translate(_lookalikes())).translate(_lookalikes())


def load_lookalikes() -> None:
    """Loads the table of look-alikes, which takes a tenth of a second."""
    _lookalikes()


def _fold_character(character: str) -> str:
    kept = _strip(unicodedata.normalize("NFKD", character)).casefold()
    kept = _strip(unicodedata.normalize("NFKD", kept))
    if len(kept) != 1 or kept.isascii():
        return kept
    named = _LETTER_NAME.fullmatch(unicodedata.name(kept, ""))
    return named.group(1).lower() if named else kept


def _strip(text: str) -> str:
    return "".join(c for c in text if ord(c) not in _IGNORABLE and unicodedata.category(c) not in _MARKS)


@cache
def _lookalikes() -> dict[int, str]:
    """Unicode's confusables (UTS 39) and symbols that are letters by their name, as far as they fold to one letter."""
    data = json.loads((files("confusable_homoglyphs") / "confusables.json").read_text(encoding="utf-8"))
    table: dict[int, str] = {}
    for character, prototypes in data.items():
        if len(character) == 1 and (letter := _as_letter(character, prototypes)):
            table[ord(character)] = letter
    for code in range(0x1F150, 0x1F200):
        if named := _SYMBOL_NAME.fullmatch(unicodedata.name(chr(code), "")):
            table[code] = named.group(1).lower()
    return table | {ord(character): letter for character, letter in _AT_A_GLANCE.items()}


def _as_letter(character: str, prototypes: list[dict[str, str]]) -> str | None:
    if ord(character) < 0x80 or unicodedata.bidirectional(character) in {"R", "AL", "AN"}:
        return None  # Hebrew and Arabic letters are read as what they are: `ס` is no `o`
    for prototype in prototypes:
        letter = fold(prototype["c"])
        if letter == "ĸ":
            return "k"
        if letter == "l" and not character.islower():
            return "|"  # a bare stroke is I as well as l
        if len(letter) == 1 and "a" <= letter <= "z":
            return letter
    return None
