"""Numbers of a text with what they measure: a unit, a currency, a percentage, a count of things. Pure."""

import re
from collections.abc import Iterator
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


class Measure(NamedTuple):
    """A number; `kind` is what it measures, or empty where that isn't said with it. `said` as written."""

    value: str
    kind: str
    said: str
    is_spelt: bool


def find_measures(text: str) -> list[Measure]:
    """All numbers in `text`, in order."""
    return list(_find(text))


def is_borne_out(measure: Measure, kinds: frozenset[str]) -> bool:
    """Whether one of the kinds, in which the number is known, may be this one; a kind that isn't said may be any."""
    return measure.kind in kinds or "" in kinds or (measure.kind == "" and bool(kinds))


def _find(text: str) -> Iterator[Measure]:
    for quantity in find_quantities(text):
        kind = quantity.unit or _kind_at(text, quantity.start, quantity.end)
        yield Measure(quantity.value, kind, quantity.said.strip(), quantity.is_spelt)


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
