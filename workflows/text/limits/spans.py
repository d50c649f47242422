"""Spans of time as they are said: "about 20 to 30 minutes", "within a week", "a few days". English, Hebrew. Pure."""

import re
from decimal import Decimal

from workflows.text.quantities.numbers import find_quantities

_SECONDS = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800, "month": 2_628_000, "year": 31_536_000,
    "שנייה": 1, "דקה": 60, "שעה": 3600, "יום": 86_400, "שבוע": 604_800, "חודש": 2_628_000, "שנה": 31_536_000,
}  # fmt: skip
_ENGLISH = "|".join(unit for unit in _SECONDS if unit.isascii())
_HEBREW = "|".join(unit for unit in _SECONDS if not unit.isascii())
RESULTS = r"(?:results?|reports?|findings)"
_FILLERS = {
    "en": re.compile(
        rf"(?:{RESULTS}|about|around|roughly|approximately|nearly|almost|only|just|at least|at most|up to|as long as"
        r"|less than|more than|some|for|after|in|usually|often|you|between|from|a good)\b ?",
        re.IGNORECASE,
    ),
    "he": re.compile(r"(?:בערך|רק|לפחות|לכל היותר|במשך|כמעט|בדרך כלל|אחרי|לאחר|כעבור|עוד) |כ[-־]"),
}
_WITHIN = {"en": re.compile(r"within\b ?", re.IGNORECASE), "he": re.compile(r"(?:ב?תוך|עד) ")}
_ONE = {
    "en": re.compile(rf"(?:an?|one) (?P<unit>{_ENGLISH})\b", re.IGNORECASE),
    "he": re.compile(rf"(?P<unit>{_HEBREW})(?: אחת| אחד)?(?![א-ת])(?! ו)"),
}
_FEW = {
    "en": re.compile(rf"(?:a few|several|a couple of) (?P<unit>{_ENGLISH})s\b", re.IGNORECASE),
    "he": re.compile(r"כמה (?P<unit>שניות|דקות|שעות|ימים|שבועות|חודשים)(?![א-ת])"),
}
_PLURALS = {"שניות": "שנייה", "דקות": "דקה", "שעות": "שעה", "ימים": "יום", "שבועות": "שבוע", "חודשים": "חודש"}
_MOMENTS = {
    "en": (
        (
            re.compile(r"(?:at once|immediately|instantly|(?:right|straight) away|no time)\b", re.IGNORECASE),
            0,
            0,
        ),
        (re.compile(r"(?:today|the same day|tonight)\b", re.IGNORECASE), 0, 43_200),
        (re.compile(r"(?:tomorrow|the next day|the following day)\b", re.IGNORECASE), 43_200, 90_000),
        (re.compile(r"(?:all day|the (?:whole|entire) day)\b", re.IGNORECASE), 21_600, 90_000),
        (re.compile(r"(?:all|the (?:whole|entire)) (?:morning|afternoon)\b", re.IGNORECASE), 7_200, 21_600),
    ),
    "he": (
        (re.compile(r"(?:מיד|מייד|תכף)(?![א-ת])"), 0, 0),
        (re.compile(r"(?:היום|באותו יום)(?![א-ת])"), 0, 43_200),
        (re.compile(r"(?:מחר|למחרת)(?![א-ת])"), 43_200, 90_000),
        (re.compile(r"(?:כל היום)(?![א-ת])"), 21_600, 90_000),
    ),
}
_MORE = re.compile(r"\s?(?:[-–—]|to|or|and|עד|או)\s?(?:about )?$")
_REACH = 80
_MOST_OF_FEW = 30


def find_span(clause: str, place: int, language: str) -> tuple[Decimal, Decimal, int, int] | None:
    """What is said to last from a place on: seconds at least and at most, and the place of that."""
    place += clause[place : place + 1] == " "
    while filler := _FILLERS[language].match(clause, place):
        place = filler.end()
    within = _WITHIN[language].match(clause, place)
    start = within.end() if within else place
    found = _said_in_words(clause, start, language) or _counted(clause, start)
    if found is None:
        return None
    least, most, end = found
    return (Decimal(0) if within else least), most, place, end


def _said_in_words(clause: str, place: int, language: str) -> tuple[Decimal, Decimal, int] | None:
    for pattern, least, most in _MOMENTS[language]:
        if match := pattern.match(clause, place):
            return Decimal(least), Decimal(most), match.end()
    if match := _FEW[language].match(clause, place):
        unit = match["unit"].casefold()
        seconds = Decimal(_SECONDS[_PLURALS.get(unit, unit)])
        return 2 * seconds, _MOST_OF_FEW * seconds, match.end()
    if match := _ONE[language].match(clause, place):
        seconds = Decimal(_SECONDS[match["unit"].casefold()])
        return seconds, seconds, match.end()
    return None


def _counted(clause: str, place: int) -> tuple[Decimal, Decimal, int] | None:
    """A quantity of time at a place; of "20 to 30 minutes" both."""
    text = clause[place : place + _REACH]
    found: list[Decimal] = []
    end = 0
    for quantity in find_quantities(text):
        goes_on = _MORE.fullmatch(text[end : quantity.start]) if found else quantity.start == 0
        if quantity.unit not in _SECONDS or not goes_on:
            break
        found.append(Decimal(quantity.value) * _SECONDS[quantity.unit])
        end = quantity.end
    return (min(found), max(found), place + end) if found else None
