"""Running the service on a socket, and ending it well."""

import gc
import signal
import socket
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

_READERS_LEAVE_SECONDS = 5


def run_server(app: FastAPI, listener: socket.socket, drain_seconds: float = 0) -> None:
    """Serves until SIGTERM or SIGINT; then readers are sent away (they come back to the next process),
    and the application's lifespan gives sections their grace. Returns normally: the process exits 0.

    After SIGTERM the port stays open for `drain_seconds`, and the service says that it isn't ready: whoever
    shares out requests sends them elsewhere. A second signal ends that.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_READERS_LEAVE_SECONDS,
    )
    # uvicorn raises the signal again when it is done, to end as the signal would have ended the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    # What is loaded by now stays: the collector need not look at it again and again while tokens stream.
    gc.collect()
    gc.freeze()
    _Server(config, app, drain_seconds).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, app: FastAPI, drain_seconds: float) -> None:
        super().__init__(config)
        self._app = app
        self._drain_seconds = drain_seconds
        self._leave_at: float | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        super().handle_exit(sig, frame)
        if (resources := getattr(self._app.state, "resources", None)) is not None:
            resources.execution.close_door()
        if sig == signal.SIGTERM and self._drain_seconds and self._leave_at is None:
            self._leave_at = time.monotonic() + self._drain_seconds
            self.should_exit = False

    async def on_tick(self, counter: int) -> bool:
        """Several times a second: whether to leave."""
        if self._leave_at is not None and time.monotonic() >= self._leave_at:
            self.should_exit = True
        return await super().on_tick(counter)


def _ignore(number: int, frame: object) -> None:
    """The stop has been done."""
