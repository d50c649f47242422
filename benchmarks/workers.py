"""`storywire worker` with its processes, started as a person starts it, watched and ended from outside."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any, Self

import httpx
import psutil  # type: ignore[import-untyped]

from benchmarks.processes import cpu_seconds, service_environment
from tests.ports import find_port

_LOOK_SECONDS = 0.1
_LEAVE_SECONDS = 10.0


class WorkerProcesses:
    """So many worker processes with so many slots each (`async with`, which returns when all of them are ready).
    `settings` are their environment, without the prefix."""

    def __init__(
        self, provider_url: str, data_dir: Path, processes: int, slots: int, **settings: Any
    ) -> None:
        self._port, self._processes, self._slots = find_port(), processes, slots
        self._folder = data_dir.parent
        self._environment = service_environment(provider_url, data_dir, settings)
        self._command: asyncio.subprocess.Process | None = None
        self._found: list[psutil.Process] = []

    def cpu_seconds(self) -> float:
        """Processor time of those that execute runs."""
        return sum(cpu_seconds(process.pid) for process in self._found if process.is_running())

    def find_all(self) -> list[psutil.Process]:
        """The command and its processes, as far as they were seen."""
        command = [] if self._command is None else [self._command.pid]
        with suppress(psutil.NoSuchProcess):
            return [*map(psutil.Process, command), *self._found]
        return self._found

    async def __aenter__(self) -> Self:
        options = ("--processes", self._processes, "--concurrency", self._slots, "--port", self._port)
        self._command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "backend.cli.main", "worker", *map(str, options)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=self._folder,
            env=self._environment,
        )
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                for port in range(self._port, self._port + self._processes):
                    await self._wait_until_ready(client, port)
            command = psutil.Process(self._command.pid)
            self._found = [command] if self._processes == 1 else command.children()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Asks them to stop, and kills what is left after a while."""
        assert self._command is not None
        with suppress(psutil.NoSuchProcess):
            self._found += psutil.Process(self._command.pid).children(recursive=True)
        with suppress(ProcessLookupError):
            self._command.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(_LEAVE_SECONDS):
                await self._command.wait()
        kill_all(self.find_all())
        await self._command.wait()

    async def _wait_until_ready(self, client: httpx.AsyncClient, port: int) -> None:
        assert self._command is not None
        while self._command.returncode is None:
            with suppress(httpx.TransportError):
                if (await client.get(f"http://127.0.0.1:{port}/readyz")).is_success:
                    return
            await asyncio.sleep(_LOOK_SECONDS)
        raise RuntimeError(f"storywire worker ended with status {self._command.returncode}")


def kill_all(processes: Iterable[psutil.Process]) -> None:
    """SIGKILL to those that still run; never to another process that has got the number of one of them."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


class Watchdog:
    """Ends this process, with all that it started, when the block takes longer than so many seconds (`with`)."""

    def __init__(
        self, seconds: float, report: Callable[[], None], others: Callable[[], list[psutil.Process]]
    ) -> None:
        """`report` is called before; `others` are to be killed beside the children, which may have lost their
        parent."""
        self._timer = Timer(seconds, self._bark)
        self._timer.daemon = True
        self._report = report
        self._others = others

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def _bark(self) -> None:
        own = psutil.Process()
        try:
            self._report()
        finally:
            kill_all([*self._others(), *own.children(recursive=True), own])
