"""A cluster that can be killed, frozen and cut off process by process: PostgreSQL, API processes, workers."""

import asyncio
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any, Self, TypeVar

import psycopg

from tests.acceptance.killable import KillableService, _forks
from tests.databases import migrated_template
from tests.postgres import postgres_server
from tests.tcp_proxy import TcpProxy, tcp_proxy

PATIENCE = 60.0
LOOK_SECONDS = 0.02


_ProcessT = TypeVar("_ProcessT", bound=KillableService)


class KillableWorker(KillableService):
    """A worker in a process of its own."""

    slots = 20
    is_mute = False
    """Whether the next process sends no notifications."""

    async def start(self, crash_at: str | None = None) -> Self:
        """Returns when the process runs; it takes runs a moment later."""
        from tests.acceptance.cluster_child import run_worker

        del crash_at
        self._id_file.unlink(missing_ok=True)  # of the one that was here before
        process = _forks.Process(
            target=run_worker, args=(self._settings, self.slots, self.clock, self.is_mute), daemon=True
        )
        await asyncio.to_thread(process.start)
        self._process = process
        return self

    @property
    def process_id(self) -> str | None:
        """The id under which it executes runs; None until it does."""
        return self._id_file.read_text() if self._id_file.exists() else None

    def ended_attempts(self) -> dict[str, float]:
        """By run, when the last attempt at it ended in this worker, in seconds of the host's monotonic clock."""
        file = Path(self._settings["data_dir"]) / "attempts.ended"
        lines = file.read_text(encoding="utf-8").split("\n")[:-1] if file.exists() else []
        return {run_id: float(at) for run_id, at in (line.split() for line in lines)}

    @property
    def _id_file(self) -> Path:
        return Path(self._settings["data_dir"]) / "worker.id"


class KillableCluster:
    """API processes and workers on one database, each over a proxy of its own (`async with`)."""

    def __init__(
        self,
        provider_url: str,
        folder: Path,
        *,
        apis: int = 2,
        workers: int = 2,
        url: str = "",
        **settings: Any,
    ) -> None:
        """`url`: a database that is there already; by default it is a new one."""
        self._provider_url = provider_url
        self._folder = folder
        self._counts = apis, workers
        self._settings = settings
        self._stack = AsyncExitStack()
        self._databases = ExitStack()
        self.url = url
        self.apis: list[KillableService] = []
        self.workers: list[KillableWorker] = []
        self.proxies: dict[KillableService, TcpProxy] = {}

    async def __aenter__(self) -> Self:
        if not self.url:
            self.url = self._databases.enter_context(postgres_server().database(migrated_template()))
        apis, workers = self._counts
        self.apis = [await self._make(KillableService, number) for number in range(apis)]
        self.workers = [await self._make(KillableWorker, number) for number in range(workers)]
        await asyncio.gather(*(process.start() for process in (*self.apis, *self.workers)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for process in (*self.workers, *self.apis):
            if process.is_alive:
                process.thaw()
            await process.__aexit__()
        await self._stack.aclose()
        self._databases.close()

    async def add_worker(self) -> KillableWorker:
        """Starts one more worker."""
        worker = await self._make(KillableWorker, len(self.workers))
        self.workers.append(worker)
        return await worker.start()

    async def worker_of(self, run_id: str) -> KillableWorker:
        """The worker that writes this run, once there is one."""
        async with asyncio.timeout(PATIENCE):
            while (found := await self._find_worker(run_id)) is None:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)
        return found

    async def fetch(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows of the database, past every proxy."""
        async with await psycopg.AsyncConnection.connect(self.url, autocommit=True) as connection:
            return await (await connection.execute(query.encode(), values)).fetchall()

    async def wait_until(self, query: str, *values: Any) -> None:
        """Returns when the query has a row."""
        async with asyncio.timeout(PATIENCE):
            while not await self.fetch(query, *values):  # noqa: ASYNC110
                await asyncio.sleep(LOOK_SECONDS)

    async def _make(self, kind: type[_ProcessT], number: int) -> _ProcessT:
        port = postgres_server().port
        proxy = await self._stack.enter_async_context(tcp_proxy(port))
        process = kind(
            self._provider_url,
            self._folder / f"{kind.__name__}-{number}",
            database_url=self.url.replace(str(port), str(proxy.port)),
            **self._settings,
        )
        self.proxies[process] = proxy
        return process

    async def _find_worker(self, run_id: str) -> KillableWorker | None:
        rows = await self.fetch("SELECT process FROM runs WHERE id = %s AND process IS NOT NULL", run_id)
        found = [each for each in self.workers if rows and each.is_alive and each.process_id == rows[0][0]]
        return found[0] if found else None
