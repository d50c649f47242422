"""Content of a streamed reply: without the model's thoughts and its chat template's marks.

Works on pieces that are cut anywhere, and in time linear in the text. Thoughts stand between marks, or before a lone
closing mark: some servers put the opening one into the prompt. An end mark is dropped where nothing but white space,
marks or another turn follows; within a text it is text. A mark in backquotes is text everywhere. Turns and channels of
thoughts are none, and where one is named as the answer, what came before it unnamed was a thought.
"""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from workflows.models.replies.blocks import FENCE_ENDS, find_summary_end, is_of_thoughts
from workflows.models.replies.channels import read_channel
from workflows.models.replies.control_tokens import is_cut
from workflows.models.replies.marks import (
    BARE_ROLE,
    LONGEST,
    LONGEST_SPOKEN_END,
    OPENERS,
    SPOKEN,
    MarkKind,
    end_of_heading,
    find_mark,
    find_spoken_end,
    find_tail,
    has_opener,
    match_mark,
    may_become_mark,
    name_of,
)
from workflows.models.replies.reply_content import ReplyContent
from workflows.models.replies.roles import HeaderSearch, TurnHeader, read_header
from workflows.models.replies.states import CHANNEL_ENDS, TAG_ENDS, TOKEN_ENDS, ReplyState

_AT_ONCE = 1024  # characters of a thought in words that are looked at in one go
_NOT_SPACE = re.compile(r"\S")


