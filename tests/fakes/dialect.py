"""What every API's wire format has to offer to the player of replies."""

from typing import Any, Protocol

import orjson

from tests.fakes.answer import Answer
from tests.fakes.ask import Ask

Json = dict[str, Any]


class Dialect(Protocol):
    """The frames of one reply. `sent` counts tokens; `finish` is neutral (`stop`, `length`, …) or None."""

    def __init__(self, ask: Ask, answer: Answer) -> None: ...

    def open(self) -> bytes:
        """The frames before the first token."""

    def say(self, text: str, sent: int) -> bytes:
        """The frame of one chunk of text; `sent` includes it."""

    def close(self, sent: int) -> bytes:
        """The frames after the last token; none where the answer has no finish."""

    def fail(self, status: int, message: str, code: str | None) -> bytes:
        """The frame that reports an error in mid-stream."""

    def garble(self) -> bytes:
        """A frame that isn't JSON."""

    def whole(self) -> Json:
        """The body of the reply that isn't streamed."""


def frame(data: Json, event: str | None = None, end: bytes = b"\n\n") -> bytes:
    """One server-sent event."""
    head = f"event: {event}\n".encode() if event else b""
    return head + b"data: " + orjson.dumps(data) + end


def split_frame(
    data: Json, marks: tuple[Any, ...], event: str | None = None, end: bytes = b"\n\n"
) -> list[bytes]:
    """A frame cut open at the values in `marks`, in order: a chunk then costs one join and no encoding."""
    rest = frame(data, event, end)
    parts = []
    for mark in marks:
        before, rest = rest.split(orjson.dumps(mark), 1)
        parts.append(before)
    return [*parts, rest]
