"""LangGraph's checkpoints in PostgreSQL, in the same database as the logs, and behind the same fence."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import psycopg
import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    DeltaChannelHistory,
)
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from backend.store.checkpoints.channel_deltas import ChannelValues, DeltaEncoder, dump
from backend.store.checkpoints.durable_saver import DurableSaver
from backend.store.postgres.blobs import SELECT_WITH_CHAINS, keep_newest, split_blobs
from backend.store.postgres.database import CONNECT_SECONDS, PATIENCE_SECONDS, cut
from backend.store.runs.fences import StaleCheckpoint, find_fence

log = structlog.get_logger()

_CONNECTIONS = 4
_RETRY_SECONDS = 120.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0
_UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
)
_HOLD = "SELECT 1 FROM log_heads WHERE run_id = %s AND epoch = %s FOR SHARE"
_T = TypeVar("_T")


class FencedSaver(AsyncPostgresSaver):
    """LangGraph's saver, whose writes are refused when the run was taken over (StaleCheckpoint), and wait for a
    database that is away for a while. Those of a thread are stored in the order in which the calls begin. Values that
    grow are stored as deltas."""

    SELECT_SQL = SELECT_WITH_CHAINS

    def __init__(self, pool: "AsyncConnectionPool[psycopg.AsyncConnection[DictRow]]") -> None:
        super().__init__(pool)
        self._pool = pool
        self._deltas = DeltaEncoder()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As LangGraph's, but of values that grow only what is new."""
        put = super().aput
        async with self._turn(config):
            new = self._deltas.encode(config, checkpoint)
            values = {**checkpoint["channel_values"], **new.values}
            versions = {**new_versions, **{name: checkpoint["channel_versions"][name] for name in new.values}}
            stored: Checkpoint = {**checkpoint, "channel_values": values}
            try:
                return await self._persist(lambda: put(config, stored, metadata, versions))
            except BaseException:
                self._deltas.forget(str(config["configurable"]["thread_id"]))
                raise

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As LangGraph's."""
        put = super().aput_writes
        async with self._turn(config):
            await self._persist(lambda: put(config, writes, task_id, task_path))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's."""
        get = super().aget_tuple
        return await self._persist(lambda: get(config))

    async def aget_delta_channel_history(
        self, *, config: RunnableConfig, channels: Sequence[str]
    ) -> Mapping[str, DeltaChannelHistory]:
        """As LangGraph's for any saver: the one for its tables knows no deltas of ours."""
        return await BaseCheckpointSaver.aget_delta_channel_history(self, config=config, channels=channels)

    async def adelete_thread(self, thread_id: str) -> None:
        """As LangGraph's, and again where a writer that was ending its thread stood in the way (a deadlock)."""
        self._deltas.forget(str(thread_id))
        await self._persist(lambda: super(FencedSaver, self).adelete_thread(thread_id))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As LangGraph's: of each thread only the newest checkpoint is kept, or none. Raises StaleCheckpoint."""
        for thread_id in map(str, thread_ids):
            if strategy == "delete":
                await self.adelete_thread(thread_id)
                continue
            self._deltas.forget(thread_id)
            await self._persist(partial(self._keep_newest, thread_id))

    async def _keep_newest(self, thread_id: str) -> None:
        async with self._cursor(pipeline=True) as cursor:
            await keep_newest(cursor, thread_id, self.serde)

    def _dump_blobs(
        self, thread_id: str, checkpoint_ns: str, values: dict[str, Any], versions: ChannelVersions
    ) -> list[tuple[str, str, str, str, str, bytes | None]]:
        return [
            (thread_id, checkpoint_ns, name, str(version), *dump(self.serde, values[name]))
            for name, version in versions.items()
        ]

    async def _load_checkpoint_tuple(self, value: DictRow) -> CheckpointTuple:
        blobs, others = split_blobs(value["channel_values"])
        found = await super()._load_checkpoint_tuple({**value, "channel_values": others})
        values = ChannelValues(blobs, self.serde).of(found.checkpoint)
        return found._replace(checkpoint={**found.checkpoint, "channel_values": values})

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[psycopg.AsyncCursor[DictRow]]:
        """LangGraph's, without its one lock for all connections of the pool. `pipeline` is what it calls a write."""
        async with (
            self._pool.connection() as connection,
            connection.cursor(binary=True, row_factory=dict_row) as cursor,
        ):
            watch = asyncio.get_running_loop().call_later(PATIENCE_SECONDS, cut, connection)
            try:
                if not pipeline:
                    yield cursor
                    return
                async with connection.transaction():
                    if (fence := find_fence()) is not None:
                        await cursor.execute(_HOLD, fence)
                        if await cursor.fetchone() is None:
                            raise StaleCheckpoint(fence[0])
                    yield cursor
            except psycopg.errors.ReadOnlySqlTransaction:
                cut(connection)  # the next one may find the server that is written
                raise
            finally:
                watch.cancel()

    def _turn(self, config: RunnableConfig) -> asyncio.Lock:
        return self._turns.setdefault(str(config["configurable"]["thread_id"]), asyncio.Lock())

    async def _persist(self, work: Callable[[], Awaitable[_T]]) -> _T:
        """What may be done again, for as long as the database is away."""
        deadline, pause = time.monotonic() + _RETRY_SECONDS, _FIRST_PAUSE
        while True:
            try:
                return await work()
            except _UNAVAILABLE as error:
                if time.monotonic() > deadline:
                    raise
                log.warning("checkpoint_write_failed", error=type(error).__name__, again_in=pause)
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE, pause * 2)


