"""Intervals of a text in minutes, English or Hebrew, however they are said: "every 6 hours", "twice a day". Pure."""

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from workflows.text.quantities.doses import Dose, find_doses

_SPELT = {
    "a": 1, "an": 1, "one": 1, "once": 1, "single": 1, "two": 2, "twice": 2, "second": 2, "other": 2, "three": 3,
    "thrice": 3, "third": 3, "four": 4, "fourth": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30,
    "אחת": 1, "אחד": 1, "פעם": 1, "שתי": 2, "שני": 2, "שתיים": 2, "שניים": 2, "פעמיים": 2, "שלוש": 3, "שלושה": 3,
    "ארבע": 4, "ארבעה": 4, "חמש": 5, "חמישה": 5, "שש": 6, "שישה": 6, "שבע": 7, "שבעה": 7, "שמונה": 8, "תשע": 9,
    "תשעה": 9, "עשר": 10, "עשרה": 10,
}  # fmt: skip
_MINUTES = {
    "minute": 1, "hour": 60, "day": 1440, "morning": 1440, "evening": 1440, "night": 1440, "week": 10_080,
    "month": 43_800, "year": 525_600, "דקה": 1, "דקות": 1, "שעה": 60, "שעות": 60, "שעתיים": 120, "יום": 1440,
    "ימים": 1440, "יומיים": 2880, "בוקר": 1440, "ערב": 1440, "לילה": 1440, "שבוע": 10_080, "שבועות": 10_080,
    "שבועיים": 20_160, "חודש": 43_800, "חודשים": 43_800,
}  # fmt: skip
_ADVERBS = {
    "hourly": 60,
    "daily": 1440,
    "nightly": 1440,
    "weekly": 10_080,
    "monthly": 43_800,
    "yearly": 525_600,
}
_NUMBER = r"\d{1,3}|" + "|".join(sorted(_SPELT, key=len, reverse=True))
_ENGLISH = r"(?:minute|hour|day|morning|evening|night|week|month|year)"
_HEBREW = "|".join(sorted((unit for unit in _MINUTES if unit > "z"), key=len, reverse=True))
_EVERY = re.compile(
    rf"\b(?:every|each) (?:(?P<from>{_NUMBER})(?: ?(?:-|–|to|or) ?(?P<to>{_NUMBER}))? )?(?P<unit>{_ENGLISH})s?\b"
    rf"|(?<![א-ת])(?:כל|מדי|אחת ל[-־]?|פעם ב[-־]?) ?(?:(?P<from_he>{_NUMBER})(?: ?[-–] ?(?P<to_he>{_NUMBER}))? )?"
    rf"(?P<unit_he>{_HEBREW})(?![א-ת])",
    re.IGNORECASE,
)
_EVERY_SAME = re.compile(
    rf"\b(?:or|and|then|even) (?:every|each) (?P<number>{_NUMBER})"
    r"(?= (?:if|when|while|until|or|and|in|at)\b|[.,;:!?]|\Z)",
    re.IGNORECASE,
)
"""An interval without its unit: "every six hours, or every three"."""
_RATE = re.compile(
    rf"\b(?:(?P<often>once|twice|thrice)|(?P<times>{_NUMBER}) times?),? (?:(?:a|an|per|each|every|in|in a|within)"
    rf" )(?:(?P<of>\d{{1,3}}|one|two|three) )?(?P<unit>{_ENGLISH})s?\b"
    rf"|(?<![א-ת])(?:(?P<often_he>פעם אחת|פעם|פעמיים)|(?P<times_he>{_NUMBER}) פעמים)"
    rf" ב(?:כל )?(?P<unit_he>{_HEBREW})(?![א-ת])",
    re.IGNORECASE,
)
_ADVERB = re.compile(
    rf"\b(?:(once|twice|thrice|(?:{_NUMBER})(?= times?\b))(?: times?)? )?({'|'.join(_ADVERBS)})\b",
    re.IGNORECASE,
)
_PER = re.compile(
    rf"\b(?:a|an|per|in one) (?P<unit>{_ENGLISH})\b|(?<![א-ת])ב(?P<unit_he>יום|שעה|שבוע|חודש)(?![א-ת])"
)
_IN_A_DAY = re.compile(
    r"\b(?:in|within|per|over|during) (?:any |each |a |one )?(?:24|twenty[ -]four)[ -]?hours?\b",
    re.IGNORECASE,
)
_DAILY = re.compile(
    r"\b(?:bedtime|breakfast|lunch|dinner|supper|in the (?:morning|evening)|at night)\b|(?<![א-ת])ב(?:בוקר|ערב|לילה)"
)
_DOSE_PER = re.compile(
    rf"[ ](?:an?|per) (?P<unit>{_ENGLISH})\b|(?: (?:אחד|אחת))? [בל](?P<unit_he>יום|שעה|שבוע|חודש)(?![א-ת])"
)
_MOMENT = re.compile(
    r"\b(?:morning|noon|midday|evening|night|bedtime|breakfast|lunch|dinner|supper)\b"
    r"|(?<![א-ת])ב(?:בוקר|צהריים|ערב|לילה)"
)
_LOOSE = ("every", "each", "כל", "מדי")
_DAY = 1440


