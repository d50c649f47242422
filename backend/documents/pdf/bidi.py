"""Reading order of a line's letters, from their order on the page, left to right. Pure.

A PDF says where each letter stands, not in which order they are read. This turns Unicode's bidirectional algorithm
(UAX 9) round, as far as that can be done: words of the other direction, numbers and what belongs to them keep their
own order.
"""

import re
import unicodedata
from collections.abc import Sequence

_RIGHT = frozenset({"R", "AL"})
_NUMBER = frozenset({"EN", "AN"})
_MIRRORED = str.maketrans("()[]{}<>«»‹›≤≥", ")(][}{><»«›‹≥≤")
_PAIRS = {")": "(", "]": "[", "}": "{", "»": "«"}
_LONGEST_AMOUNT = 20
_UNITS = re.compile(
    r"(?:[mkdcµμn]?g|mcg|[mdcµμ]?l|[mkcµμn]?m|mm|mmol|mol|kcal|kJ|IU|iu|U|mmHg|bpm|mV|Hz|mg/ml|mg/kg|mg/day|ml/min)"
)


def has_right_to_left(text: str) -> bool:
    """Whether any of its letters is right-to-left."""
    return any(unicodedata.bidirectional(letter) in _RIGHT for letter in text)


def is_right_to_left(text: str) -> bool:
    """Whether most of its letters are right-to-left."""
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    return sum(kind in _RIGHT for kind in kinds) > kinds.count("L")


def read_order(letters: Sequence[str], *, right_to_left: bool, mirror: bool) -> list[tuple[int, str]]:
    """The letters of a line (each with its marks) in reading order, given from left to right: place and text.

    `right_to_left`: the direction of the line. `mirror`: whether brackets are given by their shape, so that one
    that opens to the left is to be read as one that begins.
    """
    kinds = [_kind(letter) for letter in letters]
    if right_to_left:
        return _backwards(letters, kinds, 0, len(kinds), mirror=mirror)
    ordered: list[tuple[int, str]] = []
    for start, end, is_turned in _turned_parts(kinds):
        if is_turned:
            ordered += _backwards(letters, kinds, start, end, mirror=mirror)
        else:
            ordered += ((place, letters[place]) for place in range(start, end))
    return ordered


def count_unmatched(text: str) -> int:
    """Number of brackets without a partner."""
    unmatched, opened = 0, []
    for letter in text:
        if letter in _PAIRS.values():
            opened.append(letter)
        elif letter in _PAIRS:
            if opened and opened[-1] == _PAIRS[letter]:
                opened.pop()
            else:
                unmatched += 1
    return unmatched + len(opened)


def _kind(letter: str) -> str:
    """`R`, `L`, a number (`N`), what may belong to a number (`S`, `T`), or anything else (`O`)."""
    kind = unicodedata.bidirectional(letter[0]) if letter else "ON"
    if kind in _RIGHT:
        return "R"
    if kind in _NUMBER:
        return "N"
    return {"L": "L", "ES": "S", "CS": "S", "ET": "T"}.get(kind, "O")


def _turned_parts(kinds: Sequence[str]) -> list[tuple[int, int, bool]]:
    """A left-to-right line cut into parts: those from the first letter of the other direction to the last, with
    only numbers and neutral signs between them, are reversed."""
    parts: list[tuple[int, int, bool]] = []
    place = 0
    while place < len(kinds):
        if kinds[place] != "R":
            end = next((i for i in range(place, len(kinds)) if kinds[i] == "R"), len(kinds))
            parts.append((place, end, False))
        else:
            end = last = place
            while end < len(kinds) and kinds[end] != "L":
                last = end if kinds[end] == "R" else last
                end += 1
            end = last + 1
            parts.append((place, end, True))
        place = end
    return parts


def _backwards(
    letters: Sequence[str], kinds: Sequence[str], first: int, place: int, *, mirror: bool
) -> list[tuple[int, str]]:
    """The letters from right to left, but words of the other direction and numbers from left to right."""
    ordered: list[tuple[int, str]] = []
    while place > first:
        start = max(first, _island(kinds, place))
        if start < place:
            ordered += _with_units_last([(index, letters[index]) for index in range(start, place)])
            place = start
        else:
            place -= 1
            letter = letters[place]
            ordered.append((place, letter.translate(_MIRRORED) if mirror else letter))
    return ordered


def _island(kinds: Sequence[str], end: int) -> int:
    """The start of the left-to-right part that ends there; `end` itself when there is none."""
    start = end
    if kinds[end - 1] == "T" and end > 1 and kinds[end - 2] == "N":
        start = end - 1
    elif kinds[end - 1] not in ("L", "N"):
        return end
    while start:
        kind = kinds[start - 1]
        if kind in ("L", "N"):
            start -= 1
            continue
        if kind == "T" and start < end and kinds[start] == "N":
            start -= 1
            continue
        before = start - 1
        while before and kinds[before - 1] not in ("L", "N", "R"):
            before -= 1
        if not before or kinds[before - 1] == "R":
            break
        if not _joins(kinds, before, start):
            break
        start = before
    return start


def _joins(kinds: Sequence[str], first: int, after: int) -> bool:
    """Whether the neutral signs between two letters or numbers are read in their direction."""
    if kinds[first - 1] == "N" and kinds[after : after + 1] == ["N"]:
        return after - first == 1 and kinds[first] == "S"
    return True


def _with_units_last(island: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """`mg 5` of a line from right to left is 5 mg: the number came first, and the unit stands to its left."""
    if len(island) > _LONGEST_AMOUNT:
        return island
    unit, space, amount = "".join(letter for _, letter in island).partition(" ")
    if space and amount[:1].isdigit() and _UNITS.fullmatch(unit) and " " not in amount:
        middle = next(index for index, (_, letter) in enumerate(island) if letter == " ")
        return [*island[middle + 1 :], island[middle], *island[:middle]]
    return island
