"""Readers that cost next to nothing while they read: they keep bytes and times, and understand them later."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self, cast

import httptools
import orjson


@dataclass(frozen=True, slots=True)
class Arrival:
    """One frame: when its last byte was here (`time.time()`), its id, and its message."""

    at: float
    id: str
    message: dict[str, Any]


class Reading(asyncio.Protocol):
    """One reply to one GET, or to one POST with a body, as it comes in."""

    def __init__(self, path: str, last_id: str | None = None, body: bytes | None = None) -> None:
        self._path = path
        self._last_id = last_id
        self._body = body
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._pieces: list[tuple[float, bytes]] = []
        self._changed = asyncio.Event()
        self.ended = False
        self.size = 0  # bytes on the wire, headers included

    @classmethod
    async def open(cls, port: int, path: str, last_id: str | None = None, body: bytes | None = None) -> Self:
        """Asks the service on this port of the loopback, for what follows `last_id`, or for what `body` starts."""
        loop = asyncio.get_running_loop()
        _, reading = await loop.create_connection(lambda: cls(path, last_id, body), "127.0.0.1", port)
        return reading

    async def read(self) -> list[Arrival]:
        """Every message, when the service has said the last."""
        await self.until_end()
        return self.arrivals()

    async def until_end(self) -> None:
        """Returns when the service has said the last."""
        while not self.ended:
            await self.wait_for_more()

    async def wait_for(self, words: bytes) -> None:
        """Returns when the stream has said this; raises EOFError when it ends without."""
        seen = 0
        while True:
            if any(words in piece for _, piece in self._pieces[seen:]):
                return
            seen = len(self._pieces)
            if self.ended:
                raise EOFError(f"the stream ended without {words!r}")
            await self.wait_for_more()

    async def wait_for_more(self) -> None:
        """Returns when something came, or the end."""
        self._changed.clear()
        await self._changed.wait()

    def close(self) -> None:
        """Leaves."""
        if self._transport is not None:
            self._transport.close()

    def arrivals(self) -> list[Arrival]:
        """The frames so far."""
        return [arrival for at, fields in self.frames() if (arrival := _arrival(at, fields)) is not None]

    def frames(self) -> Iterator[tuple[float, dict[bytes, bytes]]]:
        """The fields of each frame so far, whatever service's, with the time at which its last byte was here."""
        buffer = b""
        for at, piece in self._pieces:
            *whole, buffer = (buffer + piece.replace(b"\r", b"")).split(b"\n\n")
            for frame in whole:
                yield at, dict(line.split(b": ", 1) for line in frame.split(b"\n") if b": " in line[1:])

    # What asyncio and the parser call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        method, body, headers = "GET", self._body or b"", ["Host: 127.0.0.1"]
        if self._last_id is not None:
            headers.append(f"Last-Event-ID: {self._last_id}")
        if self._body is not None:
            method = "POST"
            headers += [
                "Accept: text/event-stream",
                "Content-Type: application/json",
                f"Content-Length: {len(body)}",
            ]
        head = "\r\n".join([f"{method} {self._path} HTTP/1.1", *headers, "", ""])
        self._transport.write(head.encode() + body)

    def data_received(self, data: bytes) -> None:
        self.size += len(data)
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._pieces.append((time.time(), body))
        self._changed.set()

    def on_message_complete(self) -> None:
        self.ended = True
        self._changed.set()
        self.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.ended = True
        self._changed.set()


def stream_path(run_id: str) -> str:
    """Where a run's messages are, from the first."""
    return f"/api/v1/runs/{run_id}/stream"


def _arrival(at: float, fields: dict[bytes, bytes]) -> Arrival | None:
    if b"data" not in fields:
        return None  # a heartbeat
    return Arrival(at, fields[b"id"].decode(), orjson.loads(fields[b"data"]))
