"""A proxy on loopback that cuts, stalls and dribbles, and knows what was requested."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

_HEAD = re.compile(rb"(GET|POST|DELETE) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)
_STREAM = re.compile(r"/stream(?!\.js)|/chat$|/ag-ui/")
STALL = -1
"""In place of a number of bytes: nothing is passed on, and nothing is closed."""


@dataclass
class Request:
    """A request as it came by."""

    method: str
    path: str
    headers: dict[str, str]


@dataclass
class Proxy:
    """Passes bytes on. Of each stream's response it passes on as many as `cuts` says, and then resets it; those
    that come after the last cut are whole."""

    upstream: int
    cuts: Iterator[int] = field(default_factory=lambda: iter(()))
    piece: int = 65536
    """Bytes passed on at once."""
    held_seconds: float = 0
    """How long what comes is held back, to be passed on together."""
    port: int = 0
    requests: list[Request] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The service, through this proxy."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def streams(self) -> list[Request]:
        """The requests of streams, in their order."""
        return [request for request in self.requests if "/stream" in request.path.removesuffix("/stream.js")]

    def cut(self, after: Iterable[int]) -> None:
        """Cuts the next streams after so many bytes of their responses."""
        self.cuts = iter(after)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        lines = [writer]
        tasks: list[asyncio.Task[None]] = []
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
            lines.append(up_writer)
            allowed: list[int | None] = [None]
            tasks.append(asyncio.create_task(self._pass_up(reader, up_writer, allowed)))
            tasks.append(asyncio.create_task(self._pass_down(up_reader, writer, allowed)))
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for line in lines:
                line.transport.abort()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _pass_up(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: list[int | None]
    ) -> None:
        while data := await reader.read(65536):
            if head := _HEAD.match(data):
                pairs = (line.split(": ", 1) for line in head[3].decode().split("\r\n"))
                headers = {name.lower(): value for name, value in pairs}
                self.requests.append(Request(head[1].decode(), head[2].decode(), headers))
                allowed[0] = next(self.cuts, None) if _STREAM.search(head[2].decode()) else None
            writer.write(data)
            await writer.drain()

    async def _pass_down(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, allowed: list[int | None]
    ) -> None:
        while data := await reader.read(self.piece):
            if self.held_seconds:
                await asyncio.sleep(self.held_seconds)
            left = allowed[0]
            if left == STALL:
                continue
            if left is not None:
                data, allowed[0] = data[:left], max(0, left - len(data))
            writer.write(data)
            await writer.drain()
            if self.piece < 65536:
                await asyncio.sleep(0)
            if left is not None and allowed[0] == 0:
                return


@asynccontextmanager
async def proxy(upstream: str | int) -> AsyncIterator[Proxy]:
    """A proxy in front of a service, given by its address or port."""
    made = Proxy(int(str(upstream).rpartition(":")[2]))
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with suppress(OSError, asyncio.CancelledError):
            await made.serve(reader, writer)
        tasks.discard(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
