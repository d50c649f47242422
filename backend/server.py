"""Running the service on a socket, and ending it well."""

import gc
import signal
import socket

import uvicorn
from fastapi import FastAPI

_READERS_LEAVE_SECONDS = 5


def run_server(app: FastAPI, listener: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT; then readers are sent away (they come back to the next process),
    and the application's lifespan gives sections their grace. Returns normally: the process exits 0."""
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
    uvicorn.Server(config).run(sockets=[listener])


def _ignore(number: int, frame: object) -> None:
    """The stop has been done."""
