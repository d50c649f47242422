"""The notes at the end of a section's reply, told from its text while it streams.

    … and the lamp burned again.

    === NOTES ===
    - Mia has the key; she promised to bring it back.

A model may forget the mark, break it off, dress it otherwise (`**NOTES**`, `### Notes`), set it in the middle or write
it into a line. No text of ours has three equals signs in a row, so nothing of a mark is ever text; and what comes after
a mark is notes only as long as it looks like them, so no text is lost.
"""

import re
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import TypeVar

from workflows.formats.pieces import SectionNotes
from workflows.formats.trailer_lines import (
    LEAD,
    ends_notes,
    inline_mark,
    is_list_item,
    is_mark,
    is_note,
    may_be_mark,
)

_T = TypeVar("_T")
MARK = "=== NOTES ==="
_SIGN = "==="
_MARK = re.compile(r"={3,40}[ \t*#_]{0,8}([A-Za-zא-ת]{0,20}\d{0,4})[ \t*#_:]{0,8}(={0,40})[ \t]{0,8}")
_PHRASE = re.compile(
    r"={3,40}[ \t*#_:]{0,8}(?P<words>[A-Za-zא-ת][A-Za-zא-ת \t'’-]{0,60})[ \t*#_:]{0,8}={2,40}[ \t]{0,8}"
)
"""A mark of several words: `=== NOTES FOR LATER SECTIONS ===`."""
_MAY_BE_PHRASE = re.compile(
    r"={3,40}[ \t*#_:]{0,8}(?:[A-Za-zא-ת][A-Za-zא-ת \t'’-]{0,60}[ \t*#_:]{0,8}={0,40}[ \t]{0,8})?"
)
_LONGEST = 140
"""Characters that a mark may have."""
_NAMES = ("notes", "הערות")
_ENDS = ("end", "סוף")
_MOST_SPACES = 400
"""Spaces before a line that are waited for."""
_STEP = 200
_MOST = 4000
"""Characters of notes that are kept."""


