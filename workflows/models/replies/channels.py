"""Names of channels after their mark: `analysis`, `commentary`, `final`. Pure."""

import re
from typing import NamedTuple

from workflows.models.replies.marks import find_mark
from workflows.models.replies.roles import is_answer

_LONGEST = 200
_LINE_END = re.compile(r"[\n\r]")
_WORD = re.compile(r"\s{0,9}[A-Za-z_]{0,30}")


class Channel(NamedTuple):
    """Kind of a channel, and the end of its name."""

    is_answer: bool
    end: int


def read_channel(text: str, start: int, *, is_whole: bool) -> Channel | None:
    """The channel named at `start`, up to `<|message|>` or the line's end; None where more of the text is needed."""
    limit = start + _LONGEST
    found = find_mark(text, start)
    line = _LINE_END.search(text, start, limit)
    if found is None and line is None and len(text) <= limit and not is_whole:
        return None
    word = _WORD.match(text, start)
    word_end = word.end() if word is not None else start
    if line is not None and (found is None or line.start() < found[0]):
        is_name = not text[word_end : line.start()].strip()
        found = (line.start(), line.end(), "message") if is_name else None
    name_end, end, kind = found or (word_end, word_end, "message")
    names_answer = is_answer(text[start : min(name_end, limit)])
    if kind != "message" or name_end > limit:
        end = word_end if names_answer else min(name_end, limit)
    return Channel(names_answer, end)
