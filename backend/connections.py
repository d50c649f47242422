"""HTTP connections of the server, limited in number, in the size of request heads, and in the time of sending a
request.

uvicorn bounds none of these: whoever opens connections and never ends a request would hold them, and their memory.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

_BODY_LIMIT_FACTOR = 20
"""A body may come in parts, each in the time of a head; all of it within so many times that."""
_MOST_HEAD_BYTES = 64 * 1024
_NO_HEADERS: Mapping[str, str] = {}
CUT = "storywire.cut"
"""The ASGI extension that cuts the connection amid a reply, so that nobody takes what has come for all of it."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Limits of connections. `request_seconds`: for a request's head, and for each further part of its body."""

    max_connections: int = 2000
    request_seconds: float = 30.0


class HttpConnection(HttpToolsProtocol):
    """A connection, with the time since which its client owes a part of a request."""

    def __init__(
        self,
        *args: Any,
        limits: ConnectionLimits,
        headers: Mapping[str, str] = _NO_HEADERS,
        **kwargs: Any,
    ) -> None:
        """`headers`: of the replies that no application makes."""
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._own_headers = headers
        self._head_bytes = 0
        self._owes_head_since: float | None = None
        self._owes_body_since: float | None = None
        self._body_began = 0.0

    def is_overdue(self, now: float) -> bool:
        """Whether a part of a request is overdue; `now` in monotonic seconds."""
        seconds = self._limits.request_seconds
        if self._owes_head_since is not None:
            return now - self._owes_head_since > seconds
        if self._owes_body_since is not None:
            return (
                now - self._owes_body_since > seconds or now - self._body_began > seconds * _BODY_LIMIT_FACTOR
            )
        return False

    @property
    def left_to_take(self) -> int:
        """Bytes waiting for the client; 0 while the transport accepts more."""
        is_full = self.flow.write_paused or self.transport.is_closing()
        return self.transport.get_write_buffer_size() if is_full else 0

    def connection_made(self, transport: Any) -> None:
        """Accepts a client; above the limit it is refused."""
        super().connection_made(transport)
        self._owes_head_since = time.monotonic()
        if len(self.connections) > self._limits.max_connections:
            detail = "Too many connections are open already; try again in a few seconds."
            self._refuse(503, "OVERLOADED", detail, retry_after=5)

    def data_received(self, data: bytes) -> None:
        """Receives bytes of requests. Of a head the parser is given no more than one may have: whether it ends there
        decides, however much more has come with it."""
        while data and not self.transport.is_closing():
            owes_head = self._owes_head_since is not None
            room = _MOST_HEAD_BYTES - self._head_bytes if owes_head else _MOST_HEAD_BYTES
            if room <= 0:
                self._refuse(
                    431, "INVALID_INPUT", f"The head of a request may have {_MOST_HEAD_BYTES} bytes."
                )
                return
            part, data = data[:room], data[room:]
            if owes_head:
                self._head_bytes += len(part)
            super().data_received(part)

    def on_message_begin(self) -> None:
        """Called at the first byte of a request."""
        super().on_message_begin()
        if self._owes_head_since is None:
            self._owes_head_since = time.monotonic()

    def on_headers_complete(self) -> None:
        """Called when the head is complete; a body may follow."""
        self._owes_head_since, self._head_bytes = None, 0
        self._owes_body_since = self._body_began = time.monotonic()
        super().on_headers_complete()
        self.scope["extensions"] = {CUT: self.transport.abort}  # type: ignore[dict-item]

    def on_body(self, body: bytes) -> None:
        """Called for each part of the body."""
        self._owes_body_since = time.monotonic()
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Called when the whole request has arrived."""
        self._owes_body_since = None
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuses bytes that the parser can't read as a request; `msg` is its own text, for its log."""
        del msg
        self._refuse(400, "INVALID_INPUT", "This is no request that can be read as HTTP/1.1.")

    def _unsupported_upgrade_warning(self) -> None:
        """Answers a request for another protocol as if it didn't ask for one, and for that request alone: the parser
        reads nothing of what comes after it."""
        self.cycle.keep_alive = False

    def _refuse(self, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
        """Sends a problem and closes the connection; closes it only, in the middle of another reply."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(self._problem(status, code, detail, retry_after))
        self.transport.close()

    def _problem(self, status: int, code: str, detail: str, retry_after: int | None) -> bytes:
        body = orjson.dumps({"status": status, "code": code, "title": detail, "detail": detail})
        headers = {
            **self._own_headers,
            "Content-Type": "application/problem+json",
            "Content-Length": str(len(body)),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return STATUS_LINE[status] + lines.encode() + b"\r\n" + body
