"""Names after a template's beginning of a turn: who speaks, or which channel. Pure.

`<|im_start|>assistant`, `<|im_start|>think`, `<|start_header_id|>answer<|end_header_id|>`, `<|start|>assistant/final`.
"""

import re
from enum import Enum
from typing import Literal, NamedTuple

ROLES = frozenset({"assistant", "model", "bot", "user", "human", "system", "developer", "tool"})
"""Who may be named after the beginning of a turn."""
SPEAKERS = frozenset({"assistant", "model", "bot"})
"""The names of the one whose reply it is."""
_THOUGHT_NAMES = (
    "think thinking thought thoughts reason reasoning analysis commentary scratchpad reflection planning "
    "deliberation internal chain_of_thought inner_monologue inner_thoughts thought_process "
    "thinking_process"
)
THOUGHTS = frozenset(_THOUGHT_NAMES.split())
"""Channels of thoughts."""
ANSWERS = frozenset(
    {"answer", "final", "response", "output", "final_answer", "final_response", "solution", "reply"}
)
"""Channels of the answer."""
_KNOWN = ROLES | THOUGHTS | ANSWERS
_LONGEST = 48
_MOST_WORDS = 3
_END = re.compile(r"[\n\r<:]")
_WORD = re.compile(r"[a-z]+(?:_[a-z]+)*")
_NAMES = re.compile(r"[A-Za-z_ \t/|.,()\[\]-]+")
# In the line of the text itself only a channel is read, and only in small letters: "think I plan a story".
_IN_LINE = re.compile(r"(?:assistant[ \t]{1,3})?([a-z]{1,30}(?:_[a-z]{1,30}){0,2})[ \t]")
_FIRST = re.compile(r"[^\W\d_]{1,48}+(?:_[a-z]{1,30}){0,2}+(?!\w)")

TurnKind = Literal["speaker", "other", "thought", "answer"]


class TurnHeader(NamedTuple):
    """Kind of a turn, and the number of characters in which it is named."""

    kind: TurnKind
    length: int


class HeaderSearch(Enum):
    """Result of a search that found no header."""

    PENDING = "pending"
    NOT_FOUND = "not found"


def read_header(text: str, start: int, *, is_whole: bool) -> TurnHeader | HeaderSearch:
    """The header at `start`. `is_whole`: nothing follows the text."""
    head = text[start : start + _LONGEST]
    if not head[:1].isalpha():
        return HeaderSearch.NOT_FOUND
    end = _END.search(head)
    if end is None and not is_whole and len(head) < _LONGEST:
        first = _FIRST.match(head)
        is_known = first is None or first.end() == len(head) or first.group().lower() in _KNOWN
        return HeaderSearch.PENDING if is_known else HeaderSearch.NOT_FOUND
    line = head[: end.start()] if end is not None else head
    words = _WORD.findall(line.lower())
    if _NAMES.fullmatch(line) and 0 < len(words) <= _MOST_WORDS and _KNOWN.issuperset(words):
        return TurnHeader(_kind_of(words), len(line) + (end is not None and end.group() == ":"))
    if (found := _IN_LINE.match(line)) is not None and found[1] in THOUGHTS | ANSWERS:
        return TurnHeader(_kind_of([found[1]]), found.end())
    return HeaderSearch.NOT_FOUND


def is_answer(channel: str) -> bool:
    """Whether the name of a channel, with what may follow it, is that of the answer."""
    found = _WORD.match(channel.strip().lower())
    return found is not None and found.group() in ANSWERS


def _kind_of(words: list[str]) -> TurnKind:
    if not ANSWERS.isdisjoint(words):
        return "answer"
    if not THOUGHTS.isdisjoint(words):
        return "thought"
    return "speaker" if words[0] in SPEAKERS else "other"