class ReplyFilter:
    """Filter for one reply. `feed` and `finish` return content.

    `restarted`: what was returned before the last call was a thought, since a lone closing mark came after it; the
    last call's return value and what follows are the content. With `holds`, nothing is returned before a closing
    mark or the reply's end, so that this can't happen; for models that are known to think without an opening mark.
    """

    def __init__(self, *, holds: bool = False) -> None:
        self.thought = False
        """Whether there were thoughts."""
        self.unmarked = False
        """Whether the reply began within them, with no mark before."""
        self._content = ReplyContent(holds=holds)
        self._state = ReplyState.START
        self._buffer, self._at = "", 0
        self._answered = False  # whether the content was named as the answer
        self._may_be_next = False  # whether the thought may belong to the next turn, after a text
        self._fence, self._details_tag, self._tag = "`", "", ""
        self._closed_by: tuple[MarkKind, ...] = ()
        self._spoken_end = SPOKEN[0][1]
        self._spoken: list[str] = []
        self._pending: list[str] = []  # marks and white space after an end mark
        self._names = False  # whether the last of them is followed by the name of who speaks
        self._has_headings = False  # whether the text itself has headings in brackets
        self._wrapped = False
        self._shows_wraps = False  # whether the text itself has the tags of a wrapper

    @property
    def restarted(self) -> bool:
        """Whether what was returned before the last call was a thought."""
        return self._content.restarted

    @property
    def unclosed(self) -> bool:
        """Whether the text so far ends within a thought."""
        is_within = self._state in (ReplyState.THOUGHT, ReplyState.HEADER, ReplyState.FENCE)
        return is_within and not self._may_be_next

    @property
    def _may_unwrap(self) -> bool:
        """Whether the closing tag of a wrapper may be one: its opening tag was dropped, or stood in the prompt."""
        return self._wrapped or not self._shows_wraps

    def feed(self, text: str) -> str:
        """The content that is certain after `text`."""
        self._content.restarted = False
        if self._state is ReplyState.TEXT and self._at == len(self._buffer) and not has_opener(text):
            self._content.say(text)  # nearly every piece of nearly every reply
        else:
            self._buffer = self._buffer[self._at :] + text
            self._at = 0
            self._run(last=False)
        return self._content.take()

    def finish(self) -> str:
        """The content held until the reply's end. An unclosed thought is none."""
        self._content.restarted = False
        self._run(last=True)
        restarted = self.restarted
        while self._state is ReplyState.SPOKEN:  # words that only began as a thought does
            self._has_headings = True
            self._buffer, self._at = "".join([*self._spoken, self._buffer[self._at :]]), 0
            self._state = ReplyState.TEXT
            self._run(last=True)
            self._content.restarted = restarted  # nothing of them was returned
        self._content.release()
        return self._content.take()

    def _run(self, *, last: bool) -> None:
        while self._at < len(self._buffer) and self._STEPS[self._state](self, last):
            pass

    # One step of each state: takes something off the buffer, and says whether to go on.

    def _start(self, last: bool) -> bool:
        self._skip_space()
        beginning = self._buffer[self._at : self._at + LONGEST]
        if not last and BARE_ROLE.startswith(beginning):
            return False
        if beginning.startswith(BARE_ROLE):
            self._at += len(BARE_ROLE)
            return True
        beginning = beginning.lower()
        for begins, ends in SPOKEN:
            follows = beginning[len(begins) : len(begins) + 1]
            if not last and begins.startswith(beginning):
                return False
            # The name of a channel runs into the words after it; the noun doesn't.
            if beginning.startswith(begins) and (not begins[-1].isalpha() or follows.isalpha()):
                self._state, self._spoken_end, self._spoken = ReplyState.SPOKEN, ends, []
                return True
        self._state = ReplyState.TEXT
        return True

    def _text(self, last: bool) -> bool:
        found = find_mark(self._buffer, self._at)
        if found is None:
            tail = find_tail(self._buffer, self._at)
            cut = tail if not last or is_cut(self._buffer[tail:]) else len(self._buffer)
            self._content.say(self._buffer[self._at : cut])
            self._at = len(self._buffer) if last else cut
            return False
        start, end, kind = found
        self._content.say(self._buffer[self._at : start])
        self._at = end
        mark = self._buffer[start:end]
        if self._content.last == "`" or not self._meet(kind, mark):
            self._content.say(mark)
        return True

    def _meet(self, kind: MarkKind, mark: str) -> bool:
        """Handles a mark where text may be. False: it is text."""
        if self._meet_thought(kind, mark):
            return True
        match kind:
            case "close" if not self._answered:
                self._restart()
            case "answer":
                self._begin_answer()
            case "end" | "token" | "turn" | "begin" | "close":
                self._end(mark, kind)
            case "speaker":
                self._state = ReplyState.OVER if self._content.last else ReplyState.START
            case "wrap" if not self._content.last:
                self._wrapped, self._state = True, ReplyState.START
            case "wrap":
                self._shows_wraps = True
                return False
            case "unwrap" if self._may_unwrap:
                self._end("" if self._wrapped else mark, kind)
            case _:
                return kind in ("message", "empty")
        return True

    def _meet_thought(self, kind: MarkKind, mark: str) -> bool:
        """Handles a mark that begins a thought. False: it is another one."""
        match kind:
            case "open":
                self._begin_thought(TOKEN_ENDS if mark[1] == "|" else TAG_ENDS)
            case "leading" if not self._content.last:
                self._begin_thought((*TAG_ENDS, "close_leading"), name_of(mark))
            case "heading" if not (self._content.last or self._has_headings):
                self._state, self._spoken_end, self._spoken = ReplyState.SPOKEN, end_of_heading(mark), [mark]
            case "fence" | "leading_fence" if self._content.begins_line and (
                kind == "fence" or not self._content.last
            ):
                self._state, self._fence, self.thought = ReplyState.FENCE, mark[0], True
            case "details" if is_of_thoughts(mark):
                self._begin_thought(("close_details",))
            case "details":
                self._state, self._details_tag = ReplyState.DETAILS, mark
            case "channel":
                self._state = ReplyState.HEADER
            case _:
                return False
        return True

    def _begin_thought(self, closed_by: tuple[MarkKind, ...], tag: str = "") -> None:
        self._state, self._closed_by, self._tag, self.thought = ReplyState.THOUGHT, closed_by, tag, True

    def _begin_answer(self) -> None:
        """Begins what is named as the answer: a text before it was a thought, unless that was one too."""
        if self._answered:
            self._state = ReplyState.TEXT if self._content.last else ReplyState.START
            return
        if self._content.last:
            self._restart()
        self._state, self._answered, self._may_be_next = ReplyState.START, True, False

    def _end(self, mark: str, kind: MarkKind) -> None:
        self._state, self._pending, self._names = ReplyState.ENDED, [mark], kind == "turn"

    def _restart(self) -> None:
        """Handles a lone closing mark: all text before it is a thought."""
        self.thought = True
        self.unmarked = self.unmarked or bool(self._content.last)
        self._content.restart()
        self._wrapped, self._state = False, ReplyState.START

    def _think(self, last: bool) -> bool:
        del last
        while (found := find_mark(self._buffer, self._at)) is not None:
            start, self._at, kind = found
            quoted = self._buffer[start - 1 : start] == "`"
            mark = self._buffer[start : self._at]
            is_user = kind == "speaker" and "user" in mark.lower()
            is_inner = kind == "close_leading" and name_of(mark) != self._tag
            if kind in self._closed_by and not (quoted or is_user or is_inner):
                self._end_thought(kind)
                return True
        # Of a thought, only what may become a mark is kept, with the character before it.
        self._at = max(self._at, find_tail(self._buffer, self._at) - 1)
        return False

    def _end_thought(self, kind: MarkKind) -> None:
        if kind == "channel":
            self._state = ReplyState.HEADER
        elif kind in ("end", "turn"):
            self._end("", kind)
        elif kind == "answer":
            self._begin_answer()
        else:
            self._state = ReplyState.TEXT if self._content.last else ReplyState.START

    def _think_in_fence(self, last: bool) -> bool:
        found = FENCE_ENDS[self._fence].search(self._buffer, self._at)
        if found is not None and (last or found.end() < len(self._buffer)):
            self._at = found.end()
            self._state = ReplyState.TEXT if self._content.last else ReplyState.START
            return True
        self._at = max(self._at, len(self._buffer) - 3)  # as much as tells that a fence may end there
        return False

    def _read_details(self, last: bool) -> bool:
        end = find_summary_end(self._buffer, self._at, is_whole=last)
        if end is None:
            return False
        if end:
            self._at = end
            self._begin_thought(("close_details",))
        else:
            self._state = ReplyState.TEXT
            self._content.say(self._details_tag)
        return True

    def _think_aloud(self, last: bool) -> bool:
        del last
        piece = self._buffer[self._at : self._at + _AT_ONCE]
        end, is_marked = find_spoken_end(piece, self._spoken_end, "".join(self._spoken[-1:]))
        if end:
            self._at += end
            self._spoken, self.thought, self._state = [], True, ReplyState.START
            self.unmarked = self.unmarked or is_marked
            return True
        kept = min(len(piece) - LONGEST_SPOKEN_END, find_tail(piece, 0) - 1)
        if kept > 0 and piece[kept - 1] == "`":
            kept -= 1  # what it quotes is told by it
        if kept > 0:
            self._spoken.append(piece[:kept])
            self._at += kept
        return len(piece) == _AT_ONCE

    def _header(self, last: bool) -> bool:
        channel = read_channel(self._buffer, self._at, is_whole=last)
        if channel is None:
            return False
        self._at = channel.end
        if channel.is_answer:
            self._begin_answer()
        else:
            self._begin_thought(CHANNEL_ENDS)
        return True

    def _next(self, last: bool) -> bool:
        self._skip_space()
        if self._at == len(self._buffer):
            return False
        found = match_mark(self._buffer, self._at)
        rest = self._buffer[self._at : self._at + LONGEST]
        if found is None and not last and rest[0] in OPENERS and may_become_mark(rest):
            return False
        if found is not None and found[1] == "channel":
            self._at, self._state, self._may_be_next = found[0], ReplyState.HEADER, True
        else:
            self._state = ReplyState.OVER
        return True

    def _ended(self, last: bool) -> bool:
        self._pending.append(self._skip_space())
        if self._at == len(self._buffer):
            return False
        if (found := match_mark(self._buffer, self._at)) is not None:
            return self._meet_after_end(*found)
        rest = self._buffer[self._at : self._at + LONGEST]
        if not last and rest[0] in OPENERS and may_become_mark(rest):
            return False
        header = read_header(self._buffer, self._at, is_whole=last) if self._names else HeaderSearch.NOT_FOUND
        if header is HeaderSearch.PENDING:
            return False
        if isinstance(header, TurnHeader):
            self._meet_turn(header)
        else:
            self._release()
        return True

    def _meet_turn(self, header: TurnHeader) -> None:
        """Begins the turn that was named, or leaves the reply where that is the next one."""
        is_over = bool(self._content.last) and (self._answered or header.kind == "other")
        self._at += 0 if header.kind == "other" else header.length
        if is_over:
            self._state = ReplyState.OVER
        elif header.kind == "answer":
            self._begin_answer()
        elif header.kind == "thought":
            self._may_be_next = bool(self._content.last)
            self._begin_thought(CHANNEL_ENDS)
        else:
            self._state = ReplyState.NEXT if self._content.last else ReplyState.START

    def _meet_after_end(self, end: int, kind: MarkKind) -> bool:
        if kind in ("end", "token", "turn", "begin") or (kind == "unwrap" and self._may_unwrap):
            self._pending.append(self._buffer[self._at : end])
            self._names = kind == "turn"
            self._at = end
        elif self._content.last and kind in ("speaker", "channel"):
            self._state = ReplyState.OVER
        else:
            self._release()
        return True

    def _release(self) -> None:
        """Releases marks as text, since more text follows. Before a text they mean nothing."""
        if self._content.last:
            self._content.say("".join(self._pending))
        self._state = ReplyState.TEXT if self._content.last else ReplyState.START
        self._pending = []

    def _over(self, last: bool) -> bool:
        del last
        self._at = len(self._buffer)
        return False

    _STEPS: ClassVar[Mapping[ReplyState, Callable[["ReplyFilter", bool], bool]]] = {
        ReplyState.START: _start,
        ReplyState.TEXT: _text,
        ReplyState.THOUGHT: _think,
        ReplyState.SPOKEN: _think_aloud,
        ReplyState.FENCE: _think_in_fence,
        ReplyState.DETAILS: _read_details,
        ReplyState.HEADER: _header,
        ReplyState.NEXT: _next,
        ReplyState.ENDED: _ended,
        ReplyState.OVER: _over,
    }

    def _skip_space(self) -> str:
        found = _NOT_SPACE.search(self._buffer, self._at)
        start, self._at = self._at, found.start() if found else len(self._buffer)
        return self._buffer[start : self._at]
