"""Abbreviations by language, after whose full stop a sentence goes on. Pure."""

import re
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "abbreviations.toml"
_LONGEST_ABBREVIATION = 20
_ITEM_NUMBER = re.compile(r"\d{1,3}|(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})|(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})")
_LONGEST_ITEM_NUMBER = 8
_IN_WORD = re.compile(r"\w")
_HEBREW_PREFIXES = tuple("ובהכלמש")  # "and", "in", "the" and their like are a part of the word
_DOUBLED = re.compile(r"(?![IX])([^\W\d_])\1")  # "EE. UU.", but no Roman number
_LETTERS_WITH_DOTS = re.compile(r"[^\W\d_]{1,2}(?:\.[^\W\d_]{1,2})+")


@dataclass(frozen=True, slots=True)
class Abbreviations:
    """Abbreviations of one language."""

    leading: frozenset[str]
    counted: frozenset[str]
    others: frozenset[str]
    openers: frozenset[str]
    ordinals: frozenset[str]
    titles: frozenset[str]

    def kind_of(self, text: str, start: int, dot: int) -> str | None:
        """The kind of text before the full stop at `dot`: item number, abbreviation, ordinal, or None."""
        if _is_item_number(text, start, dot):
            return "leading"
        spelt = _word_before(text, start, dot)
        word = _fold(spelt)
        if kind := self._listed(word):
            return kind
        if _LETTERS_WITH_DOTS.fullmatch(word) or (len(word) == 1 and word.isalpha()) or _is_doubled(spelt):
            return "others"
        if self._is_title(spelt):
            return "leading"
        return "ordinals" if self.ordinals and word.isdecimal() and len(word) < 3 else None

    def is_listed(self, spelt: str) -> bool:
        """Whether a word by itself is an abbreviation or a title, and no ordinary word as well."""
        return self._listed(_fold(spelt)) in ("leading", "others") or self._is_title(spelt)

    def _listed(self, word: str) -> str | None:
        if word in self.leading or (word[:1] in _HEBREW_PREFIXES and word[1:] in self.leading):
            return "leading"
        if word in self.counted:
            return "counted"
        return "others" if word in self.others else None

    def _is_title(self, spelt: str) -> bool:
        """Whether a word as it is spelt is a title, also behind another one, a hyphen or a Hebrew prefix."""
        word = re.split("[-.]", spelt)[-1]
        word = word[1:] if word[:1] in _HEBREW_PREFIXES else word
        return word[:1].isupper() and _fold(word) in self.titles

    def goes_on(self, kind: str, next_word: str, next_mark: str) -> bool:
        """Whether the sentence continues after an abbreviation of this kind. `next_mark`: the character after the word
        that follows, empty at the end of the text."""
        if kind in ("leading", "others") and len(next_word) == 1 and next_mark == ".":
            return True  # two initials, of which the second one is a word as well
        if kind == "counted":
            is_roman = _ITEM_NUMBER.fullmatch(next_word) is not None and next_word not in ("i", "I")
            return next_word[:1].isdecimal() or is_roman
        if kind == "ordinals":
            return next_word in self.ordinals
        return kind == "leading" or next_word not in self.openers


def _is_item_number(text: str, start: int, dot: int) -> bool:
    """Whether there is only the number of a list item before the full stop at `dot`."""
    place = dot
    while place > max(start, dot - _LONGEST_ITEM_NUMBER) and text[place - 1].isalnum():
        place -= 1
    return _ITEM_NUMBER.fullmatch(text, place, dot) is not None and not _IN_WORD.search(text, start, place)


def _word_before(text: str, start: int, dot: int) -> str:
    """The word that ends at `dot`; empty where it is longer than any abbreviation."""
    first = max(start, dot - _LONGEST_ABBREVIATION)
    place = dot
    while place > first and (text[place - 1].isalnum() or text[place - 1] in ".-'’׳\"״"):
        place -= 1
    if place == first > start:
        return ""
    return text[place:dot].lstrip(".-'’׳\"״")


def _is_doubled(spelt: str) -> bool:
    return spelt.isupper() and _DOUBLED.fullmatch(spelt) is not None


def _fold(word: str) -> str:
    return word.casefold().replace("’", "'").replace("׳", "'").replace("״", '"').rstrip("'")


@cache
def abbreviations_of(language: str | None) -> Abbreviations:
    """The rules of a language, with those of the languages in other letters than its own; for an unknown one, those
    of English and whatever can't be mistaken for a word."""
    known = _read()
    own = known.get((language or "").partition("-")[0].casefold())
    if own is None:
        latin = [rules for name, rules in known.items() if name != "en" and _is_latin(rules)]
        plain = frozenset[str]().union(*(filter(_is_no_word, one.leading | one.others) for one in latin))
        own = replace(known["en"], others=known["en"].others | plain)
    foreign = [rules for rules in known.values() if not _is_latin(rules) and rules is not own]
    if not _is_latin(own):
        foreign.append(known["en"])
    return Abbreviations(
        leading=own.leading.union(*(rules.leading for rules in foreign)),
        counted=own.counted.union(*(rules.counted for rules in foreign)),
        others=own.others.union(*(rules.others for rules in foreign)),
        openers=own.openers.union(*(rules.openers for rules in foreign)),
        ordinals=own.ordinals,
        titles=own.titles,
    )


def _is_latin(rules: Abbreviations) -> bool:
    return any(map(str.isascii, rules.leading))


def _is_no_word(abbreviation: str) -> bool:
    return "." in abbreviation or not re.search("[aeiouyà-öø-ý]", abbreviation)


@cache
def _read() -> dict[str, Abbreviations]:
    with _FILE.open("rb") as file:
        given: dict[str, dict[str, str]] = tomllib.load(file)
    everywhere = _folded(given.pop("all")["titles"])
    return {
        language: Abbreviations(
            leading=_folded(kinds.get("leading", "")),
            counted=_folded(kinds.get("counted", "")),
            others=_folded(kinds.get("others", "")),
            openers=frozenset(kinds.get("openers", "").split()),
            ordinals=frozenset(kinds.get("ordinals", "").split()),
            titles=everywhere | _folded(kinds.get("titles", "")),
        )
        for language, kinds in given.items()
    }


def _folded(words: str) -> frozenset[str]:
    return frozenset(map(_fold, words.split()))
