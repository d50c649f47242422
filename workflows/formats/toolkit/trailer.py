"""The notes at the end of a section's reply, told from its text while it streams.

    … and the lamp burned again.

    === NOTES ===
    - Mia has the key; she promised to bring it back.

A model may forget the mark, break it off, dress it otherwise (`**NOTES**`, `— Notes —`), put a fence or a rule around
it, set it in the middle or write it into a line. No text of ours has three equals signs in a row, so nothing of such a
mark is ever text; and what comes after it is notes only as long as it looks like them, so no text is lost. Any other
mark may be a line of the text, what stands on a door or on a sheet: it is held back with what is below it, and is a
mark only if no text comes any more. Where no notes were asked for, only a mark with those signs is one.
"""

from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing
from typing import TypeVar

from workflows.errors import ModelBadOutput, ModelTimeout, ModelTruncated, ModelUnavailable
from workflows.formats.pieces import SectionNotes
from workflows.formats.toolkit.trailer_lines import (
    LEAD,
    encloses,
    ends_notes,
    inline_mark,
    is_bare_mark,
    is_fence,
    is_frame,
    is_half_mark,
    is_list_item,
    is_mark,
    is_note,
    is_plain,
    is_speech,
    is_turn,
    may_be_frame,
    may_be_mark,
)
from workflows.formats.toolkit.trailer_signs import SIGN, read_mark

_T = TypeVar("_T")
_BREAKS = (ModelBadOutput, ModelTruncated, ModelTimeout, ModelUnavailable)
MARK = "=== NOTES ==="
_MOST_SPACES = 400
"""Spaces before a line that are waited for."""
_STEP = 200
_MOST = 4000
"""Characters of notes that are kept."""
_FEW = 800
"""Characters below a mark that are notes however short the text before it is."""


