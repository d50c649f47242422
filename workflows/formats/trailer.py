"""The notes at the end of a section's reply, told from its text while it streams.

    … and the lamp burned again.

    === NOTES ===
    - Mia has the key; she promised to bring it back.

A model may forget the mark, break it off, set it in the middle or write it into a line. No text of ours has three
equals signs in a row, so nothing of a mark is ever text; and what comes after a mark is notes only as long as it looks
like them, so no text is lost.
"""

import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import TypeVar

from workflows.formats.pieces import SectionNotes

_T = TypeVar("_T")
MARK = "=== NOTES ==="
_SIGN = "==="
_MARK = re.compile(r"={3,40}[ \t*#_]{0,8}([A-Za-z]{0,20}\d{0,4})[ \t*#_:]{0,8}(={0,40})[ \t]{0,8}")
_LONGEST = 140
"""Characters that a mark may have."""
_NAME = "notes"
_NOTE = re.compile(r"\s{0,40}(?:[-*•–·]|\d{1,2}[.)]\s)")
_NOTE_START = 8
"""Characters of a line by which a note is known."""
_LONGEST_LINE = 600
_STEP = 200
_MOST = 4000
"""Characters of notes that are kept."""


class Trailer:
    """A reply in, its text out; `notes` has what stood after the mark. Feed, then `close`."""

    def __init__(self) -> None:
        self._held = ""
        self._in_notes = False
        self._after_blank = False  # the last line of the notes was blank: text may go on
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
            before = len(self._held), self._in_notes
            if self._in_notes:
                self._read_notes(is_last=is_last)
            else:
                yield self._read_text(is_last=is_last)
            if (len(self._held), self._in_notes) == before:
                break

    def _read_text(self, *, is_last: bool) -> str:
        place = self._held.find(_SIGN)
        if place < 0:
            end = len(self._held) if is_last else len(self._held.rstrip("="))
            text, self._held = self._held[:end], self._held[end:]
            return text
        text, self._held = self._held[:place], self._held[place:]
        self._read_mark(is_last=is_last)
        return text

    def _read_mark(self, *, is_last: bool) -> None:
        """Takes the mark that `_held` begins with, unless more is needed to tell where it ends."""
        mark = _MARK.match(self._held)
        assert mark is not None
        if mark.end() == len(self._held) and len(self._held) < _LONGEST and not is_last:
            return
        name = mark[1].casefold()
        # Of one that breaks off with the reply, a letter is enough.
        is_ours = bool(name) and _NAME.startswith(name) and (len(name) > 1 or mark.end() == len(self._held))
        # Of another mark its name goes too; signs without a second row of them are a rule, and no mark.
        end = mark.end() if is_ours or mark[2] or not name else mark.start(1)
        ends_line = end == mark.end() and self._held[end : end + 1] == "\n"
        self._held = self._held[end + ends_line :]
        self._in_notes, self._after_blank = is_ours, False

    def _read_notes(self, *, is_last: bool) -> None:
        """Takes the line that `_held` begins with, if it is one of the notes."""
        if self._held.startswith(_SIGN):
            self._in_notes = False
            return
        line, end, rest = self._held.partition("\n")
        if not end and not is_last and len(line) < _LONGEST_LINE:
            self._read_line_start(line)
            return
        if not line.strip():
            self._after_blank = self._after_blank or bool(self._notes)
        elif self._after_blank and not _NOTE.match(line):
            self._in_notes = False
            return
        line, sign, after = line.partition(_SIGN)
        self._keep(line + end)
        self._held = sign + after + end + rest if sign else rest

    def _read_line_start(self, line: str) -> None:
        """A line that hasn't ended yet: text that goes on after the notes isn't held back to its end."""
        if self._after_blank and len(line.strip()) >= _NOTE_START and not _NOTE.match(line):
            self._in_notes = False

    def _keep(self, line: str) -> None:
        if self._size < _MOST:
            self._notes.append(line[: _MOST - self._size])
            self._size += len(line)


async def split_notes(reply: AsyncGenerator[str | _T]) -> AsyncGenerator[str | _T | SectionNotes]:
    """A section's reply without its trailer; then the notes, if it has any. What is no text passes as it is."""
    trailer = Trailer()
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
