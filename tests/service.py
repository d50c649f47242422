"""The service as tests meet it: live, over HTTP, in this process or as a process that can be killed."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import ExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import httpx
from httpx2 import EventSource

from backend.app import create_app
from backend.connections import ConnectionLimits
from backend.resources import Resources, open_worker
from backend.server import Server
from backend.settings import Settings, load_settings
from backend.store.sqlite.database import SqliteDatabase
from tests.fakes.provider import FakeProvider
from workflows.messages.messages import Message, RunCompleted, RunFailed, TextAppended, TextRetracted, decode
from workflows.models.clients.providers import load_lazy_parts

load_lazy_parts()  # seconds of imports: not in the middle of a test that looks at the clock

STORY = {
    "theme": "a lighthouse on the moon",
    "reader": {"name": "Maya", "age": 7, "reading_level": "beginner"},
}


def settings_for(provider: FakeProvider | str, data_dir: Path, **overrides: Any) -> Settings:
    """Settings that write with the fake provider as OpenAI."""
    url = provider if isinstance(provider, str) else provider.openai_url
    values: dict[str, Any] = {
        "model": "openai:gpt-test",
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": url,
        "data_dir": data_dir,
        "runtime_dir": data_dir / "runtime",
        "port": 0,
        "log_format": "json",
        "log_level": "error",
        "shutdown_grace": 1,
        "_env_file": None,
    }
    if os.environ.get("STORYWIRE_TEST_DATABASE") == "postgresql":
        values |= on_postgresql(data_dir)
    return load_settings(**{**values, **overrides})


def on_postgresql(data_dir: Path) -> dict[str, Any]:
    """Settings of the PostgreSQL database that stands for this data directory."""
    # Imported here: the processes that tests fork need no server.
    from tests.databases import migrated_template
    from tests.postgres import postgres_server

    if data_dir not in _DATABASES:
        database = postgres_server().database(migrated_template())
        _DATABASES[data_dir] = _OPEN.enter_context(database)
    return {"database_url": _DATABASES[data_dir], "secrets": "only-for-tests-" * 3}


_OPEN = ExitStack()
_DATABASES: dict[Path, str] = {}


def close_databases() -> None:
    """Gives back those that `on_postgresql` took."""
    _OPEN.close()
    _DATABASES.clear()


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""One without certificates, for clients on loopback: to load them for each takes longer than many a test."""

HANG = 2
"""Seconds that a silent provider is borne: less than a test may take, more than any other call needs."""

CALLS = 7
"""What a story buys: a plan, four scenes, a verdict, the choices."""


@dataclass(frozen=True)
class Frame:
    """One message as a client gets it."""

    id: str
    message: Message

    @property
    def seq(self) -> int:
        """The number after the colon."""
        return int(self.id.rpartition(":")[2])


class BrokenPromise(Exception):
    """A stream's message that should not have come. No AssertionError: a reader who tries again after a refused or
    broken connection lets this one through."""


@dataclass
class Told:
    """The reader's rule, in its own few lines: what the promise is measured with."""

    sections: dict[int, str] = field(default_factory=dict)
    last_seq: int = 0
    ending: dict[str, Any] | None = None

    def take(self, frame: Frame) -> None:
        """One more message. Raises BrokenPromise where ids don't increase, or a second one is the last."""
        if frame.seq <= self.last_seq:
            raise BrokenPromise(f"id {frame.seq} after {self.last_seq}")
        self.last_seq = frame.seq
        match frame.message:
            case TextAppended() | TextRetracted() as data if data.piece is not None:
                pass  # beside the text
            case TextAppended() as data:
                self.sections[data.section] = self.sections.get(data.section, "") + data.chunk
            case TextRetracted() as data:
                self.sections.pop(data.section, None)
            case RunCompleted() | RunFailed() as data:
                if self.ending is not None:
                    raise BrokenPromise("two last messages")
                self.ending = {"type": frame.message.type, **data.model_dump()}
            case _:
                pass

    @property
    def text(self) -> str:
        """The sections in reading order, joined by a blank line."""
        return "\n\n".join(self.sections[index] for index in sorted(self.sections))


