"""Sentence boundaries of a text: whole, or while it streams, with the same result. Pure, and linear in the text.

A sentence ends at a line break, at `。！？`, and at other marks before white space; closing quotes, brackets,
emphasis and references such as `[1]` belong to it. It goes on after the full stop of an abbreviation
(`abbreviations.toml`), an initial ("J. K. Rowling") or the number of a list item.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LONGEST_SENTENCE = 1000
"""Characters after which a sentence is cut, between words where it has any."""
LONGEST_TOKEN = 100
"""Characters that a token has after `break_tokens`."""

_FILE = Path(__file__).parent / "abbreviations.toml"
_LOOKAHEAD = 48  # characters after a mark in which the next word is looked for
_LONGEST_ABBREVIATION = 20

_ALONE = "。！？｡"  # these end a sentence without white space behind them
_CLOSERS = "\"'”’“‘»«›‹)\\]}*_」』】〕）》〉"
_MARK = re.compile(rf"(?P<run>[.!?…‥؟۔।॥։።{_ALONE}]+)[{_CLOSERS}]*(?:\[\d{{1,3}}\])*|\n+")
_HALF_REFERENCE = re.compile(r"\[\d{0,3}\Z")
_NEXT_WORD = re.compile(r"\s+[^\w\s]*(?P<word>\w*)")
_ITEM_NUMBER = re.compile(r"\d{1,3}|(?=[ivx])x{0,3}(?:ix|iv|v?i{0,3})|(?=[IVX])X{0,3}(?:IX|IV|V?I{0,3})")
_LONGEST_ITEM_NUMBER = 8
_IN_WORD = re.compile(r"\w")
_HEBREW_PREFIXES = tuple("ובהכלמש")  # "and", "in", "the" and their like are a part of the word
_LETTERS_WITH_DOTS = re.compile(r"[^\W\d_]{1,2}(?:\.[^\W\d_]{1,2})+")
_LONG_TOKEN = re.compile(rf"\S{{{LONGEST_TOKEN}}}(?=\S)")


class SentenceSplitter:
    """Splitter of streamed text into whole sentences, which join to the same text whatever its chunks."""

    def __init__(self, language: str | None = None) -> None:
        self._rules = _rules_for(language)
        self._place = 0  # where in `rest` a mark may still be found
        self.rest = ""
        """The sentence under way."""

    def feed(self, chunk: str) -> list[str]:
        """The sentences that certainly end, including `chunk`."""
        self.rest += chunk
        return self._take(is_last=False)

    def close(self) -> list[str]:
        """The rest of the text."""
        sentences = self._take(is_last=True)
        last, self.rest = self.rest, ""
        return [*sentences, last] if last else sentences

    def _take(self, *, is_last: bool) -> list[str]:
        sentences = []
        start = 0
        while True:
            end, self._place = _find_end(self.rest, start, self._place, self._rules, is_last=is_last)
            if end is None:
                break
            sentences.append(self.rest[start:end])
            start = end
        self.rest, self._place = self.rest[start:], self._place - start
        return sentences


def split_sentences(text: str, language: str | None = None) -> list[str]:
    """`text` cut after each sentence; joined together it is `text` again. `language` is a tag such as `en`."""
    splitter = SentenceSplitter(language)
    return splitter.feed(text) + splitter.close()


def find_sentence_end(text: str, start: int = 0, language: str | None = None) -> int | None:
    """The end of the sentence that begins at `start`, if it doesn't depend on what follows `text`."""
    return _find_end(text, start, start, _rules_for(language), is_last=False)[0]


def last_sentence_end(text: str, language: str | None = None) -> int:
    """The number of characters of `text` in whole sentences, as far as it doesn't depend on what follows."""
    splitter = SentenceSplitter(language)
    splitter.feed(text)
    return len(text) if text.endswith("\n") else len(text) - len(splitter.rest)


def ends_sentence(text: str, language: str | None = None) -> bool:
    """Whether `text` ends with a sentence's mark, and not with an abbreviation."""
    return _last_mark(text) is not None and not ends_with_abbreviation(text, language)


def ends_with_abbreviation(text: str, language: str | None = None) -> bool:
    """Whether `text` ends with the full stop of an abbreviation, an initial or a list item's number."""
    mark = _last_mark(text)
    if mark is None or mark["run"] != ".":
        return False
    return _rules_for(language).kind_of(mark.string, 0, mark.start()) in ("leading", "others")


def is_cut(sentence: str) -> bool:
    """Whether a sentence was cut because it was too long."""
    return len(sentence) >= LONGEST_SENTENCE // 2 and _last_mark(sentence) is None and sentence[-1] != "\n"


def _last_mark(text: str) -> re.Match[str] | None:
    tail = text.rstrip()[-2 * _LOOKAHEAD :]
    return next((mark for mark in _MARK.finditer(tail) if mark.end() == len(tail) and mark["run"]), None)


def break_tokens(text: str) -> str:
    """`text` with a blank within each token of more than `LONGEST_TOKEN` characters, so that none is longer."""
    return _LONG_TOKEN.sub(r"\g<0> ", text)


