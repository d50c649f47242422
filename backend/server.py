"""The service's server: sockets, signals and graceful shutdown."""

import gc
import signal
import socket
import time
from collections.abc import Mapping
from functools import partial
from types import FrameType
from typing import Any, Generic, TypeVar

import structlog
import uvicorn
from fastapi import FastAPI

from backend.connections import ConnectionLimits, HttpConnection
from backend.resources import Resources

KeyT = TypeVar("KeyT")

log = structlog.get_logger()

_DEFAULT_LIMITS = ConnectionLimits()
_GC_THRESHOLDS = (50_000, 20, 50)
_READERS_LEAVE_SECONDS = 5
_LOOK_EVERY_TICKS = 10
"""A tick is a tenth of a second."""
_UNSENT_BYTES = 128 * 1024
"""Of what a reader doesn't take, the system keeps no more than this: by itself it would take in megabytes."""


def run_server(
    app: FastAPI,
    listener: socket.socket,
    drain_seconds: float = 0,
    limits: ConnectionLimits = _DEFAULT_LIMITS,
) -> None:
    """Serves until SIGTERM or SIGINT; then readers are disconnected (they reconnect to the next process), and the
    application's lifespan gives sections their grace. Returns normally: the process exits 0.

    After SIGTERM the port stays open for `drain_seconds`, and the service says that it isn't ready: whoever
    shares out requests sends them elsewhere. A second signal ends that.
    """
    # uvicorn raises the signal again when it is done, to end as the signal would have ended the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    spare_collector()
    Server(app, drain_seconds=drain_seconds, limits=limits).run(sockets=[listener])


def spare_collector() -> None:
    """Garbage collection for a process that streams: what is loaded by now is never looked at again, and young objects
    are collected seldom. What streams makes few cycles, but very many objects: by default a collection comes with every
    700 of them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLDS)


class Server(uvicorn.Server):
    """Server of one application on sockets that are open already."""

    def __init__(
        self,
        app: FastAPI,
        *,
        drain_seconds: float = 0,
        readers_leave_seconds: int = _READERS_LEAVE_SECONDS,
        limits: ConnectionLimits = _DEFAULT_LIMITS,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=partial(  # type: ignore[arg-type]  # a class is called, no more
                    HttpConnection, limits=limits, headers=getattr(app.state, "security_headers", {})
                ),
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                # Whose word counts for a client's address is a setting of ours (`api/security/addresses.py`).
                proxy_headers=False,
                timeout_graceful_shutdown=readers_leave_seconds,
            )
        )
        self._app = app
        self._drain_seconds = drain_seconds
        self._leave_at: float | None = None
        self._stalls: StallDetector[HttpConnection] = StallDetector()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the application, then accepts connections."""
        for listener in sockets or []:
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections inherit it
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
        await super().startup(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handles a termination signal."""
        super().handle_exit(sig, frame)
        if (resources := self._resources) is not None:
            resources.engine.stop_accepting()
        if sig == signal.SIGTERM and self._drain_seconds and self._leave_at is None:
            self._leave_at = time.monotonic() + self._drain_seconds
            self.should_exit = False

    async def on_tick(self, counter: int) -> bool:
        """Called several times a second; returns whether to exit."""
        if self._leave_at is not None and time.monotonic() >= self._leave_at:
            self.should_exit = True
        if counter % _LOOK_EVERY_TICKS == 0 and (resources := self._resources) is not None:
            self._close_stalled(resources)
            self._close_overdue()
        return await super().on_tick(counter)

    def _close_overdue(self) -> None:
        """Closes connections on which a part of a request is overdue."""
        now = time.monotonic()
        for connection in self._connections:
            if connection.is_overdue(now):
                log.info("slow_request_closed")
                connection.transport.abort()

    def _close_stalled(self, resources: Resources) -> None:
        """Closes connections whose clients take nothing. Only the transport knows that, also after a reply: a
        connection that is closed with unsent bytes stays open until they are taken, which may be never."""
        left = {
            connection: bytes_left
            for connection in self._connections
            if (bytes_left := connection.left_to_take)
        }
        for connection, seconds in self._stalls.look(left, time.monotonic()).items():
            if seconds >= resources.settings.slow_reader_seconds:
                log.info("slow_reader_closed", **_describe_request(connection.scope or {}))  # type: ignore[unreachable]
                resources.metrics.on_slow_reader()
                connection.transport.abort()

    @property
    def _connections(self) -> list[HttpConnection]:
        return [each for each in self.server_state.connections if isinstance(each, HttpConnection)]

    @property
    def _resources(self) -> Resources | None:
        """The application's resources; None until it has opened them."""
        return getattr(self._app.state, "resources", None)


class StallDetector(Generic[KeyT]):
    """Detector of connections whose backlog hasn't shrunk: their client takes nothing. One that takes slowly,
    while more comes, never counts as stalled."""

    def __init__(self) -> None:
        self._seen: dict[KeyT, tuple[int, float]] = {}

    def look(self, left: Mapping[KeyT, int], now: float) -> dict[KeyT, float]:
        """Seconds of stall for each connection with a backlog. The others are forgotten."""
        seen = {}
        for key, count in left.items():
            before, since = self._seen.get(key, (count, now))
            seen[key] = count, since if count == before else now
        self._seen = seen
        return {key: now - since for key, (_, since) in seen.items()}


def _describe_request(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The route's template: an address may hold the secret of a share link."""
    run_id = scope.get("path_params", {}).get("run_id")
    return {"route": getattr(scope.get("route"), "path", None), **({"run_id": run_id} if run_id else {})}


def _ignore(number: int, frame: object) -> None:
    """Does nothing: the stop has been handled."""
