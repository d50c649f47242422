"""A service that can be killed and started again in a fraction of a second.

`multiprocessing`'s fork server imports the service once; each start is a fork of it. The process is
a real one: `kill` is SIGKILL, and what survives is what is on disk.
"""

import asyncio
import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import httpx

from tests.freezing import freeze_between_writes
from tests.ports import find_port
from tests.service import Client

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.acceptance.preload"])
_START_SECONDS = 30


class KillableService:
    """The whole service in a process of its own, on a port that stays the same."""

    def __init__(self, provider_url: str, data_dir: Path, **settings: Any) -> None:
        self.port = find_port()
        # It isn't the runs that the processes die of here, so none of them is given up.
        given = {"provider_url": provider_url, "data_dir": str(data_dir), "max_resumes": 1_000_000}
        self._settings = {**given, **settings}
        self._process: BaseProcess | None = None
        self.clock = 0.0
        """Seconds that the clock of the next process is ahead of the true one."""
        self.client = Client(f"http://127.0.0.1:{self.port}")
        # A connection that was kept would be found closed, by a kill or because nobody used it for a while.
        self.client.http.headers["Connection"] = "close"

    async def start(self, crash_at: str | None = None) -> Self:
        """Returns when it answers. `crash_at` names a point at which it kills itself (see `child`)."""
        from tests.acceptance.child import run

        process = _forks.Process(
            target=run, args=(self.port, self._settings, crash_at, self.clock), daemon=True
        )
        await asyncio.to_thread(process.start)
        self._process = process
        deadline = asyncio.get_running_loop().time() + _START_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            try:
                if (await self.client.http.get("/healthz")).status_code == 200:
                    return self
            except httpx.TransportError:
                if not process.is_alive():
                    return self  # it reached its crash point while it started
                await asyncio.sleep(0.01)
        raise TimeoutError("the service did not start")

    async def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None and self._process.pid is not None
        if self._process.is_alive():
            os.kill(self._process.pid, signal.SIGKILL)
        await self.died()

    async def freeze(self) -> None:
        """SIGSTOP: it is alive, does nothing, and keeps no other process from the database."""
        assert self._process is not None and self._process.pid is not None
        await asyncio.to_thread(freeze_between_writes, self._process.pid, Path(self._settings["data_dir"]))

    def thaw(self) -> None:
        """SIGCONT: it goes on where it was."""
        assert self._process is not None and self._process.pid is not None
        os.kill(self._process.pid, signal.SIGCONT)

    async def died(self) -> None:
        """Returns when the process is gone."""
        assert self._process is not None
        await asyncio.to_thread(self._process.join, 60)
        assert not self._process.is_alive(), "the service did not reach its crash point"

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        assert self._process is not None and self._process.pid is not None
        os.kill(self._process.pid, signal.SIGTERM)

    async def terminate(self) -> int | None:
        """SIGTERM; the exit status."""
        self.ask_to_stop()
        await self.died()
        return self.exit_status

    @property
    def exit_status(self) -> int | None:
        """Of the process that died last."""
        return self._process.exitcode if self._process is not None else None

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        if self.is_alive:
            await self.kill()
        await self.client.http.aclose()
