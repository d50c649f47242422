"""Somebody who collects traces over HTTP: records what comes, or hangs, or refuses. Threads, as its clients have."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Literal, Self

Mood = Literal["record", "hang", "refuse"]


@dataclass(frozen=True, slots=True)
class Posted:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


class Collector:
    """Listens on a port of its own while it is open (`async with`)."""

    def __init__(self, mood: Mood = "record") -> None:
        self.mood = mood
        self.posted: list[Posted] = []
        self.answered = 0
        self._released = threading.Event()
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                collector._take(Posted(self.path, headers, body))
                if collector.mood == "hang":
                    collector._released.wait()
                    self.close_connection = True
                    return
                self._answer(503 if collector.mood == "refuse" else 200)

            def do_GET(self) -> None:
                self._answer(200)

            def _answer(self, status: int) -> None:
                collector.answered += 1
                self.send_response(status)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, format: str, *args: object) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    async def __aenter__(self) -> Self:
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        await asyncio.to_thread(self._server.shutdown)
        self._server.server_close()

    async def wait_until(self, enough: Callable[[], bool], seconds: float = 30) -> None:
        """Returns when what has come is enough."""
        async with asyncio.timeout(seconds):
            while not enough():
                self._news.clear()
                await self._news.wait()

    def _take(self, posted: Posted) -> None:
        self.posted.append(posted)
        self._loop.call_soon_threadsafe(self._news.set)
