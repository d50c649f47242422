"""Numbers in a text, with their units, however they are written: `2.5 mL`, "three tablets". Pure."""

import re
import tomllib
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path

from workflows.text.quantities.hebrew_numbers import find_hebrew_quantities, hebrew_unit_after
from workflows.text.remembered import remember_sentences

_FILE = Path(__file__).parent / "units.toml"


@cache
def read_units() -> dict[str, str]:
    """The name of each unit by its forms."""
    with _FILE.open("rb") as file:
        units: dict[str, list[str]] = tomllib.load(file)
    return {form: name for name, forms in units.items() for form in forms}


_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_FRACTIONS = {
    "½": "0.5", "1/2": "0.5", "half": "0.5", "¼": "0.25", "1/4": "0.25", "¾": "0.75", "3/4": "0.75", "⅓": "0.333",
    "1/3": "0.333", "⅔": "0.667", "2/3": "0.667", "quarter": "0.25", "quarters": "0.75", "third": "0.333",
    "thirds": "0.667",
}  # fmt: skip
_OFTEN = {
    "once": 1,
    "twice": 2,
    "thrice": 3,
    "bid": 2,
    "tid": 3,
    "qid": 4,
    "b.i.d": 2,
    "t.i.d": 3,
    "q.i.d": 4,
}
_DIGITS = "|".join(word for word, value in _SMALL.items() if value < 10)
_TEENS = "|".join(word for word, value in _SMALL.items() if value >= 10)
_SPELT_SCALES = "|".join(_SCALES)
_ALONE = r"(?!-(?!and\b)[a-z])"
"""A hyphen binds a number to what it counts: "twenty ten-dollar notes" are twenty, "twenty five-minute walks" too."""
_SPELT_BELOW_100 = (
    rf"(?:(?:{'|'.join(_TENS)})(?:-(?:{_DIGITS})\b| (?:{_DIGITS})\b{_ALONE})?|{_TEENS}|{_DIGITS})"
)
_SPELT = (
    rf"{_SPELT_BELOW_100}(?:(?:[ -](?:{_SPELT_SCALES})){{1,3}}"
    rf"(?: (?:and )?{_SPELT_BELOW_100}\b{_ALONE})?){{0,4}}"
)
_ROUND = rf"a (?:dozen|hundred|thousand)(?: (?:and )?{_SPELT_BELOW_100}\b)?"
"""As "a hundred" is said. Without a unit or another number it may be a manner of speaking."""
_POINT = rf"{_SPELT_BELOW_100} point(?: (?:{_DIGITS})\b)+(?: (?:{_SPELT_SCALES})\b)?"
_LETTERED = "|".join(sorted(filter(str.isalpha, read_units()), key=len, reverse=True))
_YEAR = (
    rf"(?:nineteen|twenty) (?:(?:oh|o)[ -](?:{_DIGITS})|(?:{'|'.join(_TENS)})(?:-(?:{_DIGITS}))?|{_TEENS})"
    rf"(?!-[a-z])(?! ?(?:{_LETTERED}|per cent)\b)"
)
"""As years are said: "twenty twenty-four"."""
_FIGURES = (
    r"(?<![\d.,])0,\d+|\d+(?:[,\u00a0\u2009\u202f]\d{3})+(?:\.\d+)?(?!\d)"
    rf"|\d+,\d{{1,2}}(?=[ \u00a0]?(?:{_LETTERED}|%)(?![a-z]))|\d+(?:\.\d+)?"
)
"""With a comma before thousands, or before decimals where it can't be that."""
_WEIGHED = r"(?:(?:kilo|milli|micro)?gram|(?:milli)?lit(?:re|er)|kilo)"
"""Units of which "a gram" is as much a dose as "1 gram"."""
_LASTING = "(?:hour|day|week|month|year)"
_FOUND = re.compile(
    rf"(?P<fraction>(?<![\d/])(?:1/2|1/3|2/3|1/4|3/4)(?![\d/])|[½⅓⅔¼¾]"
    rf"|\b(?:(?:a |one |two |three )(?:half|quarters?|thirds?)|half|(?:quarters?|thirds?)(?= of\b))\b"
    rf"(?= (?:of )?(?:an? |the )?\w))"
    rf"|(?P<figures>{_FIGURES})(?:[ \u00a0-]?(?P<scale>{'|'.join(_SCALES)}|bn)\b)?"
    rf"|(?P<often>\bonce\b(?= (?:an?|per|daily|each|every|in|or|weekly|monthly|more)\b)"
    rf"|\b(?:twice|thrice|b\.i\.d|t\.i\.d|q\.i\.d|bid|tid|qid)\b)"
    rf"|(?P<point>\b{_POINT})"
    rf"|(?P<year>\b{_YEAR}\b)"
    rf"|(?P<spelt>\b{_SPELT}\b)"
    rf"|(?P<round>\b{_ROUND}\b)"
    rf"|(?<!half )(?<!quarter )(?<!third )(?<!quarters )(?<!thirds )(?<!half of )(?<!quarter of )(?<!third of )"
    rf"(?P<one>\ban?\b)(?= {_WEIGHED}\b)"
    rf"|(?P<lasted>(?:(?<=\bafter )|(?<=\bfor )|(?<=\bwithin ))an?(?= {_LASTING}\b)"
    rf"|(?<!half )(?<!quarter )(?<!half of )(?<!quarter of )(?<!quarters of )"
    rf"\ban?(?= {_LASTING} (?:after|before|later|earlier)\b)"
    rf"|\ban?(?= (?:whole|full|entire) {_LASTING}\b))",
    re.IGNORECASE,
)
_PARTS = (
    ("gram", "milligram", Decimal(1000)),
    ("milligram", "microgram", Decimal(1000)),
    ("kilogram", "gram", Decimal(1000)),
    ("litre", "millilitre", Decimal(1000)),
    ("year", "month", Decimal(12)),
    ("week", "day", Decimal(7)),
    ("day", "hour", Decimal(24)),
    ("hour", "minute", Decimal(60)),
    ("minute", "second", Decimal(60)),
)
_TO = re.compile(r"\s?(?:[-–—]|to|or|and)\s?$")
_DECIMAL_COMMA, _GROUPS = re.compile(r"\d{1,9},\d{1,2}"), re.compile(r"[,\u00a0\u2009\u202f]")
_AND_PART = re.compile(r"[ -]and(?:[ -]an?)?[ -]")
_MORE_AFTER = re.compile(
    r" and an? (?P<part>half|quarter)(?=[.,;:!?)]|$| (?:an?|every|each|per|daily|once|twice|at|in|with|before|after)\b)"
    r"| ו(?P<part_he>חצי|רבע)(?=[.,;:!?)]|$| (?:ב(?:יום|שעה|שבוע|בוקר|ערב|לילה|צהריים)|כל|פעמיים|פעם|\S+ פעמים"
    r"|לפני|אחרי|לאחר|עם|בכל)(?![א-ת]))",
    re.IGNORECASE,
)
"""What follows a unit: "2 tablets and a half"."""
_FIGURATIVE = frozenset({"", "time", "percent"})
"""Units of which "a hundred" may be a manner of speaking."""
_OF = re.compile(r" of an?(?= )| an?(?= (?:day|cup)\b)")
_WHOLE = frozenset({"whole", "full", "entire"})
_COUNTED = re.compile(r"[ -](tablets?|capsules?|pills?|doses?|drops?|puffs?)\b", re.IGNORECASE)
_TWO_WORDS = re.compile(r"[ -]([a-z]+ [a-z]+)", re.IGNORECASE)
_SECOND_WORD = re.compile(rf" (?!(?:{_SPELT_BELOW_100})\b)[a-z]+[ -]([a-z]+)", re.IGNORECASE)
_UNIT = re.compile(r"[ \u00a0-]?(°[cf]?|%|µg|μg|[a-z]+|×)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit. `value` is a plain decimal ("2.5"), `unit` its one name or empty; `said` as
    written."""

    value: str
    unit: str
    said: str
    is_spelt: bool
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)
    """Its place in the text, with its unit."""
    is_referred_to: bool = field(default=False, compare=False)
    """Whether it stands after "the": "between the two drops"."""


@remember_sentences
def find_quantities(text: str) -> tuple[Quantity, ...]:
    """All numbers in `text`, in order. In "5–10 mg" both are milligrams."""
    found: list[Quantity] = []
    end = 0
    for match in _FOUND.finditer(text):
        if match.start() < end:  # it was read with the unit before
            continue
        value, unit = _value(match)
        said_unit = ""
        if not unit:
            of = _OF.match(text, match.end()) if match["fraction"] else None  # "a quarter of a kilo"
            unit, said_unit = _unit_after(text, of.end() if of else match.end())
            said_unit = f"{of.group()}{said_unit}" if of and unit else said_unit
        start, is_spelt = match.start(), match["figures"] is None
        if match["round"] and unit in _FIGURATIVE and " and " not in match.group():
            continue
        if found and (whole := _join_part(found[-1], match, text[end : match.start()], value)) is not None:
            value, start, is_spelt = whole, found[-1].start, found.pop().is_spelt
        value, said_more = _add_part(value, text, match.end() + len(said_unit)) if unit else (value, "")
        said_unit += said_more
        said = f"{text[start : match.end()]}{said_unit}"
        if unit and found and not found[-1].unit:
            between, counted = text[end : match.start()], _COUNTED.match(text, match.end() + len(said_unit))
            if _TO.fullmatch(between):
                found[-1] = replace(found[-1], unit=unit)
            elif between == " " and counted:  # "one 5 mg tablet"
                found[-1] = replace(found[-1], unit=read_units()[counted[1].casefold()])
        is_referred_to = text[max(0, start - 4) : start].casefold() == "the "
        found.append(
            Quantity(value, unit, said, is_spelt, start, match.end() + len(said_unit), is_referred_to)
        )
        end = match.end() + (len(said_unit) if said_more else 0)
    hebrew = [
        Quantity(one.value, one.unit, one.said, True, one.start, one.end)
        for one in find_hebrew_quantities(text)
    ]
    return tuple(sorted([*found, *hebrew], key=lambda one: one.start))


def list_equals(value: str, unit: str) -> list[tuple[str, str]]:
    """The same quantity in other units: 1 gram is 1000 milligrams, 2 days are 48 hours."""
    number = Decimal(value)
    return [
        (_plain(equal.normalize()), into)
        for large, small, by in _PARTS
        for equal, given, into in ((number * by, large, small), (number / by, small, large))
        if given == unit
    ]


def _join_part(before: Quantity, match: re.Match[str], between: str, value: str) -> str | None:
    """The value of two numbers that are one: "two and a half", "1½", "1 1/2", "half a dozen"; else None."""
    if before.unit or not (match["fraction"] or match["round"]):
        return None
    if match["round"]:
        is_half = before.value == _FRACTIONS["half"] and between == " "
        return _plain(Decimal(before.value) * Decimal(value)) if is_half else None
    are_figures = not before.is_spelt and not match.group()[0].isalpha() and between in ("", " ", "\u00a0")
    if not (_AND_PART.fullmatch(between) or are_figures) or not before.value.isdecimal():
        return None
    return _plain(Decimal(before.value) + Decimal(value))


def _add_part(value: str, text: str, place: int) -> tuple[str, str]:
    """The value with what follows its unit there, "and a half", and that as written."""
    found = _MORE_AFTER.match(text, place)
    if found is None:
        return value, ""
    part = found["part"] or ("half" if found["part_he"] == "חצי" else "quarter")
    return _plain(Decimal(value) + Decimal(_FRACTIONS[part.casefold()])), found.group()


def _value(match: re.Match[str]) -> tuple[str, str]:
    said = match.group().casefold()
    if match["figures"]:
        scale = (match["scale"] or "").casefold()
        return _plain(_decimal(match["figures"]) * _SCALES.get("billion" if scale == "bn" else scale, 1)), ""
    if match["often"]:
        return str(_OFTEN[said]), "time"
    if match["one"] or match["lasted"]:
        return "1", ""
    if match["fraction"]:
        return _FRACTIONS[said.split()[-1]], ""
    if match["point"]:
        return _plain(_with_point(said)), ""
    if match["year"]:
        century, _, year = said.partition(" ")
        return str(_spelt(century) * 100 + _spelt(year)), ""
    return str(_spelt(said)), ""


def _decimal(figures: str) -> Decimal:
    is_decimal_comma = figures.startswith("0,") or _DECIMAL_COMMA.fullmatch(figures)
    return Decimal(_GROUPS.sub("." if is_decimal_comma else "", figures))


def _with_point(said: str) -> Decimal:
    whole, _, rest = said.partition(" point ")
    words = rest.split()
    scale = _SCALES.get(words[-1], 1)
    digits = "".join(str(_SMALL[word]) for word in words if word in _SMALL)
    return Decimal(f"{_spelt(whole)}.{digits}") * scale


def _spelt(said: str) -> int:
    total = part = 0
    for word in re.split(r"[ -]", said):
        if word in _SCALES:
            part = max(part, 1) * _SCALES[word]
            if _SCALES[word] > 100:
                total, part = total + part, 0
        else:
            part += _SMALL.get(word, 0) + _TENS.get(word, 0)
    return total + part


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _unit_after(text: str, end: int) -> tuple[str, str]:
    """The unit's name, and its spelling; a word between, as in "two small glasses", is skipped."""
    names = read_units()
    match = _UNIT.match(text, end)
    if match is None:
        return hebrew_unit_after(text, end)
    two = _TWO_WORDS.match(text, end)
    if two and two[1].casefold() in names:
        return names[two[1].casefold()], two.group()
    if match[1].casefold() in names:
        return names[match[1].casefold()], match.group()
    after = _SECOND_WORD.match(text, end)
    is_plain = after is not None and (len(after[1]) > 3 or after.group().split()[0].casefold() in _WHOLE)
    if after and is_plain and after[1].casefold() in names:
        return names[after[1].casefold()], after.group()
    return "", ""


@cache
def words_of_numbers() -> frozenset[str]:
    """All words that are, or belong to, numbers or names of units."""
    return frozenset([*(word for form in read_units() for word in form.split()), *_SMALL, *_TENS, *_SCALES])
