"""Durable Streams: offsets, cursors and frames of its read side. Pure."""

import base64
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from backend.log.entry import Entry

JSON = "application/json"
START, NOW = "-1", "now"
_OFFSET = re.compile(r"\d{20}", re.ASCII)
_MOST = 10**15
"""More than any log has; no database compares numbers of more than 64 bits."""
_EPOCH = 1_728_432_000
"""2024-10-09T00:00:00Z, from which cursors count."""
_INTERVAL_SECONDS = 20
_LINE = re.compile(r"\r\n|\r|\n")
_AT_ONCE = 500
"""Messages in one frame at most."""


def format_offset(number: int) -> str:
    """An offset: as text it sorts as the number does."""
    return f"{number:020d}"


def parse_offset(offset: str) -> int:
    """The number of an offset that was handed out. Raises ValueError with a sentence for anything else."""
    if not _OFFSET.fullmatch(offset) or int(offset) > _MOST:
        raise ValueError(
            f"an offset is {START}, {NOW}, or a Stream-Next-Offset as it came; got {offset[:64]!r}"
        )
    return int(offset)


def cursor_at(seconds: float, given: str | None) -> str:
    """The cursor of a moment, in seconds since 1970; greater than the one that the client sent, so that no cache gives
    it the same reply for ever."""
    cursor = int(seconds - _EPOCH) // _INTERVAL_SECONDS
    if given is not None and given.isascii() and given.isdigit() and len(given) < 20 and int(given) >= cursor:
        return str(int(given) + 1)
    return str(cursor)


def is_json(content_type: str) -> bool:
    """Whether the stream is one of JSON values, whose boundaries are kept."""
    return _essence(content_type) == JSON


def is_text(content_type: str) -> bool:
    """Whether messages go into a frame as they are; others are sent as base64."""
    return is_json(content_type) or _essence(content_type).startswith("text/")


def _essence(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def body_of(content_type: str, entries: Iterable[Entry]) -> bytes:
    """The body of a reply: one array of JSON values, or the bytes one after another."""
    if is_json(content_type):
        return b"[%s]" % b",".join(entry.data for entry in entries)
    return b"".join(entry.data for entry in entries)


@dataclass(frozen=True, slots=True)
class StreamPlace:
    """A place in a stream: the offset after it, and whether all there is, or will ever be, is before it."""

    next_offset: int
    is_up_to_date: bool
    is_closed: bool

    def headers(self) -> dict[str, str]:
        """The place as response headers."""
        headers = {"Stream-Next-Offset": format_offset(self.next_offset)}
        if self.is_up_to_date:
            headers["Stream-Up-To-Date"] = "true"
        if self.is_closed:
            headers["Stream-Closed"] = "true"
        return headers

    def control(self, cursor: str) -> bytes:
        """The place as a frame."""
        data: dict[str, Any] = {"streamNextOffset": format_offset(self.next_offset)}
        if self.is_closed:
            data["streamClosed"] = True
        else:
            data["streamCursor"] = cursor
        if self.is_up_to_date or self.is_closed:
            data["upToDate"] = True
        return b"event: control\ndata:%s\n\n" % orjson.dumps(data)


def frames_of(content_type: str, entries: Sequence[Entry], place: StreamPlace, cursor: str) -> bytes:
    """Frames of the entries that lead to a place; after each the place that it leads to."""
    frames = []
    for start in range(0, len(entries), _AT_ONCE):
        part = entries[start : start + _AT_ONCE]
        is_last = start + _AT_ONCE >= len(entries)
        here = place if is_last else StreamPlace(part[-1].seq, is_up_to_date=False, is_closed=False)
        frames += [_data(content_type, part), here.control(cursor)]
    return b"".join(frames) or place.control(cursor)


def _data(content_type: str, entries: Sequence[Entry]) -> bytes:
    body = body_of(content_type, entries)
    if not is_text(content_type):
        lines = [base64.b64encode(body).decode()]
    else:
        lines = _LINE.split(body.decode(errors="replace"))
    # A space after the colon isn't read; it is there only where the line begins with one.
    text = "".join(f"data: {line}\n" if line.startswith(" ") else f"data:{line}\n" for line in lines)
    return b"event: data\n" + text.encode() + b"\n"
