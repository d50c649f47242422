"""Counts of words and paragraphs."""

import re
from itertools import islice

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_FOLDED = re.compile(r"\w+")
_OPEN_WORD = re.compile(r"[^\W_](['’\-]?)\Z")


class WordCounter:
    """Counter of a streamed text's words, with the same result as `count_words`. A word counts when it begins."""

    def __init__(self) -> None:
        self._open = ""  # stands for the word that the next chunk may go on with

    def feed(self, chunk: str) -> int:
        """The number of words that begin in `chunk`."""
        text = self._open + chunk
        words = count_words(text) - bool(self._open)
        end = _OPEN_WORD.search(text, max(0, len(text) - 2))
        self._open = f"a{end[1]}" if end is not None else ""
        return words

    def find_word(self, chunk: str, number: int) -> int:
        """The position in `chunk`, which isn't fed yet, of its `number`-th word; its length if there is none."""
        place = len(self._open)
        begins = (word.start() for word in _WORD.finditer(self._open + chunk) if word.start() >= place)
        return next(islice(begins, number - 1, None), place + len(chunk)) - place

    def copy(self) -> "WordCounter":
        """An independent counter in the same state."""
        other = WordCounter()
        other._open = self._open
        return other


def count_words(text: str) -> int:
    """The number of words as a reader counts them: `well-known` and `don't` are one each."""
    return sum(1 for _ in _WORD.finditer(text))


def has_words(text: str) -> bool:
    """Whether it holds any word."""
    return _WORD.search(text) is not None


def list_words(text: str) -> list[str]:
    """The words of `text` in order, as written."""
    return _WORD.findall(text)


def fold_words(text: str) -> str:
    """The words in lower case, a space around each: a phrase that stands in a text is then a part of it."""
    return f" {' '.join(_FOLDED.findall(text.casefold()))} "


def last_paragraph(text: str) -> str:
    """The last paragraph of `text`."""
    return text.rstrip().rsplit("\n\n", 1)[-1]
