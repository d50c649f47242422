"""Hebrew quantities: figures or words before a Hebrew unit, duals such as "שבועיים". Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

ONES = {
    "שתי": 2, "שני": 2, "שתיים": 2, "שניים": 2, "שלוש": 3, "שלושה": 3, "שלושת": 3, "ארבע": 4, "ארבעה": 4, "ארבעת": 4,
    "חמש": 5, "חמישה": 5, "חמשת": 5, "שש": 6, "שישה": 6, "ששת": 6, "שבע": 7, "שבעה": 7, "שבעת": 7, "שמונה": 8,
    "שמונת": 8, "תשע": 9, "תשעה": 9, "תשעת": 9, "עשר": 10, "עשרה": 10, "עשרת": 10,
}  # fmt: skip
"""Spelt numbers below eleven, of both genders."""
_TEENS = {"אחת": 1, "אחד": 1, "שתים": 2, "שנים": 2, "שתיים": 2, "שניים": 2, **ONES}
_TENS = {
    "עשרים": 20, "שלושים": 30, "ארבעים": 40, "חמישים": 50, "שישים": 60, "שבעים": 70, "שמונים": 80, "תשעים": 90,
}  # fmt: skip
_ROUND = {"מאה": 100, "מאתיים": 200, "אלף": 1000, "אלפיים": 2000}
_SCALES = {"מאות": 100, "אלפים": 1000}
_UNITS = {
    "milligram": 'מ"ג מ״ג מיליגרם מיליגרמים', "microgram": 'מק"ג מק״ג מיקרוגרם מיקרוגרמים', "gram": "גרם גרמים",
    "kilogram": 'ק"ג ק״ג קילוגרם קילו', "millilitre": 'מ"ל מ״ל מיליליטר', "unit": "יחידה יחידות",
    "litre": "ליטר ליטרים",
    "tablet": "כדור כדורים טבליה טבליות", "capsule": "קפסולה קפסולות כמוסה כמוסות", "dose": "מנה מנות",
    "drop": "טיפה טיפות", "puff": "שאיפה שאיפות", "glass": "כוס כוסות", "teaspoon": "כפית כפיות",
    "tablespoon": "כף כפות",
    "minute": "דקה דקות", "hour": "שעה שעות", "day": "יום ימים", "week": "שבוע שבועות", "month": "חודש חודשים",
    "year": "שנה שנים", "degree": "מעלה מעלות", "percent": "אחוז אחוזים",
}  # fmt: skip
_PARTS = {"חצי": "0.5", "רבע": "0.25", "שלושת רבעי": "0.75"}
_MORE = r"(?: ו(?P<{}>חצי|רבע){})?"
"""What stands after a number or its unit: "שני כדורים וחצי"."""
_LONE = {"שעה": "hour", "יום": "day", "שבוע": "week", "חודש": "month", "שנה": "year"}
"""One of a unit, where it stands beside "after" or "before"."""
_DUALS = {"שעתיים": "hour", "יומיים": "day", "שבועיים": "week", "חודשיים": "month", "שנתיים": "year"}
_NAMES = {form: name for name, forms in _UNITS.items() for form in forms.split()}


def _either(*words: str) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_NO_UNIT = rf"(?! (?:{_either(*_NAMES)})(?![א-ת]))"
"""In "שני כדורים וחצי כוס מים" half a glass is meant."""
_ONES = _either(*ONES)
_BELOW_100 = rf"(?:{_either(*_TENS)})(?: ו(?:{_either(*_TEENS)}))?|(?:{_either(*_TEENS)}) עשרה?|{_ONES}"
_HUNDREDS = rf"(?:{_ONES}) מאות|מאתיים|מאה"
_THOUSANDS = rf"(?:{_ONES}) אלפים|(?:{_BELOW_100}) אלף|אלפיים|אלף"
_BELOW_1000 = rf"(?:{_HUNDREDS})(?: ו?(?:{_BELOW_100}))?|{_BELOW_100}"
_SPELT = rf"(?:{_THOUSANDS})(?: ו?(?:{_BELOW_1000}))?|{_BELOW_1000}"
_SINGLE = [next(form for form in forms.split() if form.isalpha()) for forms in _UNITS.values()]
_FOUND = re.compile(
    rf"(?<![א-ת\"״])(?:[ולבכמשה]{{1,2}}[-־]?)?(?:(?P<dual>{_either(*_DUALS)}){_MORE.format('dual_more', _NO_UNIT)}"
    rf"|(?P<part>{_either(*_PARTS)}) (?P<of>{_either(*_NAMES)})"
    rf"|(?P<lone>{_either(*_LONE)})(?= (?:אחרי|לאחר|לפני)(?![א-ת]))"
    rf"|(?<!\d )(?P<single>{_either(*_SINGLE)}) ו(?P<single_more>חצי|רבע){_NO_UNIT}"
    rf"|(?:(?<=אחרי )|(?<=לאחר )|(?<=במשך )|(?<=למשך )|(?<=בתוך ))(?P<lasted>{_either(*_LONE)})"
    rf"|(?P<whole>{_either(*_LONE)}) (?:של(?:ם|מה)|תמי(?:ם|מה))"
    rf"|(?P<number>{_SPELT}){_MORE.format('number_more', '')} (?P<unit>{_either(*_NAMES)})"
    rf"{_MORE.format('unit_more', _NO_UNIT)})"
    r"(?![א-ת\"״])"
)
_BARE_DOSE = re.compile(
    rf"(?:(?<![א-ת])(?P<refused>אל|אין|לא|אסור|בלי) )?"
    r"(?<![א-ת])ו?(?:קחו|קחי?|ת?יקחו|תיקחי?|תקחו|לקחת|ליטול|טלו|תיטלו|בלעו|תבלעו|לבלוע|תנו|לתת)"
    r"(?: (?:עוד|פשוט|כבר|גם|מיד|מייד|רק|אז))? "
    rf"(?P<count>שתיים|שניים|{_either(*(word for word, number in ONES.items() if number > 2))})"
    r"(?=[.,;:!?\"”]|$| (?:ביחד|יחד|מחר|היום|אחרי|לפני|עם|כל|מיד|מייד|במקום|בפעם|בבת|בבוקר"
    r"|בערב|מהם|מהן|למחרת)(?![א-ת]))"
)
"""Doses that aren't named: "קחו שתיים"."""
_UNIT = re.compile(rf"[ \u00a0-]?(?P<unit>{_either(*_NAMES)})(?![א-ת\"״])")


