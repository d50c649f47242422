"""Server-sent events from bytes, and back."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from workflows.models.wire.bounds import MOST_EVENT, UnendingReply


class EventReader:
    """Reader of events from pieces of bytes, with line ends of any kind, without comments and empty events."""

    def __init__(self) -> None:
        self._line = bytearray()
        self._after_return = False
        self._event: str | None = None
        self._data: list[str] = []
        self._size = 0  # of the event so far

    def feed(self, piece: bytes) -> Iterator[tuple[str | None, str]]:
        """The events that `piece` completes: name and data. Raises UnendingReply."""
        for line in self._lines(piece):
            self._size += len(line) + 1
            yield from self._take(line)
        if self._size + len(self._line) > MOST_EVENT:
            raise UnendingReply(f"sent an event of more than {MOST_EVENT:,} bytes and was stopped.")

    def finish(self) -> Iterator[tuple[str | None, str]]:
        """The event that the end of the stream completes."""
        if self._line:
            line, self._line = bytes(self._line), bytearray()
            yield from self._take(line)
        yield from self._take(b"")

    def _lines(self, piece: bytes) -> Iterator[bytes]:
        if self._after_return and piece.startswith(b"\n"):
            piece = piece[1:]
        self._after_return = piece.endswith(b"\r")
        *whole, rest = piece.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            self._line += line
            yield bytes(self._line)
            self._line.clear()
        self._line += rest

    def _take(self, raw: bytes) -> Iterator[tuple[str | None, str]]:
        if not raw:
            if self._data and (data := "\n".join(self._data)).strip():
                yield self._event, data
            self._event, self._data, self._size = None, [], 0
            return
        # JSON without its `data:`, as gateways write an error into a stream under way.
        if raw.startswith(b"{"):
            self._data.append(raw.decode("utf-8", "replace"))
            return
        name, _, value = raw.decode("utf-8", "replace").removeprefix("\ufeff").partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            self._data.append(value)
        elif name == "event":
            self._event = value or None
        elif name == "error":  # llama.cpp's server before it kept to the standard
            self._event, self._data = "error", [value]


def parse(data: str | bytes) -> Any:
    """JSON as a value, including halves of surrogate pairs. Raises ValueError."""
    try:
        return orjson.loads(data)
    except ValueError:
        pass
    try:
        return json.loads(data)
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None


def frame(data: Any, event: str | None = None) -> bytes:
    """A frame for an event."""
    head = f"event: {event}\n".encode() if event else b""
    return b"%bdata: %b\n\n" % (head, orjson.dumps(data))


def frame_raw(data: str, event: str | None = None) -> bytes:
    """A frame for an event whose data is passed on unchanged."""
    head = f"event: {event}\n" if event else ""
    lines = "".join(f"data: {line}\n" for line in data.split("\n"))
    return f"{head}{lines}\n".encode()
