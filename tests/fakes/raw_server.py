"""A server on loopback that sends given bytes: for replies that no well-behaved provider would send."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RawReply:
    """A whole response. A list is a stream of server-sent events: each a value for `data:`, or bytes as they are."""

    body: bytes | Json | list[Json | str | bytes]
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False
    """After its body, which has no length, it says nothing and doesn't hang up until the client does."""

    def to_bytes(self) -> bytes:
        """With its head."""
        kind, body = "application/json", self.body
        if isinstance(body, list):
            kind, body = "text/event-stream", b"".join(map(_event, body))
        elif not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Connection": "close",
            **self.headers,
        }
        if self.hangs:
            del headers["Content-Length"]
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"HTTP/1.1 {self.status} X\r\n{head}\r\n".encode() + body


@dataclass(slots=True)
class RawServer:
    """Where it is, and the bodies of the requests so far."""

    root_url: str
    requests: list[Json] = field(default_factory=list)


@asynccontextmanager
async def serve_raw(reply: Callable[[str, Json], RawReply]) -> AsyncIterator[RawServer]:
    """`reply` is asked with the path and the body of each request."""
    server = RawServer("")

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = head.partition("content-length:")[2].split("\r\n")[0].strip()
            body = json.loads(await reader.readexactly(int(length or 0)) or b"{}")
            server.requests.append(body)
            answered = reply(head.split(" ")[1], body)
            writer.write(answered.to_bytes())
            await writer.drain()
            if answered.hangs:
                await reader.read()
        writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    server.root_url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    async with listening:
        yield server


def chunk(delta: Json | None = None, finish: Any = None, **more: Any) -> Json:
    """A chunk of OpenAI's chat API."""
    return {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        **more,
    }


def _event(value: Json | str | bytes) -> bytes:
    if isinstance(value, bytes):
        return value
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()
