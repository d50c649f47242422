"""Doses of a text by their form, English or Hebrew, and how many: "two tablets", "a capsule", "כדור אחד". Pure."""

import re
from fractions import Fraction
from typing import NamedTuple

from workflows.text.quantities.hebrew_numbers import ONES

_SPELT = {
    "a": "1", "an": "1", "one": "1", "single": "1", "half": "1/2", "two": "2", "three": "3", "four": "4", "five": "5",
    "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    **{word: str(number) for word, number in ONES.items()},
}  # fmt: skip
_HEBREW = {
    "כדור": "tablet", "כדורים": "tablet", "טבליה": "tablet", "טבליות": "tablet", "קפסולה": "capsule",
    "קפסולות": "capsule", "כמוסה": "capsule", "כמוסות": "capsule", "מנה": "dose", "מנות": "dose", "טיפה": "drop",
    "טיפות": "drop", "שאיפה": "puff", "שאיפות": "puff", "כפית": "teaspoon", "כפיות": "teaspoon",
}  # fmt: skip
_MANY = ("ים", "ות")
_COUNT = r"\d{1,3}|" + "|".join(sorted(_SPELT, key=len, reverse=True))
_STRENGTH = r"\d{1,5}(?:[.,]\d{1,3})?[ -]?(?:mg|mcg|µg|g|ml|(?:milli|micro)?grams?|millilit(?:re|er)s?)"
"""Of each dose: "one 500 mg tablet"."""
_DOSE = re.compile(
    rf"\b(?:(?P<count>{_COUNT})(?: of)?(?: an?)? (?:{_STRENGTH}[ -])?)?"
    r"(?P<form>tablet|capsule|pill|dose|drop|puff|teaspoon|spoonful)s?\b"
    rf"|(?<![א-ת])(?:(?P<count_he>{_COUNT}) )?(?P<form_he>{'|'.join(sorted(_HEBREW, key=len, reverse=True))})(?![א-ת])",
    re.IGNORECASE,
)


class Dose(NamedTuple):
    """A form of dose; `number` is None where the text doesn't say how many."""

    form: str
    number: Fraction | None
    end: int


def find_doses(text: str) -> list[Dose]:
    """All doses in `text`, in order."""
    return [_read(match) for match in _DOSE.finditer(text)]


def _read(match: re.Match[str]) -> Dose:
    said = match["form_he"]
    form = _HEBREW[said] if said else match["form"].casefold().replace("pill", "tablet")
    count = match["count"] or match["count_he"] or ("1" if said and not said.endswith(_MANY) else "")
    return Dose(form, Fraction(_SPELT.get(count.casefold(), count)) if count else None, match.end())
