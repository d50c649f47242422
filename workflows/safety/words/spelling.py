"""Readings of an oddly spelt text, in which a word list finds what the eye would. Linear in the text."""

import re
from collections.abc import Iterator
from itertools import product
from math import prod

from workflows.safety.words.folding import fold, fold_lookalikes

LETTER = r"[^\W_]"  # `_` is how Markdown sets a word apart

# Letters that a digit or a sign may stand for, the likelier first.
_LEET = {
    "0": "o",
    "1": "il",
    "3": "e",
    "4": "a",
    "5": "s",
    "7": "t",
    "8": "b",
    "9": "g",
    "6": "g",
    "@": "a",
    "$": "s",
    "!": "il",
    "|": "li",
}
_FIRST, _SECOND = ({ord(sign): letters[which] for sign, letters in _LEET.items()} for which in (0, -1))
_LEET_WORD = re.compile(r"(?<![a-z0-9@$!|])(?=[a-z]*[0-9@$!|])[a-z0-9@$!|]{3,}")
_HAS_LETTER = re.compile("[a-z]")
_DRAWN_OUT = re.compile(rf"({LETTER})\1\1+")
# k i l l, k.i.l.l, k*i*l*l, a letter a line.
_SPELT_OUT = re.compile(rf"(?<!{LETTER}){LETTER}(?:[\W_]{{1,3}}{LETTER}(?!{LETTER})){{2,}}")
# ki.ll, mur*der, mur-der; an apostrophe is part of a word (he'll).
_BROKEN_UP = re.compile(rf"(?<={LETTER})(?:[.*_·•|~+^=\\/\-‐‑–]{{1,3}}|[\-‐‑]\n)(?={LETTER})")
_SUSPICIOUS = re.compile(
    rf"[a-z][013-9@$!|]|[013-9@$!|][a-z]|({LETTER})\1\1"
    rf"|(?<!{LETTER}){LETTER}[\W_]{{1,3}}{LETTER}(?!{LETTER})|{LETTER}[.*_·•|~+^=\\/\-‐‑–]{{1,3}}\n?{LETTER}"
)
_ENDS_SPELT_OUT = re.compile(rf"(?<!{LETTER}){LETTER}[\W_]{{1,3}}{LETTER}[\W_]{{1,3}}\Z")
_TOKEN = re.compile(r"\S+")
_PART = re.compile(rf"({LETTER})\1\1+|.", re.DOTALL)
_MASKED = re.compile(
    rf"(?<!{LETTER})[^\W\d_]{{1,20}}(?:[*#%&?@$+_]{{1,4}}[^\W\d_]{{1,20}}){{1,3}}(?!{LETTER})"
    rf"|(?<![\w*])[^\W\d_][*]{{3,6}}(?![\w*])"
)
_LONGEST_WORD = 100
_MOST_CHOICES = 64
_WINDOW, _OVERLAP = 4000, 400
_LONG_RUN = re.compile(rf"{LETTER}{{{_LONGEST_WORD},}}")
_WIDE_GAP = re.compile(r"[\W_]{40,}")


def readings(text: str) -> Iterator[str]:
    """The folded text, then its possible readings: letters of other alphabets and signs in place of letters, l e t
    t e r s set apart, wo*rds broken up, drawn ooout. The last one holds single words only."""
    folded = fold(text)
    yield folded
    plain = fold_lookalikes(text)
    if plain == folded and not _SUSPICIOUS.search(folded):
        return
    joined = _BROKEN_UP.sub("", _SPELT_OUT.sub(_join, plain))
    spelt = dict.fromkeys(_read_signs(one, signs) for one in (plain, joined) for signs in (_FIRST, _SECOND))
    variants = dict.fromkeys(shortened for one in spelt for shortened in _shorten(one))
    variants[" , ".join(_choices(joined))] = None
    variants.pop(folded, None)
    yield from variants


def masked_words(folded: str) -> Iterator[str]:
    """Masked words in it (f**k, m#rder), each masked letter as `?`."""
    for found in _MASKED.finditer(folded):
        word = re.sub(r"[\W_]", "?", found.group())
        letters = len(word) - word.count("?")
        if letters >= max(2, word.count("?")) or letters == 1:
            yield word


def long_runs(folded: str) -> list[str]:
    """Runs of letters that are no word of any language: something may be hidden within."""
    return _LONG_RUN.findall(_DRAWN_OUT.sub(r"\1", folded))


def close_gaps(text: str) -> str:
    """`text` with its overlong words cut in pieces and its overlong gaps shortened, for patterns that span words."""
    text = _LONG_RUN.sub(lambda run: " ".join(_cut(run.group())), text)
    return _WIDE_GAP.sub(lambda gap: gap.group()[:20] + ("\n" if "\n" in gap.group() else ""), text)


def windows(text: str) -> Iterator[str]:
    """Overlapping pieces of an endless text, so that no search takes long. They are cut between words where there are
    any: half of one might be another."""
    start = 0
    while len(text) - start > _WINDOW:
        end = _back_to_blank(text, start + _WINDOW)
        yield text[start:end]
        start = _back_to_blank(text, end - _OVERLAP)
    yield text[start:]


def _back_to_blank(text: str, place: int) -> int:
    """The last place between two words at or before `place`; `place` itself within an overlong word."""
    low = place - _LONGEST_WORD
    return max(text.rfind(blank, low, place) + 1 for blank in " \n") or place


def is_spelling_out(folded: str) -> bool:
    """Whether the text ends in single letters, so that more of the same word may follow."""
    return _ENDS_SPELT_OUT.search(folded[-20:]) is not None


def _join(found: re.Match[str]) -> str:
    return re.sub(r"[\W_]", "", found.group())


def _cut(run: str) -> Iterator[str]:
    for start in range(0, len(run), _LONGEST_WORD):
        yield run[start : start + _LONGEST_WORD]


def _shorten(text: str) -> tuple[str, ...]:
    """`text` with drawn-out letters written twice, and once."""
    if _DRAWN_OUT.search(text) is None:
        return (text,)
    return _DRAWN_OUT.sub(r"\1\1", text), _DRAWN_OUT.sub(r"\1", text)


def _read_signs(text: str, signs: dict[int, str]) -> str:
    return _LEET_WORD.sub(lambda found: _read_word(found.group(), signs), text)


def _read_word(word: str, signs: dict[int, str]) -> str:
    if _HAS_LETTER.search(word) is None:
        return word
    body = word.rstrip("!")  # at a word's end it is a mark
    return body.translate(signs) + word[len(body) :]


def _choices(text: str) -> Iterator[str]:
    """All readings of each word with more than one ambiguous place."""
    for found in _TOKEN.finditer(text):
        word = found.group().strip("!?.,:;\"'()[]*_")
        if len(word) > _LONGEST_WORD or (word.isalpha() and not _DRAWN_OUT.search(word)):
            continue
        options = [_options(part) for part in _parts(word)]
        if 2 < prod(map(len, options)) <= _MOST_CHOICES:
            yield from map("".join, product(*options))


def _parts(word: str) -> list[str]:
    return [found.group() for found in _PART.finditer(word)]


def _options(part: str) -> tuple[str, ...]:
    if len(part) > 2:
        return (part[0], part[0] * 2)
    return tuple(_LEET.get(part, part))
