"""A writer of Durable Streams for the protocol's conformance suite: the production reader over streams that are written
by HTTP. Only what the suite's tests of reading need."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.middleware.cors import CORSMiddleware

from backend.api.problems import add_problem_handlers
from backend.api.security.headers import SecurityHeaders, security_headers
from backend.api.security.origins import CROSS_ORIGIN
from backend.api.wires.durable import answer, describe_stream
from backend.log.entry import Entry
from backend.log.memory import MemoryLog
from backend.runs.readers.durable import DurableReader
from backend.settings import Settings
from backend.streaming.wires.durable import format_offset, is_json
from workflows.errors import NotFound

POLL_SECONDS = 1.0
_BINARY = "application/octet-stream"
_CLOSING = "complete"


class WrittenSource(DurableReader):
    """The production reader of a stream of any type; the entry that closes it is no message."""

    async def read(self) -> list[Entry]:
        """See `DurableReader`."""
        return [entry for entry in await super().read() if entry.type != _CLOSING]


@dataclass
class Stream:
    """One stream, and its place in the log."""

    log: MemoryLog
    name: str
    content_type: str
    epoch: int
    seq: int = 0
    is_closed: bool = False

    async def append(self, body: bytes, *, closes: bool) -> None:
        """Messages and the end in one step: who reads sees both or none."""
        written = [("content", message) for message in self._messages(body)]
        if closes and not self.is_closed:
            written.append((_CLOSING, b""))
            self.is_closed = True
        entries = [Entry(self.seq + number, *each) for number, each in enumerate(written, 1)]
        self.seq += len(entries)
        await self.log.append(self.name, self.epoch, entries)

    def _messages(self, body: bytes) -> list[bytes]:
        if not body:
            return []
        if not is_json(self.content_type):
            return [body]
        value = orjson.loads(body)
        return [orjson.dumps(item) for item in (value if isinstance(value, list) else [value])]

    def source(self, after: int) -> WrittenSource:
        """See `SourceOpener`."""
        source = WrittenSource(self.log, self.name, after)
        source.content_type = self.content_type
        return source

    @asynccontextmanager
    async def _read(self) -> AsyncIterator[None]:
        yield

    def reading(self) -> AbstractAsyncContextManager[None]:
        """See `SourceOpener`."""
        return self._read()

    @property
    def headers(self) -> dict[str, str]:
        """What every reply to a writer says."""
        closed = {"Stream-Closed": "true"} if self.is_closed else {}
        return {"Stream-Next-Offset": format_offset(self.seq), "Content-Type": self.content_type, **closed}


@dataclass
class Writer:
    """All streams, by their paths."""

    log: MemoryLog = field(default_factory=MemoryLog)
    streams: dict[str, Stream] = field(default_factory=dict)
    made: int = 0

    def find(self, path: str) -> Stream:
        """Raises NotFound."""
        if (stream := self.streams.get(path)) is None:
            raise NotFound(f"There is no stream {path}.")
        return stream

    async def create(self, path: str, request: Request) -> Response:
        """PUT."""
        content_type = request.headers.get("content-type", _BINARY)
        if (there := self.streams.get(path)) is not None:
            return Response(
                status_code=200 if there.content_type == content_type else 409, headers=there.headers
            )
        self.made += 1
        name = f"stream-{self.made}"
        stream = Stream(self.log, name, content_type, await self.log.take_over(name))
        self.streams[path] = stream
        await stream.append(await request.body(), closes=_closes(request))
        location = str(request.url)
        return Response(status_code=201, headers={**stream.headers, "Location": location})

    async def append(self, path: str, request: Request) -> Response:
        """POST."""
        stream, body = self.find(path), await request.body()
        if stream.is_closed and body:
            return Response(status_code=409, headers=stream.headers)
        if not body and not _closes(request):
            return Response(status_code=400)
        if body and request.headers.get("content-type") != stream.content_type:
            return Response(status_code=409)
        if is_json(stream.content_type) and body:
            try:
                if orjson.loads(body) == []:
                    return Response(status_code=400)
            except orjson.JSONDecodeError:
                return Response(status_code=400)
        await stream.append(body, closes=_closes(request))
        return Response(status_code=204, headers=stream.headers)


def _closes(request: Request) -> bool:
    return request.headers.get("stream-closed") == "true"


def make_app() -> FastAPI:
    """The reader as the service has it, with a writer in front."""
    app, settings, writer = FastAPI(), Settings(_env_file=None), Writer()
    app.add_middleware(CORSMiddleware, **CROSS_ORIGIN, allow_origins=["https://example.com"])
    app.add_middleware(SecurityHeaders, headers=security_headers(settings))
    add_problem_handlers(app)

    @app.api_route("/v1/{path:path}", methods=["GET", "HEAD", "PUT", "POST", "DELETE"])
    async def handle(path: str, request: Request) -> Response:
        match request.method:
            case "PUT":
                return await writer.create(path, request)
            case "POST":
                return await writer.append(path, request)
            case "DELETE":
                writer.find(path)
                del writer.streams[path]
                return Response(status_code=204)
            case "HEAD":
                source = writer.find(path).source(0)
                await source.read()
                return describe_stream(source)
            case _:
                return await answer(request, writer.find(path), settings, poll_seconds=POLL_SECONDS)

    return app


@asynccontextmanager
async def serve_writer() -> AsyncIterator[str]:
    """The address of a writer that is served."""
    config = uvicorn.Config(make_app(), port=0, log_level="error", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving
