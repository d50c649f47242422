"""Proxies with bad habits, each of them found in the wild, over real sockets."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

_HOP = {"transfer-encoding", "connection", "content-length"}


@dataclass(frozen=True)
class Habits:
    """What a proxy does to what it passes on; nothing, by default.

    `hold_bytes`: it fills a buffer of that size first. `cut_after`: it closes a connection on which nothing
    came for so many seconds. `prefix`: the path below which the service is, which it takes away.
    """

    http: str = "1.1"
    hold_bytes: int = 0
    whole: bool = False
    compress: bool = False
    drop_comments: bool = False
    drop_request_headers: frozenset[str] = frozenset()
    drop_reply_headers: frozenset[str] = frozenset()
    reply_headers: dict[str, str] = field(default_factory=dict)
    prefix: str = ""
    cut_after: float | None = None


@asynccontextmanager
async def proxy(upstream: str, habits: Habits | None = None) -> AsyncIterator[str]:
    """A proxy in front of `upstream`; yields its address."""
    kept = habits or Habits()
    async with httpx.AsyncClient(base_url=upstream, timeout=30, trust_env=False) as client:
        tasks: set[asyncio.Task[None]] = set()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            try:
                await _answer(client, kept, reader, writer)
            except (ConnectionError, httpx.HTTPError):
                pass
            finally:
                tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        try:
            port = server.sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}{kept.prefix}"
        finally:
            server.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(
    client: httpx.AsyncClient, habits: Habits, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, target, _ = head[0].split(" ")
    pairs = [line.split(": ", 1) for line in head[1:] if line]
    headers = [(n, v) for n, v in pairs if n.lower() not in habits.drop_request_headers | {"host"}]
    async with client.stream(method, target.removeprefix(habits.prefix), headers=headers) as reply:
        sent = _reply_headers(reply, habits)
        pieces = _pieces(reply, habits)
        if habits.whole:
            body = b"".join([piece async for piece in pieces])
            pieces = _one(body)
            sent["content-length"] = str(len(body))
        chunked = habits.http == "1.1" and not habits.whole
        sent["connection"] = "close"
        if chunked:
            sent["transfer-encoding"] = "chunked"
        lines = [f"HTTP/{habits.http} {reply.status_code} OK", *(f"{n}: {v}" for n, v in sent.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        async for piece in pieces:
            if piece:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if chunked else piece)
                await writer.drain()
        if chunked:
            writer.write(b"0\r\n\r\n")
        await writer.drain()


def _reply_headers(reply: httpx.Response, habits: Habits) -> dict[str, str]:
    dropped = habits.drop_reply_headers | _HOP
    sent = {n.lower(): v for n, v in reply.headers.items() if n.lower() not in dropped}
    if habits.compress:
        sent["content-encoding"] = "gzip"
    return {**sent, **habits.reply_headers}


async def _pieces(reply: httpx.Response, habits: Habits) -> AsyncIterator[bytes]:
    compressor = zlib.compressobj(wbits=31)
    held = b""
    async for data in _until_silent(reply, habits.cut_after):
        if habits.drop_comments:
            data = data.replace(b": ping\n\n", b"")
        held += compressor.compress(data) if habits.compress else data
        if len(held) > habits.hold_bytes:
            yield held
            held = b""
    yield held + (compressor.flush() if habits.compress else b"")


async def _until_silent(reply: httpx.Response, seconds: float | None) -> AsyncIterator[bytes]:
    stream = reply.aiter_raw()
    while True:
        try:
            async with asyncio.timeout(seconds):
                data = await anext(stream)
        except (StopAsyncIteration, TimeoutError):
            return
        yield data


async def _one(body: bytes) -> AsyncIterator[bytes]:
    yield body
