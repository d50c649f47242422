"""Numbers of a text with what they measure: a unit, a currency, a percentage, a count of things. Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from workflows.text.quantities.numbers import find_quantities

COUNT = "count"
_CURRENCY_SIGN = re.compile(r"(US\$|[$€£₪¥])\s?$")
_SIGNS = {"US$": "dollar", "$": "dollar", "€": "euro", "£": "pound", "₪": "shekel", "¥": "yen"}
_CURRENCIES = {
    **dict.fromkeys(("dollar", "dollars", "usd", "דולר", "דולרים"), "dollar"),
    **dict.fromkeys(("euro", "euros", "eur", "אירו", "יורו"), "euro"),
    **dict.fromkeys(("pound", "pounds", "gbp"), "pound"),
    **dict.fromkeys(("shekel", "shekels", "ils", "שקל", "שקלים"), "shekel"),
    **dict.fromkeys(("yen",), "yen"),
    **dict.fromkeys(("אחוז", "אחוזים"), "percent"),
}  # fmt: skip
_AFTER = re.compile(r"[ \u00a0-]{0,2}(₪|€|[^\W\d_]+)")
# Words after which a number stands alone: nothing that could be counted follows.
_NO_THINGS_WORDS = (
    "a an and are as at be because been but by can did do does for from had has have he her his i if in is it its just"
    " less may more most must no not of off on or our out over per plus she should so than that the their them then"
    " there these they this those to under until was we were what when which while who will with would you your"
    " אל את או של עם על הוא היא זה לא כי גם בין עד הם הן היה היו יש אין אבל אם"
)
_NO_THINGS = frozenset(_NO_THINGS_WORDS.split())
_SMALL = 12
_SPANS = frozenset({"second", "minute", "hour", "day", "week", "month", "year"})
_LIVED = _SPANS | {"metre", "kilometre"}
_OWN_BEFORE = re.compile(
    r"\b(?:next|last|past|coming|first|these|wait|you have|give (?:me|us|it|yourself)"
    r"|we(?:['’]ve| have)(?: got| about| only)?|spend|another|just) ?$"
    r"|(?<![א-ת])(?:לפני|בעוד|עוד) ?$",
    re.IGNORECASE,
)
"""What stands before a time that a speaker reckons from today, or has for the talk itself."""
_OWN_AFTER = re.compile(
    r"\s(?:ago|earlier|later|from now|from today|back|left|to go|of your|or so)\b"
    r"|\s(?:ה?(?:אחרונ|קרוב|בא)(?:ים|ות))(?![א-ת])",
    re.IGNORECASE,
)
_OWN_LIFE = re.compile(
    r"\b(?:I|[Mm]y|me|myself)\b|\b(?:imagine|suppose|picture)\b|(?<![א-ת])(?:אני|שלי|לי|דמיינו|נניח)(?![א-ת])"
)
"""What tells of a speaker's own life, which no source knows."""
_REACH = 24
"""Characters before a time in which that is looked for."""


class Measure(NamedTuple):
    """A number; `kind` is what it measures, or empty where that isn't said with it. `said` as written; its place
    in the text."""

    value: str
    kind: str
    said: str
    is_spelt: bool
    start: int
    end: int


def find_measures(text: str) -> list[Measure]:
    """All numbers in `text`, in order."""
    return list(_find(text))


def is_borne_out(measure: Measure, kinds: frozenset[str]) -> bool:
    """Whether one of the kinds, in which the number is known, may be this one; a kind that isn't said may be any."""
    return measure.kind in kinds or "" in kinds or (measure.kind == "" and bool(kinds))


def is_own_count(measure: Measure, text: str) -> bool:
    """Whether a measure of a text is a small number in words of a speaker's own: "two things", "one day", "two years
    ago", "give me ten minutes", "my two days in Vienna". A quantity in a unit or a currency is none."""
    if not measure.is_spelt or Decimal(measure.value) > _SMALL:
        return False
    if measure.kind in ("", COUNT, "time"):
        return True
    if measure.kind in _LIVED and _OWN_LIFE.search(text):
        return True
    if measure.kind not in _SPANS:
        return False
    before = text[max(0, measure.start - _REACH) : measure.start]
    is_manner = Decimal(measure.value) == 1 or _OWN_BEFORE.search(before)
    return bool(is_manner) or _OWN_AFTER.match(text, measure.end) is not None


def _find(text: str) -> Iterator[Measure]:
    for quantity in find_quantities(text):
        kind = quantity.unit or _kind_at(text, quantity.start, quantity.end)
        yield Measure(
            quantity.value, kind, quantity.said.strip(), quantity.is_spelt, quantity.start, quantity.end
        )


def _kind_at(text: str, start: int, end: int) -> str:
    """The kind of a number without a unit, by the sign before it and the word after it."""
    if sign := _CURRENCY_SIGN.search(text[max(0, start - 4) : start]):
        return _SIGNS[sign[1]]
    after = _AFTER.match(text, end)
    if after is None:
        return ""
    word = after[1].casefold()
    if word in _SIGNS:
        return _SIGNS[word]
    if word in _CURRENCIES:
        return _CURRENCIES[word]
    return "" if word in _NO_THINGS else COUNT