@dataclass(frozen=True, slots=True)
class _Rules:
    """Abbreviations of one language."""

    leading: frozenset[str]
    counted: frozenset[str]
    others: frozenset[str]
    openers: frozenset[str]
    ordinals: frozenset[str]

    def kind_of(self, text: str, start: int, dot: int) -> str | None:
        """The kind of text before the full stop at `dot`: item number, abbreviation, ordinal, or None."""
        if _is_item_number(text, start, dot):
            return "leading"
        word = _word_before(text, start, dot)
        if word in self.leading or (word[:1] in _HEBREW_PREFIXES and word[1:] in self.leading):
            return "leading"
        if word in self.counted:
            return "counted"
        if word in self.others or _LETTERS_WITH_DOTS.fullmatch(word) or (len(word) == 1 and word.isalpha()):
            return "others"
        return "ordinals" if self.ordinals and word.isdecimal() and len(word) < 3 else None

    def goes_on(self, kind: str, next_word: str) -> bool:
        """Whether the sentence continues after an abbreviation of this kind."""
        if kind == "counted":
            return next_word[:1].isdecimal()
        if kind == "ordinals":
            return next_word in self.ordinals
        return kind == "leading" or next_word not in self.openers


def _is_item_number(text: str, start: int, dot: int) -> bool:
    """Whether there is only the number of a list item before the full stop at `dot`."""
    place = dot
    while place > max(start, dot - _LONGEST_ITEM_NUMBER) and text[place - 1].isalnum():
        place -= 1
    return _ITEM_NUMBER.fullmatch(text, place, dot) is not None and not _IN_WORD.search(text, start, place)


def _find_end(text: str, start: int, place: int, rules: _Rules, *, is_last: bool) -> tuple[int | None, int]:
    """The end of the sentence that begins at `start`, and where to search for it again if there is none yet."""
    limit = start + LONGEST_SENTENCE
    known = limit + 2 * _LOOKAHEAD  # with so much text, every mark before the limit can be judged
    while (mark := _MARK.search(text, place, known)) is not None and mark.end() <= limit:
        end = _judge(text, start, mark, rules, is_last=is_last)
        if end is None:
            return None, mark.start()
        if 0 < end <= limit:
            return end, end
        place = mark.end()
    if len(text) < known and not (is_last and len(text) > limit):
        return None, place if mark is not None else len(text)
    space = text.rfind(" ", start + LONGEST_SENTENCE // 2, limit)
    end = limit if space < 0 else space
    return end, end


def _judge(text: str, start: int, mark: re.Match[str], rules: _Rules, *, is_last: bool) -> int | None:
    """The end of the sentence at this mark: 0 if it ends none, None if that isn't certain yet."""
    end = mark.end()
    if end == len(text) and not is_last:
        return None
    if mark["run"] is None:
        return end
    if end == len(text):
        return 0
    if not is_last and _HALF_REFERENCE.match(text, end):
        return None
    if not text[end].isspace():
        return end if any(character in _ALONE for character in mark["run"]) else 0
    if mark["run"] == "." and (kind := rules.kind_of(text, start, mark.start())) is not None:
        following = _NEXT_WORD.match(text, end, end + _LOOKAHEAD)
        assert following is not None  # there is white space
        if kind != "leading" and following.end() == len(text) and not is_last:
            return None
        if rules.goes_on(kind, following["word"]):
            return 0
    return _with_guillemet(text, start, end, is_last=is_last)


def _with_guillemet(text: str, start: int, end: int, *, is_last: bool) -> int | None:
    """The end after the closing mark of « Viens ! », which follows a blank."""
    if text.count("«", start, end) <= text.count("»", start, end):
        return end
    if end + 1 == len(text) and not is_last:
        return None
    return end + 2 if text[end + 1 : end + 2] == "»" else end


def _word_before(text: str, start: int, dot: int) -> str:
    """The word that ends at `dot`, folded; empty where it is longer than any abbreviation."""
    first = max(start, dot - _LONGEST_ABBREVIATION)
    place = dot
    while place > first and (text[place - 1].isalnum() or text[place - 1] in ".-'’׳\"״"):
        place -= 1
    if place == first > start:
        return ""
    return _fold(text[place:dot].lstrip(".-'’׳\"״"))


def _fold(word: str) -> str:
    return word.casefold().replace("’", "'").replace("׳", "'").replace("״", '"').rstrip("'")


@cache
def _rules_for(language: str | None) -> _Rules:
    """The rules of a language; for an unknown one, the English ones and whatever can't be mistaken for a word."""
    known = _read()
    own = known.get((language or "").partition("-")[0].casefold())
    if own is not None:
        return own
    english = known["en"]
    others = [rules for name, rules in known.items() if name != "en"]
    foreign = [rules for rules in others if not any(map(str.isascii, rules.openers))]
    return _Rules(
        leading=english.leading.union(*(rules.leading for rules in foreign)),
        counted=english.counted.union(*(rules.counted for rules in foreign)),
        others=english.others.union(
            *(rules.others for rules in foreign),
            *(filter(_is_no_word, rules.leading | rules.others) for rules in others),
        ),
        openers=english.openers.union(*(rules.openers for rules in foreign)),
        ordinals=frozenset(),
    )


def _is_no_word(abbreviation: str) -> bool:
    return "." in abbreviation or not re.search("[aeiouyà-öø-ý]", abbreviation)


@cache
def _read() -> dict[str, _Rules]:
    with _FILE.open("rb") as file:
        given: dict[str, dict[str, str]] = tomllib.load(file)
    return {
        language: _Rules(
            leading=_folded(kinds.get("leading", "")),
            counted=_folded(kinds.get("counted", "")),
            others=_folded(kinds.get("others", "")),
            openers=frozenset(kinds.get("openers", "").split()),
            ordinals=frozenset(kinds.get("ordinals", "").split()),
        )
        for language, kinds in given.items()
    }


def _folded(words: str) -> frozenset[str]:
    return frozenset(map(_fold, words.split()))
