"""Repetition in a text, and detection of endless loops. Pure."""

import re
from collections import Counter
from itertools import dropwhile

from workflows.text.metrics.counting import CountingDetector
from workflows.text.sentences import split_sentences
from workflows.text.words import count_words, list_words

_LONGEST_CYCLE = 2000
_LEAST = 1200  # characters of nothing new
_LEAST_WITHOUT_WORDS = 2000  # lines, rows of dots and blanks of a form are longer than one thinks
_CIRCLES = 2
_LONG_SENTENCE = 24  # words: a shorter one has no room for a loop
_PHRASE = 6  # words that two places of a sentence share only where one repeats the other
_BLOCK = 128  # characters between two looks
_PROBE = 24
# Scripts that set no spaces between words.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


def repetition(text: str, size: int = 8) -> float:
    """Share (0–1) of the runs of `size` words that occur in the text more than once."""
    words = [word.casefold() for word in list_words(text)]
    runs = Counter(tuple(words[i : i + size]) for i in range(len(words) - size + 1))
    total = sum(runs.values())
    return sum(n for n in runs.values() if n > 1) / total if total else 0.0


def count_said(text: str) -> tuple[int, int]:
    """Number of words of a text: of all, and of what it says once. A sentence that comes again counts once, and so
    does a phrase that goes round within a long one, as in a loop without a full stop; whatever number is in it.

    Of a script without spaces, two characters are a word.
    """
    sentences = Counter(
        _without_number(sentence)
        for line in text.split("\n")  # a line that comes again does so without a mark at its end, too
        for sentence in split_sentences(line)
    )
    said = new = 0
    for sentence, times in sentences.items():
        unspaced = len(_UNSPACED.findall(sentence)) // 2
        words = count_words(sentence) + unspaced
        said += words * times
        new += (
            words
            if words < _LONG_SENTENCE
            else _count_new(sentence, words, by_characters=2 * unspaced > words)
        )
    return said, new


def _count_new(sentence: str, words: int, *, by_characters: bool) -> int:
    """How many of a sentence's words don't end a run of words that was in it before."""
    units = list(sentence.replace(" ", "")) if by_characters else sentence.split(" ")
    units = ["#" if unit.isdigit() else unit for unit in units]
    size = 2 * _PHRASE if by_characters else _PHRASE
    runs = {tuple(units[start : start + size]) for start in range(len(units) - size + 1)}
    return words * min(len(units), len(runs) + size - 1) // len(units)


def _without_number(sentence: str) -> str:
    """The words of a sentence, in one spelling: said again under another number it is the same again."""
    words = [word.casefold() for word in list_words(sentence)]
    return " ".join([*dropwhile(str.isdigit, words)] or words)


def distinct_words(text: str) -> int:
    """Number of words of a text's distinct sentences."""
    return count_said(text)[1]


def goes_in_circles(text: str) -> bool:
    """Whether a text says its sentences twice or more on average."""
    words, distinct = count_said(text)
    return words >= _CIRCLES * distinct


class LoopDetector:
    """Detector of a stream stuck in a loop: the same characters, line or few sentences over and over, or but for the
    numbers in them.

    Bounded memory; time in proportion to the text. A loop is a cycle of up to 2,000 characters that has come again,
    to the letter, for at least 1,200 characters and eight times (five for the longest cycles), with nothing else
    between: a refrain, a list or a table has something else before long.
    """

    def __init__(self) -> None:
        self.cycle: str | None = None
        """What comes again, once it does."""
        self._counting = CountingDetector()
        self._tail = ""
        self._waiting: list[str] = []
        self._size = 0

    def feed(self, chunk: str) -> bool:
        """Whether the stream loops, including `chunk`."""
        if self.cycle is not None:
            return True
        self._waiting.append(chunk)
        self._size += len(chunk)
        if self._size >= _BLOCK:
            text = "".join(self._waiting)
            self._waiting, self._size = [], 0
            for start in range(0, len(text), _BLOCK):
                self._tail = (self._tail + text[start : start + _BLOCK])[-_KEPT:]
                self.cycle = self.cycle or _find_cycle(self._tail)
            if self.cycle is None and self._counting.feed(text):
                self.cycle = self._counting.cycle
        return self.cycle is not None


def _find_cycle(text: str) -> str | None:
    """The cycle at the end of `text`, if it has been repeated often enough."""
    end = len(text)
    before = text.rfind(text[end - _PROBE :], max(0, end - _PROBE - _LONGEST_CYCLE), end - 1)
    if end <= _LEAST or before < 0:
        return None
    lag = end - _PROBE - before
    cycle = text[end - lag :]
    needed = _needed(cycle)
    is_loop = end >= needed + lag and text[end - needed :] == text[end - needed - lag : end - lag]
    return cycle if is_loop else None


def _needed(cycle: str) -> int:
    """The number of repeated characters required, after the first time."""
    least = _LEAST if any(map(str.isalnum, cycle)) else _LEAST_WITHOUT_WORDS
    return max(least, min(7 * len(cycle), 2 * len(cycle) + 4000))


_KEPT = _LONGEST_CYCLE + _needed("." * _LONGEST_CYCLE)
