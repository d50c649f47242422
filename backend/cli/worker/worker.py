"""`storywire worker`: processes that execute runs from the queue, and their supervisor."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Annotated, Any

import typer

from backend.cli.failures import fail, service_settings_or_fail, settings_or_fail
from backend.cli.terminal import say
from backend.settings import Settings, SettingsError

_LOOK_SECONDS = 0.2
_AGAIN_SECONDS = 2.0
"""A process that ended by itself is started again, at the earliest so long after its last start."""


def worker(
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="Processes; one a core is a good number.")
    ] = 1,
    concurrency: Annotated[
        int,
        typer.Option(
            min=1,
            max=200,
            help="Runs at once in each of them: some fifty fill a core, and four connections to the "
            "database serve two hundred.",
        ),
    ] = 50,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            "--metrics-port",
            min=1,
            max=65000,
            help="Answer at /healthz, /readyz and /metrics on this port; further processes on the next.",
        ),
    ] = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Ask the processes behind --port whether they are ready, and end with 0 if all are.",
        ),
    ] = False,
    supervised: Annotated[
        bool, typer.Option("--supervised", hidden=True, help="Stop when standard input is closed.")
    ] = False,
) -> None:
    """Execute runs from the queue, with PostgreSQL (STORYWIRE_DATABASE_URL)."""
    settings = service_settings_or_fail() if check else settings_or_fail()
    if not settings.has_queue:
        fail(
            "STORYWIRE_DATABASE_URL: a worker needs a PostgreSQL database, postgresql://user:password@host/name; "
            "with SQLite, runs execute in the service itself.",
            status=2,
        )
    if check:
        _check(settings, processes, port)
        return
    from backend.storage import check_workers

    try:
        asyncio.run(check_workers(settings, processes))
    except SettingsError as error:
        fail(str(error), status=2)
    if processes == 1:
        _serve(settings, concurrency, port, supervised=supervised)
        return
    if port is not None:
        _check_ports(settings, range(port, port + processes))
    raise typer.Exit(_supervise(processes, concurrency, port))


def _check(settings: Settings, processes: int, port: int | None) -> None:
    from backend.cli.worker.worker_check import find_unready

    if port is None:
        fail("--check: --port says where the processes answer.", status=2)
    if unready := find_unready(settings.host, range(port, port + processes)):
        fail("\n".join(unready))


def _check_ports(settings: Settings, ports: range) -> None:
    """Ends the command where one of the ports is taken: a process that can't have it would end again and again."""
    from backend.cli.worker.worker_endpoint import open_port

    for port in ports:
        open_port(settings, port).close()


def _serve(settings: Settings, concurrency: int, port: int | None, *, supervised: bool) -> None:
    import uvloop

    from backend.cli.worker.worker_endpoint import open_port
    from backend.logs import configure_logs

    listener = None if port is None else open_port(settings, port)
    configure_logs(settings)
    uvloop.run(
        run_worker(
            settings,
            concurrency,
            lambda process: say(f"Storywire worker {process}  {concurrency} runs at once", err=True),
            listener,
            supervised=supervised,
        )
    )


async def run_worker(
    settings: Settings,
    concurrency: int,
    on_start: Callable[[str], None],
    listener: socket.socket | None = None,
    *,
    supervised: bool = False,
) -> None:
    """Executes runs until SIGTERM or SIGINT, and answers on `listener`. `on_start` is called with the id of the
    process. A `supervised` one stops too when its standard input is closed: its supervisor was killed."""
    from backend.cli.worker.worker_endpoint import answering
    from backend.resources import open_worker
    from backend.server import spare_collector

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if supervised:
        _watch_supervisor(stop)
    async with open_worker(settings, concurrency) as opened:
        spare_collector()
        async with answering(opened, listener) if listener is not None else nullcontext():
            on_start(opened.worker.process)
            await opened.worker.serve(stop, settings.shutdown_grace)


def _watch_supervisor(stop: asyncio.Event) -> None:
    loop, source = asyncio.get_running_loop(), sys.stdin.fileno()

    def look() -> None:
        if not os.read(source, 1):
            loop.remove_reader(source)
            stop.set()

    loop.add_reader(source, look)


def _supervise(processes: int, concurrency: int, port: int | None) -> int:
    """Keeps so many processes running until it is told to stop; 0 when all of them ended in good order."""
    stop: list[int] = []

    def request_stop(number: int, frame: Any) -> None:
        del frame
        stop.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    command = [sys.executable, "-m", "backend.cli.main", "worker", "--supervised"]
    command += ["--concurrency", str(concurrency)]
    ports = [[] if port is None else ["--port", str(port + number)] for number in range(processes)]
    children = [_Child([*command, *own]) for own in ports]
    while not stop:
        time.sleep(_LOOK_SECONDS)
        for child in children:
            child.keep()
    for child in children:
        child.process.terminate()
    return max(abs(child.process.wait()) for child in children)


class _Child:
    """A worker process, started again when it ends by itself."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._start()

    def keep(self) -> None:
        """Starts it again if it has ended, a while after its last start."""
        if self.process.poll() is not None and time.monotonic() - self._started > _AGAIN_SECONDS:
            say(f"A worker ended with status {self.process.returncode}; starting another.", err=True)
            self._start()

    def _start(self) -> None:
        self._started = time.monotonic()
        # A session of its own: Ctrl+C reaches the supervisor alone, which stops it in good order. The pipe is closed
        # by the system when the supervisor dies.
        self.process = subprocess.Popen(self._command, start_new_session=True, stdin=subprocess.PIPE)
