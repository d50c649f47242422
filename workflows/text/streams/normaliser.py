"""Cleaning of a model's text while it streams, in this one place.

What leaves a `Normaliser` is at once what is kept in the graph's state and what readers get: nothing
is cleaned a second time. The result doesn't depend on how the text was cut into chunks.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeVar, cast

from workflows.text.characters import has_half
from workflows.text.streams.markup import MarkupFilter

_T = TypeVar("_T")
_HIGH, _LOW = re.compile("[\ud800-\udbff]"), re.compile("[\udc00-\udfff]")
_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# Overrides of the reading direction show words in another order than they are kept; marks that only hint at
# it (as Hebrew beside Latin needs) stay.
_UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\ufeff\ufffe\uffff]")
_LINE_END = re.compile("\r\n|[\r\u2028\u2029]")
_BLANK = re.compile(r"(?<!\s)\s*\n\s*")


class Normaliser:
    """Filter to clean text: no markup, no control characters, `\\n` line ends, at most one blank line in a row, no
    white space at either end, no half of a surrogate pair. Feed chunks, then `close`."""

    def __init__(self) -> None:
        self._markup = MarkupFilter()
        self._raw_tail = ""  # a carriage return or half a character that waits for its other half
        self._space: list[str] = []  # white space that waits for a word, so that none is left at the end
        self._started = False

    def feed(self, chunk: str) -> str:
        """The clean text that is certain after `chunk`; the rest comes with a later call."""
        chunk = self._raw_tail + chunk
        self._raw_tail = ""
        if chunk and (chunk[-1] == "\r" or _HIGH.match(chunk[-1])):
            chunk, self._raw_tail = chunk[:-1], chunk[-1]
        return self._emit(self._markup.feed(_clean(chunk)))

    def close(self) -> str:
        """The text still held back. The white space at the end is dropped."""
        tail, self._raw_tail = self._raw_tail, ""
        return self._emit(self._markup.feed(_clean(tail)) + self._markup.close())

    def _emit(self, chunk: str) -> str:
        text = chunk.rstrip()
        if not text:
            self._space += [chunk] if self._started else []
            return ""
        whole = "".join(self._space) + text
        self._space = [chunk[len(text) :]]
        if not self._started:
            whole, self._started = whole.lstrip(), True
        return _BLANK.sub(_squeeze, whole) if "\n" in whole else whole


def normalise(text: str) -> str:
    """The whole of `text`, cleaned as a stream of it would be."""
    normaliser = Normaliser()
    return normaliser.feed(text) + normaliser.close()


def normalise_all(value: _T) -> _T:
    """A plain value (dicts, lists, strings, numbers) with all texts in it cleaned."""
    cleaned: Any = value
    if isinstance(value, str):
        cleaned = normalise(value)
    elif isinstance(value, Mapping):
        cleaned = {name: normalise_all(item) for name, item in value.items()}
    elif isinstance(value, list | tuple):
        cleaned = [normalise_all(item) for item in value]
    return cast(_T, cleaned)


def _clean(chunk: str) -> str:
    if chunk.isascii() and chunk.isprintable():  # nearly every token
        return chunk
    if has_half(chunk):
        chunk = _SURROGATE_PAIR.sub(_join_surrogates, chunk)
        chunk = _LOW.sub("\ufffd", _HIGH.sub("\ufffd", chunk))
    return _UNWANTED.sub("", _LINE_END.sub("\n", chunk)).replace("\t", " ")


def _join_surrogates(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16", "surrogatepass").decode("utf-16")


def _squeeze(blank: re.Match[str]) -> str:
    return "\n\n" if blank.group().count("\n") > 1 else "\n"