class PostgresCheckpoints(DurableSaver, FencedSaver):
    """Checkpoints in PostgreSQL. Open them with `open_postgres_checkpoints`."""

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As LangGraph's: of each thread only the newest checkpoint is kept, or none."""
        for thread_id in thread_ids:
            await self.flushed(thread_id)
        await super().aprune(thread_ids, strategy=strategy)

    async def check_writable(self, busy_seconds: float) -> None:
        """Raises psycopg.Error where the tables can't be read; who writes the log's database writes theirs."""
        async with asyncio.timeout(busy_seconds + CONNECT_SECONDS), self._cursor() as cursor:
            await cursor.execute("SELECT 1 FROM checkpoints LIMIT 1")


async def copy_checkpoints(source: BaseCheckpointSaver[str], target: PostgresCheckpoints) -> None:
    """Copies all checkpoints with their pending writes, under their ids."""
    async for found in source.alist(None):
        thread = dict(found.config["configurable"])
        parent = (found.parent_config or {"configurable": {}})["configurable"].get("checkpoint_id")
        before: RunnableConfig = {"configurable": {**thread, "checkpoint_id": parent}}
        checkpoint = found.checkpoint
        config = await target.aput(before, checkpoint, found.metadata, checkpoint["channel_versions"])
        by_task: dict[str, list[tuple[str, Any]]] = {}
        for task_id, channel, value in found.pending_writes or ():
            by_task.setdefault(task_id, []).append((channel, value))
        for task_id, writes in by_task.items():
            await target.aput_writes(config, writes, task_id)
        await target.flushed(thread["thread_id"])


@asynccontextmanager
async def open_postgres_checkpoints(
    dsn: str, *, connections: int = _CONNECTIONS
) -> AsyncIterator[PostgresCheckpoints]:
    """The checkpoints in this database, which has its tables; on exit, waits for pending writes."""
    # `reconnect_timeout`: past it the next caller begins anew, where the pool would wait longer and longer.
    pool: AsyncConnectionPool[psycopg.AsyncConnection[DictRow]] = AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=connections,
        open=False,
        timeout=PATIENCE_SECONDS,
        reconnect_timeout=2.0,
        kwargs={
            "autocommit": True,
            "prepare_threshold": 0,
            "row_factory": dict_row,
            "connect_timeout": CONNECT_SECONDS,
        },
    )
    async with pool:
        saver = PostgresCheckpoints(pool)
        try:
            yield saver
        finally:
            await saver.all_flushed()
