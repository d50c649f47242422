"""The service as a process of its own, started as a person starts it, watched from outside."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import httpx
import psutil  # type: ignore[import-untyped]

from tests.ports import find_port
from tests.service import Client

_START_SECONDS = 240
_ANSWER_SECONDS = 300  # two hundred starts at once wait for one another
_LOOK_EVERY_SECONDS = 0.01
_MEMORY_EVERY_SECONDS = 0.25


class ServiceProcess:
    """`storywire serve` on a free port. `settings` are its environment, without the prefix.

    Compiled modules are kept in the data folder's neighbour, so that a second start is a warm one also where
    the machine is told to write none.
    """

    def __init__(self, provider_url: str, data_dir: Path, **settings: Any) -> None:
        self.port = find_port()
        self._folder = data_dir.parent
        self._environment = service_environment(provider_url, data_dir, settings)
        self._process: asyncio.subprocess.Process | None = None
        self.client = Client(f"http://127.0.0.1:{self.port}")
        self.client.http.timeout = httpx.Timeout(_ANSWER_SECONDS)

    @property
    def pid(self) -> int:
        """The process that serves."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> Self:
        """Returns when it answers. Raises TimeoutError."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "backend.cli.main", "serve", "--port", str(self.port)),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=self._folder,
            env=self._environment,
        )
        await wait_until_healthy(self.client)
        return self

    async def kill(self) -> None:
        """SIGKILL; returns when the process is gone."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM; returns when the process is gone."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(number)
        await self._process.wait()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            await self.kill()
        await self.client.http.aclose()


async def wait_until_healthy(client: Client) -> None:
    """Returns when the service answers. Raises TimeoutError."""
    async with asyncio.timeout(_START_SECONDS):
        while True:
            with suppress(httpx.TransportError):
                if (await client.http.get("/healthz")).status_code == httpx.codes.OK:
                    return
            await asyncio.sleep(_LOOK_EVERY_SECONDS)


def cpu_seconds(pid: int) -> float:
    """Seconds of processor time that the process has had, in all its threads, user and system."""
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def memory_bytes(pid: int) -> int:
    """Memory that only this process has."""
    return int(psutil.Process(pid).memory_full_info().uss)


class PeakMemory:
    """The largest resident memory that a process has meanwhile (`async with`), over what it had before."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._most = 0
        self._watch: asyncio.Task[None] | None = None

    @property
    def growth(self) -> int:
        """Bytes."""
        return self._most - self._before

    async def __aenter__(self) -> Self:
        self._before = self._most = self._process.memory_info().rss
        self._watch = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._watch is not None
        self._watch.cancel()

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_MEMORY_EVERY_SECONDS)
            self._most = max(self._most, self._process.memory_info().rss)


def service_environment(provider_url: str, data_dir: Path, settings: dict[str, Any]) -> dict[str, str]:
    """The environment of a process that writes with this provider; `settings` are without the prefix."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("STORYWIRE_")}
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    values = {
        "model": "openai:gpt-test",
        "data_dir": data_dir,
        "runtime_dir": data_dir / "runtime",
        "log_level": "error",
        "shutdown_grace": 1,
        **settings,
    }
    return {
        **own,
        **{f"STORYWIRE_{name.upper()}": str(value) for name, value in values.items()},
        "OPENAI_API_KEY": "sk-test",
        "OPENAI_BASE_URL": provider_url,
        "PYTHONPYCACHEPREFIX": str(data_dir.parent / "compiled"),
    }
