"""States of a reply that is read as it comes, and the marks that end those of a thought."""

from enum import Enum, auto

from workflows.models.replies.marks import MarkKind

TAG_ENDS: tuple[MarkKind, ...] = ("close", "answer")
CHANNEL_ENDS: tuple[MarkKind, ...] = ("end", "turn", "channel", "close", "answer")
TOKEN_ENDS: tuple[MarkKind, ...] = (*CHANNEL_ENDS, "speaker")  # of thoughts that a template's token began


class ReplyState(Enum):
    """State of the reply at the place that is read."""

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
