"""The notes at the end of a section's reply, told from its text while it streams.

    … and the lamp burned again.

    === NOTES ===
    - Mia has the key; she promised to bring it back.

A model may forget the mark, break it off, dress it otherwise (`**NOTES**`, `— Notes —`), put a fence or a rule around
it, set it in the middle or write it into a line. No text of ours has three equals signs in a row, so nothing of such a
mark is ever text; and what comes after it is notes only as long as it looks like them, so no text is lost. Where the
notes are prose, a paragraph below them may be one more or the text that goes on: it is a note only if the text above
has its length, and if no more comes than notes may have. Any other
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
    is_mark,
    is_plain,
    is_speech,
    is_turn,
    may_be_frame,
    may_be_mark,
)
from workflows.formats.toolkit.trailer_notes import NotesBelow
from workflows.formats.toolkit.trailer_signs import SIGN, read_mark
from workflows.text.words import WordCounter

_T = TypeVar("_T")
_BREAKS = (ModelBadOutput, ModelTruncated, ModelTimeout, ModelUnavailable)
MARK = "=== NOTES ==="
_MOST_SPACES = 400
"""Spaces before a line that are waited for."""
_STEP = 200
_MOST = 4000
"""Characters of notes that are kept."""
_FEW = 800
"""Characters of paragraphs below notes in prose that may be notes."""
_WHOLE = 0.75
"""The share of its length from which on a text may be whole."""


class Trailer:
    """A reply in, its text out; `notes` has what stood after the mark. Feed, then `close`."""

    def __init__(
        self, is_label: Callable[[str], bool] = lambda _: False, *, wants_notes: bool = True, words: int = 0
    ) -> None:
        """`is_label`: whether a name in such marks is text, `== Ada ==`, since it says who speaks. Unless notes were
        asked for (`wants_notes`), only a mark with three equals signs is one. `words`: the text's length, if known."""
        self._is_label = is_label
        self._wants_notes = wants_notes
        self._held = ""
        self._begins_line = True
        self._below: NotesBelow | None = None  # within the notes
        self._notes: list[str] = []
        self._size = 0
        self._has_text = False
        self._counter = WordCounter()
        self._missing = round(_WHOLE * words)  # words without which the text isn't whole

    @property
    def is_past_text(self) -> bool:
        """Whether a text came, and now notes that can't be anything else: the rest of the reply says nothing more."""
        below = self._below
        if below is None or not self._has_text:
            return False
        return below.doubtful is None or (below.is_list and below.is_dressed)

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
        if self._below is not None and self._below.lacks_list:
            rest += self._take_back(self._below)
        self._settle()
        return rest

    def _read(self, *, is_last: bool) -> Iterator[str]:
        while self._held:
            before = len(self._held), self._below, self._below and self._below.in_note
            if self._below is not None:
                yield self._read_notes(self._below, is_last=is_last)
            else:
                yield self._read_text(is_last=is_last)
            if (len(self._held), self._below, self._below and self._below.in_note) == before:
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
            needs_list, is_dressed = is_whole and not encloses(line), not (is_whole and is_plain(line))
            self._below = NotesBelow(_MOST, self._held[:taken], needs_list, is_dressed, doubtful=[])
            self._held = self._held[taken:]
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
        self._count(text)
        return text

    def _count(self, text: str) -> None:
        self._has_text = self._has_text or bool(text.strip())
        self._missing -= self._counter.feed(text)

    def _end_notes(self) -> None:
        self._settle()
        self._begins_line = True

    def _settle(self) -> None:
        """Makes notes of what is doubtful."""
        below, self._below = self._below, None
        for line in (below and below.doubtful) or ():
            self._keep("" if is_fence(line) else line)

    def _give_back(self, below: NotesBelow) -> str:
        """Makes text of what is doubtful, and of all that follows: the text that is sure. What is below a mark that is
        none can't hold another."""
        if below.mark:
            return self._take_back(below)
        self._held = "".join(below.doubtful or []) + self._held
        self._below, self._begins_line = None, True
        return ""

    def _take_back(self, below: NotesBelow) -> str:
        """Makes text of a mark that is none, and of what stands below it."""
        text = below.mark + "".join(below.doubtful or [])
        self._below, self._begins_line = None, text.endswith("\n")
        self._count(text)
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
            self._below = NotesBelow(_FEW if self._has_text and self._missing <= 0 else 0)
        return ""

    def _read_notes(self, below: NotesBelow, *, is_last: bool) -> str:
        """Takes the notes up to the end of their line; or finds that they are text, which is returned."""
        if self._held.startswith(SIGN):
            if not below.is_dressed:  # here is the mark that was asked for
                return self._take_back(below)
            self._settle()
            return ""
        if below.in_note:
            return self._take_note(below, is_last=is_last)
        return self._begin_line(below, is_last=is_last)

    def _begin_line(self, below: NotesBelow, *, is_last: bool) -> str:
        line, end, rest = self._held.partition("\n")
        text = line.lstrip()
        is_decided = bool(end) or is_last or len(text) >= LEAD or len(line) - len(text) >= _MOST_SPACES
        if not is_decided or (not end and not is_last and (may_be_mark(line) or may_be_frame(line))):
            return ""
        if below.says_nothing(line):
            self._held = self._held[len(line + end) :]
            below.pass_line(line + end)
        elif ends_notes(text) or is_fence(line):
            self._held = rest
            # What closes a list that nothing opened, such as the tags of a prompt, closes nothing.
            if below.mark or below.is_first or below.in_prose or is_fence(line):
                self._end_notes()
        elif not below.mark and (is_mark(line) or inline_mark(line)):
            self._end_notes()
        else:
            return self._classify_line(below, line[: len(line) - len(text) + LEAD])
        return ""

    def _classify_line(self, below: NotesBelow, lead: str) -> str:
        if below.in_prose and not below.most_doubtful and self._size > _FEW:
            return self._give_back(below)
        if not below.looks_like_note(lead):
            if below.mark and is_turn(lead, self._is_label) and not below.is_first:
                self._end_notes()  # beside turns of speakers there is no other text
                return ""
            if below.mark or not below.may_doubt or is_speech(lead, self._is_label):
                return self._give_back(below)
            below.doubtful = below.doubtful or []
        below.begin_note(lead)
        return ""

    def _take_note(self, below: NotesBelow, *, is_last: bool) -> str:
        end, sign = self._held.find("\n") + 1, self._held.find(SIGN)
        if end and not 0 <= sign < end:
            below.in_note = False
        elif sign > 0:
            end = sign
        else:
            end = len(self._held) if is_last else len(self._held.rstrip("="))
        line, self._held = self._held[:end], self._held[end:]
        if below.doubtful is None:
            self._keep(line)
            return ""
        below.doubtful.append(line)
        below.most_doubtful -= len(line)
        return self._give_back(below) if below.most_doubtful < 0 else ""

    def _keep(self, line: str) -> None:
        if self._size < _MOST:
            self._notes.append(line[: _MOST - self._size])
            self._size += len(line)


async def split_notes(
    reply: AsyncGenerator[str | _T],
    is_label: Callable[[str], bool] = lambda _: False,
    *,
    wants_notes: bool = True,
    words: int = 0,
) -> AsyncGenerator[str | _T | SectionNotes]:
    """A section's reply without its trailer; then the notes, if it has any. What is no text passes as it is. A reply
    that breaks off in its notes, or says the same there without end, is whole.

    `is_label`, `wants_notes` and `words` as in `Trailer`.
    """
    trailer = Trailer(is_label, wants_notes=wants_notes, words=words)
    try:
        async with aclosing(reply) as chunks:
            async for chunk in chunks:
                if not isinstance(chunk, str):
                    yield chunk
                elif text := trailer.feed(chunk):
                    yield text
        rest = trailer.close()
    except _BREAKS:
        # What is held may be the first letters of text below the notes.
        if not trailer.is_past_text or (rest := trailer.close()).strip():
            raise
    if rest:
        yield rest
    if trailer.notes:
        yield SectionNotes(trailer.notes)