class Interval(NamedTuple):
    """Minutes from one time to the next; `said` as written. `is_loose`: "every day" may be said of anything."""

    minutes: Fraction
    said: str
    is_loose: bool


def find_intervals(text: str) -> list[Interval]:
    """All intervals in `text`; of "every 4 to 6 hours" both."""
    rest = _without_rates(text)  # "twice every day" is no "every day"
    return [*_every(rest), *_rates(text), *_adverbs(rest)]


def find_dose_rates(text: str) -> list[tuple[Dose, Interval]]:
    """The doses of `text` with their number, each with how often it is taken: "a tablet a day", "one tablet daily"."""
    counted = [dose for dose in find_doses(text) if dose.number]
    folded = text.casefold()
    found = [
        (dose, Interval(Fraction(_MINUTES[match["unit"] or match["unit_he"]]), match.group().strip(), True))
        for dose in counted
        if (match := _DOSE_PER.match(folded, dose.end)) is not None
    ]
    return [*found, *((dose, interval) for interval in find_intervals(text) for dose in counted[:1])]


def is_at_moments(text: str) -> bool:
    """Whether it names two times of a day: "every day, morning and evening"."""
    return len(set(_MOMENT.findall(text.casefold()))) > 1


def list_lengths(text: str) -> list[Fraction]:
    """The minutes of all intervals of a document's sentence, also of those that it gives by the way: "10 mg a day"."""
    intervals = find_intervals(text)
    lengths = [interval.minutes for interval in intervals]
    rest = _without_rates(text).casefold()
    lengths += [Fraction(_MINUTES[match["unit"] or match["unit_he"]]) for match in _PER.finditer(rest)]
    is_often = any(length < _DAY for length in lengths)  # "twice a day, with breakfast and dinner"
    return [*lengths, Fraction(_DAY)] if _DAILY.search(rest) and not is_often else lengths


def list_dose_lengths(text: str) -> list[Fraction]:
    """As `list_lengths`, of a sentence with doses: "4 tablets in 24 hours" are four a day."""
    return [*list_lengths(text), *([Fraction(_DAY)] if _IN_A_DAY.search(text) else [])]


def list_periods(text: str) -> list[Fraction]:
    """The minutes of the periods in which a document's sentence says how often: a day of "twice a day"."""
    units = [_MINUTES[(match["unit"] or match["unit_he"]).casefold()] for match in _RATE.finditer(text)]
    return [
        Fraction(unit) for unit in (*units, *(_ADVERBS[one[2].casefold()] for one in _ADVERB.finditer(text)))
    ]


def _without_rates(text: str) -> str:
    return _RATE.sub(lambda match: " " * len(match.group()), text)


def _every(text: str) -> Iterator[Interval]:
    ends: list[tuple[int, int]] = []
    for match in _EVERY.finditer(text):
        unit = _MINUTES[(match["unit"] or match["unit_he"]).casefold()]
        ends.append((match.end(), unit))
        numbers = [_number(one) for one in match.group("from", "to", "from_he", "to_he") if one]
        for number in numbers or [1]:
            is_loose = not numbers and unit >= _DAY and match.group().casefold().startswith(_LOOSE)
            yield Interval(Fraction(number * unit), match.group(), is_loose)
    yield from _every_same(text, ends)


def _every_same(text: str, ends: Sequence[tuple[int, int]]) -> Iterator[Interval]:
    """The intervals without a unit; `ends`, where those with one end, and their units."""
    place = 0
    for match in _EVERY_SAME.finditer(text):
        while place < len(ends) and ends[place][0] <= match.start():
            place += 1
        if place and (number := _number(match["number"])) > 1:
            yield Interval(Fraction(number * ends[place - 1][1]), match.group(), is_loose=False)


def _rates(text: str) -> Iterator[Interval]:
    for match in _RATE.finditer(text):
        unit = _MINUTES[(match["unit"] or match["unit_he"]).casefold()] * _number(match["of"] or "1")
        often = match["often"] or match["times"] or match["times_he"] or match["often_he"].split()[0]
        if number := _number(often):
            yield Interval(Fraction(unit, number), match.group(), is_loose=False)


def _adverbs(text: str) -> Iterator[Interval]:
    for match in _ADVERB.finditer(text):
        unit = _ADVERBS[match[2].casefold()]
        number = _number(match[1].split()[0]) if match[1] else 1
        yield Interval(Fraction(unit, number), match.group(), is_loose=match[1] is None and unit >= _DAY)


def _number(said: str) -> int:
    return int(said) if said.isdecimal() else _SPELT.get(said.casefold(), 1)
