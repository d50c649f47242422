"""What the markup of a text keeps from its readers: comments, and elements that aren't displayed. Linear."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

_LONGEST_TAG = 1000
_COMMENT_START, _COMMENT_END = "<!--", "-->"
_TAG = re.compile(rf"<(/?)(\w{{1,40}})([^<>]{{0,{_LONGEST_TAG}}})>")
_UNDISPLAYED = re.compile(
    r"display\s{0,9}:\s{0,9}none|visibility\s{0,9}:\s{0,9}hidden|font-size\s{0,9}:\s{0,9}0|\bhidden\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class HiddenSpan:
    """A part of a text from `start` to `end`, markup included, and what it holds."""

    start: int
    end: int
    text: str


def find_hidden(text: str) -> list[HiddenSpan]:
    """What readers don't see, in the order of the text; a span inside of another one is part of that."""
    if "<" not in text:
        return []
    spans, end = [], 0
    for span in sorted([*_comments(text), *_undisplayed(text)], key=lambda span: span.start):
        if span.start >= end:
            spans.append(span)
            end = span.end
    return spans


def drop_hidden(text: str) -> str:
    """`text` without what readers don't see."""
    kept, end = [], 0
    for span in find_hidden(text):
        kept.append(text[end : span.start])
        end = span.end
    return "".join([*kept, text[end:]])


def _comments(text: str) -> Iterator[HiddenSpan]:
    start = text.find(_COMMENT_START)
    while start >= 0:
        inner = start + len(_COMMENT_START)
        end = text.find(_COMMENT_END, inner)
        if end < 0:
            return
        yield HiddenSpan(start, end + len(_COMMENT_END), text[inner:end])
        start = text.find(_COMMENT_START, end)


def _undisplayed(text: str) -> Iterator[HiddenSpan]:
    """Each ends at the next closing tag of its name. What nothing closes hides nothing."""
    opening: list[re.Match[str]] = []
    closing: dict[str, list[re.Match[str]]] = {}
    for tag in _TAG.finditer(text):
        if tag[1]:
            closing.setdefault(tag[2].lower(), []).append(tag)
        elif _UNDISPLAYED.search(tag[3]):
            opening.append(tag)
    for tag in opening:
        ends = closing.get(tag[2].lower(), [])
        place = bisect_left(ends, tag.end(), key=lambda end: end.start())
        if place < len(ends):
            yield HiddenSpan(tag.start(), ends[place].end(), text[tag.end() : ends[place].start()])
