"""Processes of the service with each engine, without HTTP: what the suite of the engine port is run on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import text

from backend.log.postgres import PostgresLog
from backend.runs.engine.base import Engine
from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.runs.engine.queue import QueueEngine, RunQueue
from backend.runs.engine.recovery import NoRecovery, RunRecovery
from backend.runs.engine.worker import Worker, WorkerTools
from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.postgres.database import PostgresDatabase
from backend.store.postgres.jobs import JobRepository
from backend.store.sql.database import Database
from backend.telemetry.metrics import Metrics
from tests.unit.worlds import World, open_world

LEASE = 60.0
GRACE = 0.05
SLOTS = 5


class Process(Protocol):
    """One process of the service. `world` has its parts, `engine` is the one that is tried."""

    world: World
    engine: Engine
    recovery: RunRecovery

    @property
    def id(self) -> str:
        """The id under which it executes runs."""

    async def take_runs(self) -> None:
        """Begins to execute runs, if it was opened as one that doesn't."""

    async def offer_again(self, run_id: str) -> None:
        """Makes the run executable once more, as if it had been forgotten that it is."""

    async def ended(self, run_id: str) -> None:
        """Returns when the run isn't executed any more, nor about to be."""

    async def stop(self) -> None:
        """Leaves what it executes to others, after a moment."""


OpenProcess = Callable[..., Awaitable[Process]]


class InlineProcess:
    """A process that executes what is submitted to it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.engine: Engine = world.engine
        self.recovery: RunRecovery = world.recovery

    @property
    def id(self) -> str:
        """The id under which it executes runs."""
        return self.world.liveness.id

    async def take_runs(self) -> None:
        """It does."""

    async def offer_again(self, run_id: str) -> None:
        """Submits it."""
        await self.engine.submit(run_id)

    async def ended(self, run_id: str) -> None:
        """Returns when it isn't executed here any more."""
        await self.world.end(run_id)

    async def stop(self) -> None:
        """Drains."""
        await self.world.engine.drain(GRACE)


class QueueProcess:
    """A process that puts runs into the queue, and takes them from it if it is to."""

    def __init__(
        self,
        world: World,
        engine: QueueEngine,
        queue: RunQueue,
        jobs: JobRepository,
        database: PostgresDatabase,
        grace: float,
    ) -> None:
        self.world = world
        self.engine: Engine = engine
        self.recovery: RunRecovery = NoRecovery()
        self._queue = queue
        self.jobs = jobs
        self._database = database
        self._grace = grace
        self._stop = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    @property
    def id(self) -> str:
        """The id under which it executes runs."""
        return self.world.liveness.id

    async def take_runs(self) -> None:
        """Starts a worker."""
        assert isinstance(self.world.liveness, HeartbeatLiveness)
        tools = WorkerTools(
            self.world.engine,
            self.world.local_runs,
            self.world.repository,
            self.jobs,
            self.world.liveness,
            {"note"},
            Metrics(),
        )
        worker = Worker(self._database.dsn, tools, concurrency=SLOTS)
        self._serving = asyncio.create_task(worker.serve(self._stop, self._grace))

    async def offer_again(self, run_id: str) -> None:
        """Queues it, as it is done for a run whose worker is gone."""
        await self._database.write(lambda connection: self._queue.enqueue_again(connection, run_id))

    async def ended(self, run_id: str) -> None:
        """Returns when the queue has no job of it, and it isn't executed here."""
        query = text("SELECT count(*) FROM procrastinate_jobs WHERE lock = :id")
        async with asyncio.timeout(20):
            while await self._database.read(lambda connection: connection.scalar(query, {"id": run_id})):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await self.world.end(run_id)

    def ask_to_stop(self) -> None:
        """Tells the worker to stop, as a signal does."""
        self._stop.set()

    async def stop(self) -> None:
        """Stops the worker."""
        self.ask_to_stop()
        if self._serving is not None:
            await self._serving


@asynccontextmanager
async def open_process(
    database: Database, folder: Path, checkpoints: MemoryCheckpoints, *, room: int, takes_runs: bool
) -> AsyncIterator[Process]:
    """A process with the engine that belongs to this database. `room`: how many runs it accepts."""
    if not isinstance(database, PostgresDatabase):
        async with open_world(database, folder, checkpoints=checkpoints, max_runs=room) as world:
            yield InlineProcess(world)
        return
    async with open_queue_process(database, folder, checkpoints, room=room) as process:
        if takes_runs:
            await process.take_runs()
        yield process


@asynccontextmanager
async def open_queue_process(
    database: PostgresDatabase,
    folder: Path,
    checkpoints: MemoryCheckpoints,
    *,
    room: int = 5,
    lease: float = LEASE,
    grace: float = GRACE,
) -> AsyncIterator[QueueProcess]:
    """A process with the queue, whose worker takes no runs yet; it beats five times a second."""
    queue = RunQueue(database.dsn, max_queued=room)
    jobs = JobRepository(database, queue.enqueue_again, lease)
    liveness = HeartbeatLiveness(await jobs.register(), jobs, lease_seconds=1)
    async with open_world(
        database, folder, checkpoints=checkpoints, liveness=liveness, enqueue=queue.enqueue
    ) as world:
        assert isinstance(world.log, PostgresLog)
        engine = QueueEngine(world.engine, liveness, world.repository, world.log, Metrics())
        process = QueueProcess(world, engine, queue, jobs, database, grace)
        try:
            yield process
        finally:
            await process.stop()