class Trailer:
    """A reply in, its text out; `notes` has what stood after the mark. Feed, then `close`."""

    def __init__(self, is_label: Callable[[str], bool] = lambda _: False) -> None:
        """`is_label`: whether a name in such marks is text, `== Ada ==`, since it says who speaks."""
        self._is_label = is_label
        self._held = ""
        self._begins_line = True
        self._in_notes = False
        self._in_note = False  # within a line of the notes
        self._is_first = True  # no line of these notes came yet
        self._in_prose = False  # the notes are no list
        self._after_blank = False
        self._notes: list[str] = []
        self._size = 0

    @property
    def notes(self) -> str:
        """The notes so far."""
        return "".join(self._notes).strip()

    def feed(self, chunk: str) -> str:
        """The text that is sure after `chunk`."""
        given: list[str] = []
        for start in range(0, len(chunk), _STEP):  # what is held stays short, and so does each look at it
            self._held += chunk[start : start + _STEP]
            given += self._read(is_last=False)
        return "".join(given)

    def close(self) -> str:
        """The rest of the text."""
        return "".join(self._read(is_last=True))

    def _read(self, *, is_last: bool) -> Iterator[str]:
        while self._held:
            before = len(self._held), self._in_notes, self._in_note
            if self._in_notes:
                self._read_notes(is_last=is_last)
            else:
                yield self._read_text(is_last=is_last)
            if (len(self._held), self._in_notes, self._in_note) == before:
                break

    def _read_text(self, *, is_last: bool) -> str:
        """The text up to the end of its line, unless a mark stands there."""
        if self._begins_line and not self._held.startswith(_SIGN):
            line, end, _ = self._held.partition("\n")
            if not end and not is_last and may_be_mark(line):
                return ""
            if taken := len(line + end) if is_mark(line) else inline_mark(line):
                self._held = self._held[taken:]
                self._begin_notes()
                return ""
        place = self._held.find(_SIGN)
        line_end = self._held.find("\n") + 1
        if line_end and not 0 <= place < line_end:
            return self._give(line_end, begins_line=True)
        if place < 0:
            return self._give(len(self._held) if is_last else len(self._held.rstrip("=")))
        text = self._give(place) if place else ""
        return text + self._read_mark(is_last=is_last)

    def _give(self, end: int, *, begins_line: bool = False) -> str:
        text, self._held = self._held[:end], self._held[end:]
        self._begins_line = begins_line or (self._begins_line and not text)
        return text

    def _begin_notes(self) -> None:
        self._in_notes, self._in_note = True, False
        self._is_first, self._in_prose, self._after_blank = True, False, False

    def _end_notes(self) -> None:
        self._in_notes, self._begins_line = False, True

    def _read_mark(self, *, is_last: bool) -> str:
        """Takes the mark that `_held` begins with, unless more is needed to tell where it ends; a label is text."""
        if len(self._held) < _LONGEST and not is_last and _MAY_BE_PHRASE.fullmatch(self._held):
            return ""
        phrase = _PHRASE.match(self._held)
        if phrase is not None and not {*_NAMES}.isdisjoint(phrase["words"].casefold().split()):
            self._pass_phrase(phrase)
            return ""
        if phrase is not None and self._is_label(name := " ".join(phrase["words"].split())):
            self._held = self._held[phrase.end() :]
            self._begins_line = False
            return f"== {name} =="
        mark = _MARK.match(self._held)
        assert mark is not None
        if mark.end() == len(self._held) and len(self._held) < _LONGEST and not is_last:
            return ""
        name = mark[1].casefold()
        # Of one that breaks off with the reply, a letter is enough.
        is_ours = any(one.startswith(name) for one in _NAMES if name) and (
            len(name) > 1 or mark.end() == len(self._held)
        )
        # Of another mark its name goes too; signs without a second row of them are a rule, and no mark.
        end = mark.end() if is_ours or mark[2] or not name else mark.start(1)
        ends_line = end == mark.end() and self._held[end : end + 1] == "\n"
        self._held = self._held[end + ends_line :]
        self._end_notes()
        self._begins_line = ends_line
        if is_ours:
            self._begin_notes()
        return ""

    def _pass_phrase(self, phrase: re.Match[str]) -> None:
        """Leaves a mark of several words out: `=== END OF NOTES ===` ends them, any other begins them."""
        ends_line = self._held[phrase.end() : phrase.end() + 1] == "\n"
        self._held = self._held[phrase.end() + ends_line :]
        self._end_notes()
        self._begins_line = ends_line
        if phrase["words"].casefold().split()[0] not in _ENDS:
            self._begin_notes()

    def _read_notes(self, *, is_last: bool) -> None:
        """Takes the notes up to the end of their line, or finds that it is none of them."""
        if self._held.startswith(_SIGN):
            self._in_notes = False
        elif self._in_note:
            self._take_note(is_last=is_last)
        else:
            self._begin_line(is_last=is_last)

    def _begin_line(self, *, is_last: bool) -> None:
        line, end, rest = self._held.partition("\n")
        text = line.lstrip()
        is_decided = bool(end) or is_last or len(text) >= LEAD or len(line) - len(text) >= _MOST_SPACES
        if not is_decided or (not end and not is_last and may_be_mark(line)):
            return
        if not text:
            self._after_blank = self._after_blank or not self._is_first
            self._held = rest
        elif ends_notes(text):
            self._held = rest
            self._end_notes()
        elif is_mark(line) or inline_mark(line):
            self._end_notes()
        else:
            self._classify_line(line[: len(line) - len(text) + LEAD])

    def _classify_line(self, lead: str) -> None:
        if not is_note(lead, is_first=self._is_first, in_prose=self._in_prose, after_blank=self._after_blank):
            self._end_notes()
            return
        if self._is_first:
            self._in_prose = not is_list_item(lead)
        self._in_note, self._is_first, self._after_blank = True, False, False

    def _take_note(self, *, is_last: bool) -> None:
        end, sign = self._held.find("\n") + 1, self._held.find(_SIGN)
        if end and not 0 <= sign < end:
            self._in_note = False
        elif sign > 0:
            end = sign
        else:
            end = len(self._held) if is_last else len(self._held.rstrip("="))
        self._keep(self._held[:end])
        self._held = self._held[end:]

    def _keep(self, line: str) -> None:
        if self._size < _MOST:
            self._notes.append(line[: _MOST - self._size])
            self._size += len(line)


async def split_notes(
    reply: AsyncGenerator[str | _T], is_label: Callable[[str], bool] = lambda _: False
) -> AsyncGenerator[str | _T | SectionNotes]:
    """A section's reply without its trailer; then the notes, if it has any. What is no text passes as it is.

    `is_label` as in `Trailer`.
    """
    trailer = Trailer(is_label)
    async with aclosing(reply) as chunks:
        async for chunk in chunks:
            if not isinstance(chunk, str):
                yield chunk
            elif text := trailer.feed(chunk):
                yield text
    if rest := trailer.close():
        yield rest
    if trailer.notes:
        yield SectionNotes(trailer.notes)
