"""Content of a streamed reply: without the model's thoughts and its chat template's marks.

Works on pieces that are cut anywhere, and in time linear in the text. Thoughts stand between marks, or before a lone
closing mark: some servers put the opening one into the prompt. An end mark is dropped where nothing but white space,
marks or another turn follows; within a text it is text. A mark in backquotes is text everywhere. Turns and channels of
thoughts are none, and where one is named as the answer, what came before it unnamed was a thought.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import ClassVar

from workflows.models.replies.blocks import FENCE_ENDS, find_summary_end, is_of_thoughts
from workflows.models.replies.marks import (
    BARE_ROLE,
    LONGEST,
    LONGEST_SPOKEN_END,
    OPENERS,
    SPOKEN,
    MarkKind,
    find_mark,
    has_opener,
    match_mark,
    may_become_mark,
)
from workflows.models.replies.roles import HeaderSearch, TurnHeader, is_answer, read_header

_LONGEST_HEADER = 200
_TAG_ENDS: tuple[MarkKind, ...] = ("close", "close_leading", "answer")
_CHANNEL_ENDS: tuple[MarkKind, ...] = ("end", "turn", "channel", "close", "answer")
_TOKEN_ENDS: tuple[MarkKind, ...] = (
    *_CHANNEL_ENDS,
    "speaker",
)  # of thoughts that a template's own token began
_HEADER_END = re.compile(r"[\n\r]")
_CHANNEL = re.compile(r"\s{0,9}[A-Za-z_]{0,30}")
_NOT_SPACE = re.compile(r"\S")


class _State(Enum):
    START = auto()  # nothing was said: white space, wrappers and the beginnings of turns are dropped
    TEXT = auto()
    THOUGHT = auto()
    SPOKEN = auto()  # a thought that words begin and end; kept, in case that its end never comes
    FENCE = auto()  # a thought within a code fence
    DETAILS = auto()  # after `<details>`: the summary that says what it holds
    HEADER = auto()  # after `<|channel|>`: the name of the channel
    NEXT = auto()  # after a text, another turn of the same speaker: a channel follows, or the reply is over
    ENDED = auto()  # after an end mark: more text shows that it was text, anything else is dropped with it
    OVER = auto()  # another turn began: no more of it is the reply's


class ReplyFilter:
    """Filter for one reply. `feed` and `finish` return content.

    `restarted`: what was returned before the last call was a thought, since a lone closing mark came after it; the
    last call's return value and what follows are the content. With `holds`, nothing is returned before a closing
    mark or the reply's end, so that this can't happen; for models that are known to think without an opening mark.
    """

    def __init__(self, *, holds: bool = False) -> None:
        self.restarted = False
        self.thought = False
        """Whether there were thoughts."""
        self.unmarked = False
        """Whether the reply began within them, with no mark before."""
        self._holds = holds
        self._held: list[str] = []  # with `holds`: content, or a thought
        self._state = _State.START
        self._buffer, self._at = "", 0
        self._tail = ""  # the last characters of content
        self._answered = False  # whether the content was named as the answer
        self._may_be_next = False  # whether the thought may belong to the next turn, after a text
        self._fence, self._details_tag = "`", ""
        self._closed_by: tuple[MarkKind, ...] = ()
        self._spoken_end = SPOKEN[0][1]
        self._spoken: list[str] = []
        self._pending: list[str] = []  # marks and white space after an end mark
        self._names = False  # whether the last of them is followed by the name of who speaks
        self._wrapped = False

    @property
    def unclosed(self) -> bool:
        """Whether the text so far ends within a thought."""
        is_within = self._state in (_State.THOUGHT, _State.HEADER, _State.FENCE)
        return is_within and not self._may_be_next

    @property
    def _last(self) -> str:
        """The last character of content."""
        return self._tail[-1:]

    def feed(self, text: str) -> str:
        """The content that is certain after `text`."""
        self.restarted = False
        if self._state is _State.TEXT and self._at == len(self._buffer) and not has_opener(text):
            out: list[str] = []
            self._say(text, out)  # nearly every piece of nearly every reply
            return "".join(out)
        self._buffer = self._buffer[self._at :] + text
        self._at = 0
        return "".join(self._run(last=False))

    def finish(self) -> str:
        """The content held until the reply's end. An unclosed thought is none."""
        self.restarted = False
        out = self._run(last=True)
        if self._state is _State.SPOKEN:  # words that only began as a thought does
            self._state = _State.TEXT
            self._say("".join(self._spoken) + self._buffer[self._at :], out)
            self._at = len(self._buffer)
        held, self._held, self._holds = self._held, [], False
        return "".join([*held, *out])

    def _run(self, *, last: bool) -> list[str]:
        out: list[str] = []
        while self._at < len(self._buffer) and self._STEPS[self._state](self, out, last):
            pass
        return out

    # One step of each state: takes something off the buffer, and says whether to go on.

    def _start(self, out: list[str], last: bool) -> bool:
        del out
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
            if beginning.startswith(begins) and (begins[-1] in ":\n" or follows.isalpha()):
                self._state, self._spoken_end, self._spoken = _State.SPOKEN, ends, []
                return True
        self._state = _State.TEXT
        return True

    def _text(self, out: list[str], last: bool) -> bool:
        found = find_mark(self._buffer, self._at)
        if found is None:
            cut = len(self._buffer) if last else self._find_tail()
            self._say(self._buffer[self._at : cut], out)
            self._at = cut
            return False
        start, end, kind = found
        self._say(self._buffer[self._at : start], out)
        self._at = end
        mark = self._buffer[start:end]
        if self._last == "`" or not self._meet(kind, mark, out):
            self._say(mark, out)
        return True

    def _find_tail(self) -> int:
        """The start of a possible mark at the buffer's end."""
        low = max(self._at, len(self._buffer) - LONGEST)
        opener = max(self._buffer.rfind(char, low) for char in OPENERS)
        if opener >= 0 and (sign := self._buffer[opener]) in FENCE_ENDS:
            while opener > low and self._buffer[opener - 1] == sign:
                opener -= 1
        return opener if opener >= 0 and may_become_mark(self._buffer[opener:]) else len(self._buffer)

    def _meet(self, kind: MarkKind, mark: str, out: list[str]) -> bool:
        """Handles a mark where text may be. False: it is text."""
        if self._meet_thought(kind, mark):
            return True
        match kind:
            case "close" if not self._answered:
                self._restart(out)
            case "answer":
                self._begin_answer(out)
            case "end" | "turn" | "begin" | "close":
                self._end(mark, kind)
            case "speaker":
                self._state = _State.OVER if self._last else _State.START
            case "wrap" if not self._last:
                self._wrapped, self._state = True, _State.START
            case "unwrap" if self._wrapped:
                self._end("", kind)
            case "message" | "empty":
                pass
            case _:
                return False
        return True

    def _meet_thought(self, kind: MarkKind, mark: str) -> bool:
        """Handles a mark that begins a thought. False: it is another one."""
        match kind:
            case "open":
                self._begin_thought(_TOKEN_ENDS if mark[1] == "|" else _TAG_ENDS)
            case "leading" if not self._last:
                self._begin_thought(_TAG_ENDS)
            case "fence" | "leading_fence" if self._begins_line() and (kind == "fence" or not self._last):
                self._state, self._fence, self.thought = _State.FENCE, mark[0], True
            case "details" if is_of_thoughts(mark):
                self._begin_thought(("close_details",))
            case "details":
                self._state, self._details_tag = _State.DETAILS, mark
            case "channel":
                self._state = _State.HEADER
            case _:
                return False
        return True

    def _begins_line(self) -> bool:
        """Whether the text so far ends at the start of a line, or in its first blanks."""
        _, line_end, blank = self._tail.rpartition("\n")
        return not self._tail or (bool(line_end) and not blank.strip(" \t"))

    def _begin_thought(self, closed_by: tuple[MarkKind, ...]) -> None:
        self._state, self._closed_by, self.thought = _State.THOUGHT, closed_by, True

    def _begin_answer(self, out: list[str]) -> None:
        """Begins what is named as the answer: a text before it was a thought, unless that was one too."""
        if self._answered:
            self._state = _State.TEXT if self._last else _State.START
            return
        if self._last:
            self._restart(out)
        self._state, self._answered, self._may_be_next = _State.START, True, False

    def _end(self, mark: str, kind: MarkKind) -> None:
        self._state, self._pending, self._names = _State.ENDED, [mark], kind == "turn"

    def _restart(self, out: list[str]) -> None:
        """Handles a lone closing mark: all text before it is a thought."""
        self.thought = True
        self.unmarked = self.unmarked or bool(self._last)
        self.restarted = self.restarted or bool(self._last and not self._holds)
        out.clear()
        self._held, self._holds = [], False
        self._tail, self._wrapped, self._state = "", False, _State.START

    def _think(self, out: list[str], last: bool) -> bool:
        del last
        while (found := find_mark(self._buffer, self._at)) is not None:
            start, end, kind = found
            quoted = self._buffer[start - 1 : start] == "`"
            self._at = end
            is_user = kind == "speaker" and "user" in self._buffer[start:end].lower()
            if kind in self._closed_by and not quoted and not is_user:
                self._end_thought(kind, out)
                return True
        # Of a thought, only what may become a mark is kept, with the character before it.
        self._at = max(self._at, self._find_tail() - 1)
        return False

    def _end_thought(self, kind: MarkKind, out: list[str]) -> None:
        if kind == "channel":
            self._state = _State.HEADER
        elif kind in ("end", "turn"):
            self._end("", kind)
        elif kind == "answer":
            self._begin_answer(out)
        else:
            self._state = _State.TEXT if self._last else _State.START

    def _think_in_fence(self, out: list[str], last: bool) -> bool:
        del out
        found = FENCE_ENDS[self._fence].search(self._buffer, self._at)
        if found is not None and (last or found.end() < len(self._buffer)):
            self._at = found.end()
            self._state = _State.TEXT if self._last else _State.START
            return True
        self._at = max(self._at, len(self._buffer) - 3)  # as much as tells that a fence may end there
        return False

    def _read_details(self, out: list[str], last: bool) -> bool:
        end = find_summary_end(self._buffer, self._at, is_whole=last)
        if end is None:
            return False
        if end:
            self._at = end
            self._begin_thought(("close_details",))
        else:
            self._state = _State.TEXT
            self._say(self._details_tag, out)
        return True

    def _think_aloud(self, out: list[str], last: bool) -> bool:
        del out, last
        if found := self._spoken_end.search(self._buffer, self._at):
            self._at = found.end()
            self._spoken, self.thought, self._state = [], True, _State.START
            return True
        cut = max(self._at, len(self._buffer) - LONGEST_SPOKEN_END)
        self._spoken.append(self._buffer[self._at : cut])
        self._at = cut
        return False

    def _header(self, out: list[str], last: bool) -> bool:
        limit = self._at + _LONGEST_HEADER
        found = find_mark(self._buffer, self._at)
        line = _HEADER_END.search(self._buffer, self._at, limit)
        if found is None and line is None and len(self._buffer) <= limit and not last:
            return False
        channel = _CHANNEL.match(self._buffer, self._at)
        words = channel.end() if channel is not None else self._at
        if line is not None and (found is None or line.start() < found[0]):
            is_name = not self._buffer[words : line.start()].strip()
            found = (line.start(), line.end(), "message") if is_name else None
        start, end, kind = found or (words, words, "message")
        names_answer = is_answer(self._buffer[self._at : min(start, limit)])
        if kind != "message" or start > limit:
            end = words if names_answer else min(start, limit)
        self._at = end
        if names_answer:
            self._begin_answer(out)
        else:
            self._begin_thought(_CHANNEL_ENDS)
        return True

    def _next(self, out: list[str], last: bool) -> bool:
        del out
        self._skip_space()
        if self._at == len(self._buffer):
            return False
        found = match_mark(self._buffer, self._at)
        rest = self._buffer[self._at : self._at + LONGEST]
        if found is None and not last and rest[0] in OPENERS and may_become_mark(rest):
            return False
        if found is not None and found[1] == "channel":
            self._at, self._state, self._may_be_next = found[0], _State.HEADER, True
        else:
            self._state = _State.OVER
        return True

    def _ended(self, out: list[str], last: bool) -> bool:
        self._pending.append(self._skip_space())
        if self._at == len(self._buffer):
            return False
        if (found := match_mark(self._buffer, self._at)) is not None:
            return self._meet_after_end(*found, out)
        rest = self._buffer[self._at : self._at + LONGEST]
        if not last and rest[0] in OPENERS and may_become_mark(rest):
            return False
        header = self._read_header(last)
        if header is HeaderSearch.PENDING:
            return False
        if isinstance(header, TurnHeader):
            self._meet_turn(header, out)
        else:
            self._release(out)
        return True

    def _read_header(self, last: bool) -> TurnHeader | HeaderSearch:
        if not self._names:
            return HeaderSearch.NOT_FOUND
        return read_header(self._buffer, self._at, is_whole=last)

    def _meet_turn(self, header: TurnHeader, out: list[str]) -> None:
        """Begins the turn that was named, or leaves the reply where that is the next one."""
        is_over = bool(self._last) and (self._answered or header.kind == "other")
        self._at += 0 if header.kind == "other" else header.length
        if is_over:
            self._state = _State.OVER
        elif header.kind == "answer":
            self._begin_answer(out)
        elif header.kind == "thought":
            self._may_be_next = bool(self._last)
            self._begin_thought(_CHANNEL_ENDS)
        else:
            self._state = _State.NEXT if self._last else _State.START

    def _meet_after_end(self, end: int, kind: MarkKind, out: list[str]) -> bool:
        if kind in ("end", "turn", "begin") or (kind == "unwrap" and self._wrapped):
            self._pending.append(self._buffer[self._at : end])
            self._names = kind == "turn"
            self._at = end
        elif self._last and kind in ("speaker", "channel"):
            self._state = _State.OVER
        else:
            self._release(out)
        return True

    def _release(self, out: list[str]) -> None:
        """Releases marks as text, since more text follows. Before a text they mean nothing."""
        if self._last:
            self._say("".join(self._pending), out)
        self._state = _State.TEXT if self._last else _State.START
        self._pending = []

    def _over(self, out: list[str], last: bool) -> bool:
        del out, last
        self._at = len(self._buffer)
        return False

    _STEPS: ClassVar[Mapping[_State, Callable[["ReplyFilter", list[str], bool], bool]]] = {
        _State.START: _start,
        _State.TEXT: _text,
        _State.THOUGHT: _think,
        _State.SPOKEN: _think_aloud,
        _State.FENCE: _think_in_fence,
        _State.DETAILS: _read_details,
        _State.HEADER: _header,
        _State.NEXT: _next,
        _State.ENDED: _ended,
        _State.OVER: _over,
    }

    def _skip_space(self) -> str:
        found = _NOT_SPACE.search(self._buffer, self._at)
        start, self._at = self._at, found.start() if found else len(self._buffer)
        return self._buffer[start : self._at]

    def _say(self, text: str, out: list[str]) -> None:
        """Content; leading white space is dropped."""
        if not self._last:
            text = text.lstrip()
        if text:
            self._tail = (self._tail + text[-4:])[-4:]
            (self._held if self._holds else out).append(text)


def clean_reply(text: str) -> str:
    """The content of a whole reply, without text before a lone closing mark, and white space before a text."""
    if not has_opener(text) and not _begins_aloud(text):
        return text.lstrip()
    reply = ReplyFilter()
    first = reply.feed(text)
    rest = reply.finish()
    return rest if reply.restarted else first + rest


def begins_within_thoughts(text: str) -> bool:
    """Whether a whole reply begins within thoughts, with no mark before them."""
    reply = ReplyFilter()
    reply.feed(text)
    return reply.unmarked


def _begins_aloud(text: str) -> bool:
    beginning = text.lstrip()[:LONGEST].lower()
    return beginning.startswith(BARE_ROLE) or any(beginning.startswith(begins) for begins, _ in SPOKEN)