class Trailer:
    """A reply in, its text out; `notes` has what stood after the mark. Feed, then `close`."""

    def __init__(
        self, is_label: Callable[[str], bool] = lambda _: False, *, wants_notes: bool = True
    ) -> None:
        """`is_label`: whether a name in such marks is text, `== Ada ==`, since it says who speaks. Unless notes were
        asked for (`wants_notes`), only a mark with three equals signs is one."""
        self._is_label = is_label
        self._wants_notes = wants_notes
        self._held = ""
        self._begins_line = True
        self._in_notes = False
        self._in_note = False  # within a line of the notes
        self._is_first = True  # no line of these notes came yet
        self._in_prose = False  # the notes are no list
        self._after_blank = False
        self._notes: list[str] = []
        self._size = 0
        self._text_size = 0  # characters of the text, without spaces at its borders
        # Paragraphs below notes in prose, or all below a mark that may be text: notes, if no more than so many
        # characters come.
        self._doubtful: list[str] | None = None
        self._most_doubtful = 0
        self._mark = ""  # a mark that may be text, with what frames it
        self._needs_list = False  # only a list below makes it one
        self._is_plain = False  # it is dressed in nothing, so it is none where a dressed one follows

    @property
    def is_past_text(self) -> bool:
        """Whether a text came, and now notes that can't be anything else: the rest of the reply says nothing more."""
        is_list = not self._in_prose and not self._is_first
        return self._in_notes and self._text_size > 0 and (self._doubtful is None or is_list)

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
        rest = "".join(self._read(is_last=True))
        if self._in_notes and self._needs_list and self._is_first:
            rest += self._take_back()
        self._settle()
        return rest

    def _read(self, *, is_last: bool) -> Iterator[str]:
        while self._held:
            before = len(self._held), self._in_notes, self._in_note
            if self._in_notes:
                yield self._read_notes(is_last=is_last)
            else:
                yield self._read_text(is_last=is_last)
            if (len(self._held), self._in_notes, self._in_note) == before:
                break

    def _read_text(self, *, is_last: bool) -> str:
        """The text up to the end of its line, unless a mark stands there."""
        if self._begins_line and not self._held.startswith(SIGN):
            frame = self._frame(is_last=is_last)
            text = None if frame is None else self._read_line_mark(frame, is_last=is_last)
            if text is not None or frame is None:
                return text or ""
            if frame:
                return self._give(frame, begins_line=True)
        place = self._held.find(SIGN)
        line_end = self._held.find("\n") + 1
        if line_end and not 0 <= place < line_end:
            return self._give(line_end, begins_line=True)
        if place < 0:
            return self._give(len(self._held) if is_last else len(self._held.rstrip("=")))
        text = self._give(place) if place else ""
        return text + self._read_mark(is_last=is_last)

    def _read_line_mark(self, frame: int, *, is_last: bool) -> str | None:
        """Takes the mark that stands on the line at `frame`, with the frame, or waits for more of it; None if there is
        none."""
        line, end, _ = self._held[frame:].partition("\n")
        if line.startswith(SIGN):
            mark = read_mark(self._held[frame:], self._is_label, is_last=is_last)
            if mark is not None and mark.begins_notes:
                self._held = self._held[frame:]
                return self._read_mark(is_last=is_last)
            return "" if mark is None else None
        if not self._wants_notes:
            return None
        if not end and not is_last and may_be_mark(line):
            return ""
        is_whole = is_mark(line) or (frame > 0 and is_bare_mark(line))
        if taken := len(line + end) if is_whole else inline_mark(line):
            taken += frame
            found, self._held = self._held[:taken], self._held[taken:]
            self._begin_notes(most_doubtful=_MOST)
            self._mark, self._doubtful = found, []
            self._needs_list, self._is_plain = is_whole and not encloses(line), is_whole and is_plain(line)
            return ""
        if not end and is_last and is_half_mark(line):
            self._held = ""
            return ""
        return None

    def _frame(self, *, is_last: bool) -> int | None:
        """The end of what may frame a mark (a fence, a rule, the blank lines below it), if `_held` begins with it,
        else 0; None while more is needed."""
        line, end, rest = self._held.partition("\n")
        if not end:
            return None if not is_last and may_be_frame(line) else 0
        if not is_frame(line) or (self._wants_notes and is_mark(line)):
            return 0
        below = rest.lstrip(" \t\n")
        if not below and not is_last and len(rest) < _MOST_SPACES:
            return None
        if SIGN.startswith(below[: len(SIGN)]) and not is_last and len(below) < len(SIGN):
            return None
        return len(self._held) - len(below)

    def _give(self, end: int, *, begins_line: bool = False) -> str:
        text, self._held = self._held[:end], self._held[end:]
        self._begins_line = begins_line or (self._begins_line and not text)
        self._text_size += len(text.strip())
        return text

    def _begin_notes(self, *, most_doubtful: int = 0) -> None:
        self._in_notes, self._in_note = True, False
        self._is_first, self._in_prose, self._after_blank = True, False, False
        self._most_doubtful = most_doubtful
        self._mark, self._needs_list, self._is_plain = "", False, False

    def _end_notes(self) -> None:
        self._settle()
        self._in_notes, self._begins_line = False, True

    def _settle(self) -> None:
        """Makes notes of what is doubtful."""
        doubtful, self._doubtful = self._doubtful or [], None
        for line in doubtful:
            self._keep("" if is_fence(line) else line)
        self._mark, self._needs_list, self._is_plain = "", False, False

    def _give_back(self) -> str:
        """Makes text of what is doubtful, and of all that follows: the text that is sure. What is below a mark that is
        none can't hold another."""
        if self._mark:
            return self._take_back()
        doubtful, self._doubtful = self._doubtful or [], None
        self._held = "".join(doubtful) + self._held
        self._in_note = False
        self._end_notes()
        return ""

    def _take_back(self) -> str:
        """Makes text of a mark that is none, and of what stands below it."""
        text = self._mark + "".join(self._doubtful or [])
        self._doubtful, self._in_note = None, False
        self._end_notes()
        self._begins_line = text.endswith("\n")
        self._text_size += len(text.strip())
        return text

    def _read_mark(self, *, is_last: bool) -> str:
        """Takes the mark that `_held` begins with, unless more is needed to tell where it ends; a label is text."""
        if (mark := read_mark(self._held, self._is_label, is_last=is_last)) is None:
            return ""
        if mark.label:
            self._held = self._held[mark.end :]
            self._begins_line = False
            return f"== {mark.label} =="
        ends_line = self._held[mark.end : mark.end + 1] == "\n"
        self._held = self._held[mark.end + ends_line :]
        self._end_notes()
        self._begins_line = ends_line
        if mark.begins_notes:
            limit = min(_MOST, max(_FEW, self._text_size)) if self._text_size else 0
            self._begin_notes(most_doubtful=limit)
        return ""

    def _read_notes(self, *, is_last: bool) -> str:
        """Takes the notes up to the end of their line; or finds that they are text, which is returned."""
        if self._held.startswith(SIGN):
            if self._is_plain:  # here is the mark that was asked for
                return self._take_back()
            self._settle()
            self._in_notes = False
            return ""
        if self._in_note:
            return self._take_note(is_last=is_last)
        return self._begin_line(is_last=is_last)

    def _begin_line(self, *, is_last: bool) -> str:
        line, end, rest = self._held.partition("\n")
        text = line.lstrip()
        is_decided = bool(end) or is_last or len(text) >= LEAD or len(line) - len(text) >= _MOST_SPACES
        if not is_decided or (not end and not is_last and (may_be_mark(line) or may_be_frame(line))):
            return ""
        if not text:
            self._after_blank = self._after_blank or not self._is_first
            return self._pass_line(line + end)
        if (is_frame(line) and self._is_first) or (is_fence(line) and self._is_plain):
            return self._pass_line(line + end)
        if ends_notes(text) or is_fence(line):
            self._held = rest
            # What closes a list that nothing opened, such as the tags of a prompt, closes nothing.
            if self._mark or self._is_first or self._in_prose or is_fence(line):
                self._end_notes()
            return ""
        if self._mark and is_mark(line):
            return self._pass_line(line + end)  # of what may be text a mark says no more than the first one
        if not self._mark and (is_mark(line) or inline_mark(line)):
            self._end_notes()
            return ""
        return self._classify_line(line[: len(line) - len(text) + LEAD])

    def _pass_line(self, line: str) -> str:
        """Leaves out a line that says nothing, unless it may be text."""
        self._held = self._held[len(line) :]
        if self._mark and self._is_first:
            self._mark += line
        elif self._doubtful is not None:
            self._doubtful.append(line)
        return ""

    def _classify_line(self, lead: str) -> str:
        if not self._looks_like_note(lead):
            if self._mark and is_turn(lead, self._is_label) and not self._is_first:
                self._end_notes()  # beside turns of speakers there is no other text
                return ""
            if self._mark or not self._in_prose or not self._most_doubtful or is_speech(lead, self._is_label):
                return self._give_back()
            self._doubtful = self._doubtful or []
        if self._is_first:
            self._in_prose = not is_list_item(lead)
        self._in_note, self._is_first, self._after_blank = True, False, False
        return ""

    def _looks_like_note(self, lead: str) -> bool:
        if self._needs_list and self._is_first:
            return is_list_item(lead)
        return is_note(lead, is_first=self._is_first, in_prose=self._in_prose, after_blank=self._after_blank)

    def _take_note(self, *, is_last: bool) -> str:
        end, sign = self._held.find("\n") + 1, self._held.find(SIGN)
        if end and not 0 <= sign < end:
            self._in_note = False
        elif sign > 0:
            end = sign
        else:
            end = len(self._held) if is_last else len(self._held.rstrip("="))
        line, self._held = self._held[:end], self._held[end:]
        if self._doubtful is None:
            self._keep(line)
            return ""
        self._doubtful.append(line)
        self._most_doubtful -= len(line)
        return self._give_back() if self._most_doubtful < 0 else ""

    def _keep(self, line: str) -> None:
        if self._size < _MOST:
            self._notes.append(line[: _MOST - self._size])
            self._size += len(line)


async def split_notes(
    reply: AsyncGenerator[str | _T],
    is_label: Callable[[str], bool] = lambda _: False,
    *,
    wants_notes: bool = True,
) -> AsyncGenerator[str | _T | SectionNotes]:
    """A section's reply without its trailer; then the notes, if it has any. What is no text passes as it is. A reply
    that breaks off in its notes, or says the same there without end, is whole.

    `is_label` and `wants_notes` as in `Trailer`.
    """
    trailer = Trailer(is_label, wants_notes=wants_notes)
    try:
        async with aclosing(reply) as chunks:
            async for chunk in chunks:
                if not isinstance(chunk, str):
                    yield chunk
                elif text := trailer.feed(chunk):
                    yield text
    except _BREAKS:
        if not trailer.is_past_text:
            raise
    if rest := trailer.close():
        yield rest
    if trailer.notes:
        yield SectionNotes(trailer.notes)