class Client:
    """Speaks to a service as a front end does."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.http = httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False, verify=NO_TLS)

    async def start(self, *, input: dict[str, Any] | None = None, **options: Any) -> str:
        """Starts a story; returns the run id."""
        reply = await self.http.post(
            "/api/v1/runs", json={"format": "story", "input": input or STORY, "options": options}
        )
        assert reply.status_code == 201, reply.text
        return str(reply.json()["run_id"])

    async def frames(self, run_id: str, after: int = 0, **params: Any) -> AsyncGenerator[Frame]:
        """The run's messages after a number, until the server closes."""
        async for frame in self.stream(
            "GET",
            f"/api/v1/runs/{run_id}/stream",
            last_id=f"{run_id}:{after}" if after else None,
            params=params,
        ):
            yield frame

    async def stream(
        self, method: str, url: str, *, last_id: str | None = None, **kwargs: Any
    ) -> AsyncGenerator[Frame]:
        """Messages of any stream."""
        headers = {"Last-Event-ID": last_id} if last_id else {}
        headers["Accept"] = "text/event-stream"
        async with self.http.stream(method, url, headers=headers, **kwargs) as reply:
            if reply.status_code == 204:
                return
            assert reply.status_code in (200, 201), await reply.aread()
            async for event in EventSource(cast(Any, reply), max_event_size=None):
                if event.event == "message" and not event.data:
                    continue  # `retry:` by itself
                assert event.event == "story_chunk"
                yield Frame(event.id, decode(event.data))

    async def read(self, run_id: str, told: Told | None = None, **params: Any) -> Told:
        """Reads to the end, from where `told` left off."""
        told = told or Told()
        async for frame in self.frames(run_id, told.last_seq, **params):
            told.take(frame)
        return told

    async def run(self, run_id: str) -> dict[str, Any]:
        """The run as JSON."""
        reply = await self.http.get(f"/api/v1/runs/{run_id}")
        assert reply.status_code == 200, reply.text
        return dict(reply.json())


async def read_on(client: Client, run_id: str, told: Told | None = None) -> Told:
    """Reads to the end as a browser does: from the last message, whenever the stream breaks off or is refused."""
    told = told or Told()
    while told.ending is None:
        try:
            await client.read(run_id, told)
        except (httpx.TransportError, AssertionError):
            await asyncio.sleep(0.1)
    return told


@dataclass
class LiveService:
    """A service in this process, on a real socket."""

    client: Client
    resources: Resources
    server: Server


_EMPTY: list[bytes] = []
"""A migrated database without rows, once there is one: to copy it is quicker than to migrate again."""


async def _provide_database(settings: Settings) -> None:
    """A migrated database where a service is about to make one."""
    if not _EMPTY:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "empty.db"
            database = SqliteDatabase(f"sqlite:///{file}")
            await database.migrate()
            await database.close()
            _EMPTY.append(file.read_bytes())
    path = settings.database_file
    with suppress(OSError):  # where it can't: that is what the test is about
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(_EMPTY[0])


@asynccontextmanager
async def _worker(settings: Settings) -> AsyncIterator[None]:
    """A worker in this process, which executes the service's runs."""
    stop = asyncio.Event()
    async with open_worker(settings, 20) as opened:
        serving = asyncio.create_task(opened.worker.serve(stop, settings.shutdown_grace))
        try:
            yield
        finally:
            stop.set()
            await serving


@asynccontextmanager
async def serve(
    settings: Settings, send_buffer: int | None = None, limits: ConnectionLimits | None = None
) -> AsyncIterator[LiveService]:
    """Starts the service on a free port, stops it gracefully. `send_buffer`: bytes that the system takes in of
    what a reader doesn't take; by itself it takes more than most texts have."""
    if not settings.has_queue:
        await _provide_database(settings)
    app = create_app(settings)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if send_buffer is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
    listener.bind(("127.0.0.1", 0))
    server = Server(app, readers_leave_seconds=2, limits=limits or ConnectionLimits())
    started = asyncio.Event()
    real_startup = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await real_startup(sockets)
        started.set()

    server.startup = startup  # type: ignore[method-assign]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    assert started.is_set(), "the service did not start"
    client = Client(f"http://127.0.0.1:{listener.getsockname()[1]}")
    try:
        async with _worker(settings) if settings.has_queue else nullcontext():
            yield LiveService(client, app.state.resources, server)
    finally:
        await client.http.aclose()
        server.should_exit = True
        await task
        listener.close()
