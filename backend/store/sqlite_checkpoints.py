"""LangGraph checkpoints in a SQLite file of their own: its writes and the service's don't block each other."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiosqlite
import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from backend.store.checkpoints import DurableSaver
from backend.store.folders import CHECKPOINTS
from backend.store.sqlite import BUSY_SECONDS, check_writable

log = structlog.get_logger()

_RETRY_SECONDS = (0.05, 0.2, 1.0, 3.0)
_TRUNCATE_AGAIN_SECONDS = 1.0
_T = TypeVar("_T")


class _PatientSaver(AsyncSqliteSaver):
    """LangGraph's saver with retries of failed writes, and erasing deletions."""

    def __init__(self, connection: aiosqlite.Connection, busy_seconds: float = BUSY_SECONDS) -> None:
        super().__init__(connection)
        self._busy_seconds = busy_seconds
        self._truncate_at: float | None = None

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As LangGraph's."""
        put = super().aput
        return await self._write(lambda: put(config, checkpoint, metadata, new_versions))

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As LangGraph's."""
        put_writes = super().aput_writes
        await self._write(lambda: put_writes(config, writes, task_id, task_path))

    async def adelete_thread(self, thread_id: str) -> None:
        """As LangGraph's. No file keeps a byte of the thread, once current readers are done."""
        delete_thread = super().adelete_thread
        await self._write(lambda: delete_thread(thread_id))
        await self._truncate()

    async def check_writable(self, busy_seconds: float) -> None:
        """Makes a write that changes nothing, from a connection of its own. Raises sqlite3.Error when the file
        can't be written, or is locked for longer than `busy_seconds`."""
        async with self.conn.execute("PRAGMA database_list") as rows:
            [(_, _, file)] = await rows.fetchall()
        await asyncio.to_thread(check_writable, Path(file), "checkpoints", busy_seconds)

    async def _write(self, write: Callable[[], Awaitable[_T]]) -> _T:
        """Retries as often as the log does, since checkpoints are worth as much as logged text. Raises
        sqlite3.OperationalError at last."""
        for seconds in (*_RETRY_SECONDS, None):
            try:
                written = await write()
            except sqlite3.OperationalError as error:
                log.warning("checkpoint_write_failed", error=str(error), again_in=seconds)
                async with self.lock:
                    await self.conn.rollback()  # what it began would hold up every later write
                if seconds is None:
                    raise
                await asyncio.sleep(seconds)
            else:
                if self._truncate_at is not None and time.monotonic() >= self._truncate_at:
                    await self._truncate()
                return written
        raise AssertionError

    async def _truncate(self) -> None:
        """Truncates the write-ahead log, which still has deleted data; retries soon if a reader prevents it."""
        async with self.lock:
            await self.conn.execute("PRAGMA busy_timeout=0")
            try:
                async with self.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)") as rows:
                    busy = (await rows.fetchone() or [1])[0]
            except sqlite3.OperationalError:
                busy = 1
            finally:
                await self.conn.execute(f"PRAGMA busy_timeout={int(self._busy_seconds * 1000)}")
        self._truncate_at = time.monotonic() + _TRUNCATE_AGAIN_SECONDS if busy else None


class SqliteCheckpoints(DurableSaver, _PatientSaver):
    """Checkpoints in a SQLite file. Opened by `open_checkpoints`."""


@asynccontextmanager
async def open_checkpoints(
    folder: Path, busy_seconds: float = BUSY_SECONDS
) -> AsyncIterator[SqliteCheckpoints]:
    """The checkpoints in `folder`; on exit, waits for pending writes.

    A write waits `busy_seconds` for another process that holds the file, and is tried again then.
    """
    async with aiosqlite.connect(folder / CHECKPOINTS) as connection:
        await connection.execute(f"PRAGMA busy_timeout={int(busy_seconds * 1000)}")
        # Deleted data is overwritten with zeros.
        await connection.execute("PRAGMA secure_delete=ON")
        saver = SqliteCheckpoints(connection, busy_seconds)
        await saver.setup()
        try:
            yield saver
        finally:
            await saver.all_flushed()
