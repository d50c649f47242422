"""`storywire worker`: processes that execute runs from the queue, and their supervisor."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Annotated, Any

import typer

from backend.cli.failures import fail, settings_or_fail
from backend.cli.terminal import say
from backend.settings import Settings, SettingsError
from backend.telemetry.metrics import Metrics

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
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=1, max=65000, help="Answer at /metrics on this port; further processes on the next."
        ),
    ] = None,
) -> None:
    """Execute runs from the queue, with PostgreSQL (STORYWIRE_DATABASE_URL)."""
    settings = settings_or_fail()
    if not settings.has_queue:
        fail(
            "STORYWIRE_DATABASE_URL: a worker needs a PostgreSQL database, postgresql://user:password@host/name; "
            "with SQLite, runs execute in the service itself.",
            status=2,
        )
    from backend.storage import check_connections

    try:
        asyncio.run(check_connections(settings, processes))
    except SettingsError as error:
        fail(str(error), status=2)
    if processes == 1:
        _serve(settings, concurrency, metrics_port)
    else:
        raise typer.Exit(_supervise(processes, concurrency, metrics_port))


def _serve(settings: Settings, concurrency: int, metrics_port: int | None) -> None:
    import uvloop

    from backend.logs import configure_logs

    configure_logs(settings)
    uvloop.run(
        run_worker(
            settings,
            concurrency,
            lambda process: say(f"Storywire worker {process}  {concurrency} runs at once", err=True),
            metrics_port,
        )
    )


async def run_worker(
    settings: Settings, concurrency: int, on_start: Callable[[str], None], metrics_port: int | None = None
) -> None:
    """Executes runs until SIGTERM or SIGINT. `on_start` is called with the id of the process."""
    from backend.resources import open_worker

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_worker(settings, concurrency) as worker:
        if metrics_port is not None:
            _serve_metrics(worker.metrics, settings.host, metrics_port)
        on_start(worker.process)
        await worker.serve(stop, settings.shutdown_grace)


def _serve_metrics(metrics: Metrics, host: str, port: int) -> None:
    from backend.telemetry.prometheus import PrometheusMetrics

    if not isinstance(metrics, PrometheusMetrics):
        fail("--metrics-port needs STORYWIRE_METRICS=true.", status=2)
    try:
        metrics.serve(host, port)
    except OSError as error:
        fail(f"--metrics-port: can't listen on {host}:{port} ({error.strerror}).", status=2)


def _supervise(processes: int, concurrency: int, metrics_port: int | None) -> int:
    """Keeps so many processes running until it is told to stop; 0 when all of them ended in good order."""
    stop: list[int] = []

    def request_stop(number: int, frame: Any) -> None:
        del frame
        stop.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, request_stop)
    command = [sys.executable, "-m", "backend.cli.main", "worker", "--concurrency", str(concurrency)]
    ports = [
        [] if metrics_port is None else ["--metrics-port", str(metrics_port + n)] for n in range(processes)
    ]
    children = [_Child([*command, *port]) for port in ports]
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
        # A session of its own: Ctrl+C reaches the supervisor alone, which stops it in good order.
        self.process = subprocess.Popen(self._command, start_new_session=True)
