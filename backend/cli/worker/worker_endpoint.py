"""HTTP endpoint of a worker: health, readiness and metrics, and nothing else."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from backend.cli.failures import fail
from backend.resources import WorkerResources
from backend.settings import Settings

_TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
_LEAVE_SECONDS = 1


def make_endpoint(opened: WorkerResources) -> Starlette:
    """The application that answers for a worker, from the loop that its runs are in: a loop that hangs is not well."""

    async def healthz(request: Request) -> Response:
        del request
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        del request
        reason = await opened.readiness.reason()
        body = {"status": reason or "ready", "runs": opened.worker.active}
        return JSONResponse(body, 200 if reason is None else 503)

    async def metrics(request: Request) -> Response:
        del request
        body = opened.metrics.render()
        return Response(body or b"", 404 if body is None else 200, {"Content-Type": _TEXT_FORMAT})

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    )


def open_port(settings: Settings, port: int) -> socket.socket:
    """A socket that listens on the port. Ends the command where that can't be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        fail(f"--port: can't listen on {settings.host}:{port} ({error.strerror}).", status=2)
    return listener


@asynccontextmanager
async def answering(opened: WorkerResources, listener: socket.socket) -> AsyncIterator[None]:
    """Answers on this socket while it is open, also when the worker is stopping."""
    config = uvicorn.Config(
        make_endpoint(opened),
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_LEAVE_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="endpoint")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _Server(uvicorn.Server):
    """uvicorn's server, which leaves the signals to the worker."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield
