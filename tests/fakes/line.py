"""One HTTP/1.1 connection, as bare as speed and faults want it."""

import asyncio
import socket
import struct
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson


@dataclass(frozen=True, slots=True)
class Request:
    """A request, whole. Header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


Serve = Callable[[Request, "Line"], Coroutine[Any, Any, None]]


class Line(asyncio.Protocol):
    """Reads requests one after another and runs `serve` for each; writes replies whole or in chunks.

    When the client leaves while a request is being served, the serving task is cancelled and `gone` is True.
    """

    def __init__(self, serve: Serve, lines: set["Line"]) -> None:
        self._serve = serve
        self._lines = lines
        self._buffer = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None
        self.task: asyncio.Task[None] | None = None
        self.gone = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._lines.add(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._serve_next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self.gone = True
        self._lines.discard(self)
        self._writable.set()
        if self.task and not self.task.done():
            self.task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # What the serving side calls.

    def respond(
        self, status: int, body: dict[str, Any] | bytes, headers: dict[str, str] | None = None
    ) -> None:
        """A whole response; a dict goes out as JSON."""
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        self._write(
            self._head(status, "application/json", {"Content-Length": str(len(data))} | (headers or {}))
        )
        self._write(data)

    def respond_partly(self, body: bytes) -> None:
        """A response that promises the whole body and sends half of it."""
        self._write(self._head(200, "application/json", {"Content-Length": str(len(body))}))
        self._write(body[: len(body) // 2])

    def begin(self, content_type: str) -> None:
        """The head of a response in chunks."""
        self._write(
            self._head(200, content_type, {"Transfer-Encoding": "chunked", "Cache-Control": "no-cache"})
        )

    async def send(self, data: bytes) -> None:
        """One chunk; waits while the client's side is full."""
        if data:
            self._write(b"%x\r\n%b\r\n" % (len(data), data))
            if not self._writable.is_set():
                await self._writable.wait()

    def end(self) -> None:
        """The end of a response in chunks."""
        self._write(b"0\r\n\r\n")

    def close(self) -> None:
        """Ends the connection, after what was written."""
        if self._transport:
            self._transport.close()

    def reset(self) -> None:
        """Ends the connection with an RST: what wasn't delivered is lost."""
        if self._transport:
            peer = self._transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport and not self.gone:
            self._transport.write(data)

    @staticmethod
    def _head(status: int, content_type: str, headers: dict[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Type: {content_type}"]
        return "\r\n".join(
            [*lines, *(f"{name}: {value}" for name, value in headers.items()), "\r\n"]
        ).encode()

    def _serve_next(self) -> None:
        if self.gone or (self.task and not self.task.done()):
            return
        if request := self._take_request():
            self.task = asyncio.get_running_loop().create_task(self._serve(request, self))
            self.task.add_done_callback(lambda _: self._serve_next())

    def _take_request(self) -> Request | None:
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return None
        first, *lines = self._buffer[:head_end].decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        body_end = head_end + 4 + int(headers.get("content-length", 0))
        if len(self._buffer) < body_end:
            return None
        body = bytes(self._buffer[head_end + 4 : body_end])
        del self._buffer[:body_end]
        method, target, _ = first.split(" ", 2)
        parts = urlsplit(target)
        return Request(method, unquote(parts.path), dict(parse_qsl(parts.query)), headers, body)