class HebrewQuantity(NamedTuple):
    """A spelt number with its unit, and its place in the text with them."""

    value: str
    unit: str
    said: str
    start: int
    end: int


def find_hebrew_quantities(text: str) -> Iterator[HebrewQuantity]:
    """The spelt numbers of `text` that a unit follows, in order: "שמונה כדורים" is 8 tablets."""
    for match in _FOUND.finditer(text):
        yield HebrewQuantity(_value(match), _unit(match), match.group(), match.start(), match.end())


def find_bare_doses(text: str) -> Iterator[tuple[str, str]]:
    """The numbers of doses that are asked for without a word of what they count, and how they are said."""
    for match in _BARE_DOSE.finditer(text):
        if match["refused"] is None:
            yield str(ONES[match["count"]]), match["count"]


def hebrew_unit_after(text: str, end: int) -> tuple[str, str]:
    """The name of a Hebrew unit after a figure that ends there, and its spelling; both empty without one."""
    match = _UNIT.match(text, end)
    return (_NAMES[match["unit"]], match.group()) if match else ("", "")


def _unit(match: re.Match[str]) -> str:
    if match["dual"]:
        return _DUALS[match["dual"]]
    if lone := match["lone"] or match["lasted"] or match["whole"]:
        return _LONE[lone]
    return _NAMES[match["unit"] or match["of"] or match["single"]]


def _value(match: re.Match[str]) -> str:
    if match["part"]:
        return _PARTS[match["part"]]
    whole = 2 if match["dual"] else _spelt(match["number"]) if match["number"] else 1
    more = match["dual_more"] or match["single_more"] or match["number_more"] or match["unit_more"]
    return str(whole + Decimal(_PARTS[more])) if more else str(whole)


def _spelt(said: str) -> int:
    total = last = 0
    for word in said.split():
        plain = word.removeprefix("ו")
        if plain in _SCALES:
            total += last * (_SCALES[plain] - 1)  # it was added as a one
        elif plain == "אלף" and total:
            total *= _ROUND[plain]
        else:
            last = _ROUND.get(plain) or _TENS.get(plain) or _TEENS[plain]
            total += last
    return total
