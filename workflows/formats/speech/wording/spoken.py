"""Spelling out for a voice: "5–10 mg" is "5 to 10 milligrams". English; table-driven. Pure.

Plain numbers stay figures: every voice can say them, and a reader can compare them with the document.
"""

import re
import tomllib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from workflows.formats.speech.wording.addresses import say_address

_FILE = Path(__file__).parent / "spoken.toml"
_Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]

# A token that is longer than this is none that a table knows.
_LONG_TOKEN = re.compile(r"(\S{100,})")
_URL = r"(?:https?://(?:www\.)?|www\.)[^\s,;!?()\[\]]*[^\s.,:;!?()\[\]]"
_MAIL = r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"
_NUMBER = r"\d{1,12}(?:[.,]\d{1,12}){0,4}"
_SMALL = r"[1-9]\d{0,3}(?:\.\d+)?"
_DOSED = r"\s(?:tablet|capsule|pill|patch|dose|ampoule|bottle|pack)"
_COINS = {"$": "dollars", "€": "euros", "£": "pounds"}
_PLAIN = re.compile(r"[A-Z]?[a-z ,!?'’]*+[.!?]?\s*+")


def spell_out(text: str) -> str:
    """`text`, a sentence or more, spelt out for a voice. White space at both ends is kept."""
    if _PLAIN.fullmatch(text):  # most sentences
        return text
    parts = _LONG_TOKEN.split(text)
    parts[::2] = map(_spell, parts[::2])
    return "".join(parts)


def _spell(text: str) -> str:
    for pattern, said in _rules():
        text = pattern.sub(said, text)
    return text


@cache
def _rules() -> list[_Rule]:
    """The rules in order: each finds its signs before a later one takes them apart."""
    with _FILE.open("rb") as file:
        table: dict[str, dict[str, Any]] = tomllib.load(file)
    units, pers = table["units"], table["per"]
    fractions, befores = table["fractions"], table["before_numbers"]
    signs, short = table["signs"], table["short_forms"]
    unit, per = _either(units), _either(pers)
    return [
        (re.compile(r"(?<=\d)\s?\*\*\s?(?=\d)"), " to the power of "),
        (re.compile(_MAIL), lambda found: say_address(found.group())),
        (
            re.compile(_URL),
            lambda found: say_address(found.group()),
        ),
        (re.compile(r"(?<!\w)etc\.(?=\s*$|\s+[A-Z])"), "and so on."),
        (re.compile(rf"(?<![\w/]){_either(short)}(?![\w/])"), lambda found: short[found.group()]),
        (re.compile(rf"([$€£])\s?({_NUMBER})"), lambda found: f"{found[2]} {_COINS[found[1]]}"),
        (re.compile(r"(?<=\d)\s<\s(?=\w)"), " is less than "),
        (re.compile(r"(?<=\d)\s>\s(?=\w)"), " is more than "),
        (re.compile(rf"({_either(befores)})\s?(?=\d)"), lambda found: f"{befores[found[1]]} "),
        (re.compile(rf"({_NUMBER})\s?({unit})\s?[–—-]\s?(?={_NUMBER})"), r"\1 \2 to "),
        (re.compile(rf"(?<![\w–—\-/.])({_NUMBER})\s?[–—]\s?(?={_NUMBER}(?![\w–—\-/]*[–—/-]\d))"), r"\1 to "),
        (re.compile(rf"(?<![\w–—\-/.])({_SMALL})-({_SMALL})(?![\d–—/-])"), _say_range),
        (
            re.compile(r"(?<![\d/.])(\d{1,3})[ ]?([½⅓⅔¼¾])"),
            lambda found: f"{found[1]} and {fractions[found[2]]}",
        ),
        (
            re.compile(rf"(?<![\d/.])(\d{{1,3}}) ({_either(fractions)})(?![\d/])"),
            lambda found: f"{found[1]} and {fractions[found[2]]}",
        ),
        (re.compile(rf"(?<![\d/.]){_either(fractions)}(?![\d/])"), lambda found: fractions[found.group()]),
        (re.compile(r"(?<![\d/])([6-9]\d|1\d\d|2[0-4]\d)/([3-9]\d|1[0-4]\d)(?![\d/])"), r"\1 over \2"),
        (
            re.compile(rf"(?<![\w.])(\d{{1,3}})\s?[x×](?:\s?/\s?({per}))?(?![\w×])(?!\s?\d)"),
            lambda found: _say_times(found, pers),
        ),
        (re.compile(r"(?<=\d)\s?[×*]\s?(?=\d)|(?<=\d)\sx\s(?=\d)|(?<=\w)\s[×*]\s(?=\w)"), " times "),
        (
            re.compile(
                rf"(?<![\w.,])({_NUMBER})[ -]?({unit})(?:\s?/\s?({per}))?(?:\s?/\s?({per}))?(?![\w°])"
            ),
            lambda found: _say_unit(found, units, pers),
        ),
        (re.compile(rf"(?<=[a-z])\s?/\s?({per})(?!\w)"), lambda found: f" per {pers[found[1]]}"),
        (re.compile(r"(?<![\w.])(\d{1,3})\+(?!\d)"), r"\1 and over"),
        (re.compile(r"#(?=\d)"), "number "),
        (re.compile(rf"[ ]?({_either(signs)})(\w?)"), lambda found: _say_sign(signs[found[1]], found[2])),
        (re.compile(r"(?<=\S) {2,}"), " "),
    ]


def _either(words: Iterable[str]) -> str:
    """A pattern of any of them, the longest first."""
    return f"(?:{'|'.join(re.escape(word) for word in sorted(words, key=len, reverse=True))})"


def _say_range(found: re.Match[str]) -> str:
    low, high = found[1], found[2]
    return f"{low} to {high}" if float(low) < float(high) else found.group()


def _say_times(found: re.Match[str], pers: dict[str, str]) -> str:
    said = f"{found[1]} {'time' if found[1] == '1' else 'times'}"
    return f"{said} a {pers[found[2]]}" if found[2] else said


def _say_unit(found: re.Match[str], units: dict[str, list[str]], pers: dict[str, str]) -> str:
    one, many = units[found[2]]
    is_one = found[1] == "1" or re.match(_DOSED, found.string[found.end() :])  # a 500 milligram tablet
    said = f"{found[1]} {one if is_one else many}"
    return said + "".join(f" per {pers[per]}" for per in (found[3], found[4]) if per)


def _say_sign(word: str, after: str) -> str:
    return f" {word}{' ' if after else ''}{after}" if word else after
