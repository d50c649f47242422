"""LangGraph's checkpoints in a SQLite file of their own: its writes and ours don't wait for one another.

One thread writes, and what is put within a moment, or while it commits, shares the next commit: most puts of a step are
one hop to a thread, where LangGraph's own asynchronous saver makes four hops and a commit of each. A commit outlives a
kill; it is synced to the disk when somebody waits for that (`flushed`), with all commits before it.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import structlog
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_metadata,
)
from langgraph.checkpoint.sqlite import SqliteSaver

from backend.store.channel_deltas import DeltaEncoder
from backend.store.checkpoints import DurableSaver
from backend.store.folders import CHECKPOINTS
from backend.store.sqlite.blobs import (
    CREATE_BLOBS,
    Statement,
    keep_newest,
    put_blobs,
    with_values,
    without_blobs,
)
from backend.store.sqlite.database import BUSY_SECONDS, check_writable, enter_wal, sync_log, truncate_log

log = structlog.get_logger()

_RETRY_SECONDS = (0.05, 0.2, 1.0, 3.0)
_TRUNCATE_AGAIN_SECONDS = 1.0
_COMPANY_SECONDS = 0.02
"""How long a commit for which nobody waits, waits for company."""

_PUT = (
    "INSERT OR REPLACE INTO checkpoints"
    " (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type, checkpoint, metadata)"
    " VALUES ({}, ?, ?, ?, ?, ?, ?)"
)
_PUT_WHOLE = _PUT.format("?")
# Refused by NOT NULL where its parent isn't there: its write failed, or another process pruned it.
_PUT_NEXT = _PUT.format(
    "CASE WHEN EXISTS (SELECT 1 FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?)"
    " THEN ? END"
)
_PUT_WRITES = (
    "INSERT OR {} INTO writes"
    " (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel, type, value)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_REPLACE_WRITES, _IGNORE_WRITES = _PUT_WRITES.format("REPLACE"), _PUT_WRITES.format("IGNORE")

TransactionWork = Callable[[sqlite3.Connection], None]
"""What is done with the connection within a transaction."""


@dataclass(slots=True)
class _Write:
    """Work that is committed in one transaction, and who waits for that."""

    work: Sequence[Statement | TransactionWork]
    erases: bool = False
    done: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CheckpointWriter:
    """The thread that writes, and the queue before it."""

    def __init__(self, file: Path, busy_seconds: float) -> None:
        self._file = file
        self._busy_seconds = busy_seconds
        self._connection = _connect(file, busy_seconds)
        # Most commits are of steps whose results are in the next one too: they needn't be synced one by one.
        self._connection.execute("PRAGMA synchronous=NORMAL")
        self._is_synced = True  # the writing thread's
        self._sync_failure: OSError | None = None
        # What is deleted is overwritten with zeros.
        self._connection.execute("PRAGMA secure_delete=ON")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storywire-checkpoints")
        self._queue: list[_Write] = []
        self._committing: asyncio.Task[None] | None = None
        self._newest: asyncio.Future[None] | None = None
        self._waiters = 0
        self._hurry = asyncio.Event()
        self._truncate_at: float | None = None

    async def write(self, *work: Statement | TransactionWork, erases: bool = False) -> None:
        """Returns when the work is committed. Raises sqlite3.OperationalError when the file can't be written,
        also not after some seconds."""
        item = _Write(work, erases)
        self._queue.append(item)
        self._newest = item.done
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_queue(), name="checkpoints")
        await asyncio.shield(item.done)

    async def flushed(self) -> None:
        """Returns when what was to be written before this call is, or failed."""
        if self._newest is not None and not self._newest.done():
            with self.awaited():
                await asyncio.wait([self._newest])

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Has everything committed at once, also what is queued while this is open."""
        self._waiters += 1
        self._hurry.set()
        try:
            yield
        finally:
            self._waiters -= 1
            if not self._waiters:
                self._hurry.clear()

    async def synced(self) -> None:
        """Returns when what was committed before this call is on the disk. Raises OSError where the disk fails."""
        if not self._is_synced:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._sync)

    async def close(self) -> None:
        """Waits for what is under way."""
        if self._committing is not None:
            with self.awaited():
                await asyncio.wait([self._committing])
        await asyncio.to_thread(self._thread.shutdown)
        self._connection.close()

    async def _commit_queue(self) -> None:
        try:
            while self._queue:
                with suppress(TimeoutError):
                    async with asyncio.timeout(_COMPANY_SECONDS):
                        await self._hurry.wait()
                batch, self._queue = self._queue, []
                await self.commit(batch)
        finally:
            self._committing = None

    async def commit(self, batch: list[_Write]) -> None:
        """In one transaction; if it isn't the file that is at fault, each write in a transaction of its own."""
        try:
            await self._try(batch)
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, sqlite3.OperationalError):
                for item in batch:
                    await self.commit([item])
                return
            for item in batch:
                if not item.done.done():
                    item.done.set_exception(error)
                    item.done.exception()  # also where nobody waits any more
        else:
            for item in batch:
                if not item.done.done():
                    item.done.set_result(None)

    async def _try(self, batch: list[_Write]) -> None:
        """As often as the log does: what a run's readers have been told is worth as much as what it goes on from."""
        loop = asyncio.get_running_loop()
        for seconds in (*_RETRY_SECONDS, None):
            try:
                await loop.run_in_executor(self._thread, self._transact, batch)
            except sqlite3.OperationalError as error:
                log.warning("checkpoint_write_failed", error=str(error), again_in=seconds)
                if seconds is None:
                    raise
                await asyncio.sleep(seconds)
            else:
                return

    def _transact(self, batch: list[_Write]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for work in (work for item in batch for work in item.work):
                if callable(work):
                    work(self._connection)
                else:
                    self._connection.executemany(*work)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._is_synced = False
        erases = any(item.erases for item in batch)
        if erases:
            self._sync()  # what is deleted stays so
        is_due = self._truncate_at is not None and time.monotonic() >= self._truncate_at
        if is_due or erases:
            self._truncate()

    def _sync(self) -> None:
        if self._is_synced:  # by somebody else's sync
            return
        if self._sync_failure is not None:  # what the disk lost then, no later sync brings back
            raise self._sync_failure
        try:
            sync_log(self._file)
        except OSError as error:
            self._sync_failure = error
            raise
        self._is_synced = True

    def _truncate(self) -> None:
        """Empties the write-ahead log, where what was deleted stands still; soon again if somebody reads."""
        done = truncate_log(self._connection.cursor(), self._busy_seconds)
        self._truncate_at = None if done else time.monotonic() + _TRUNCATE_AGAIN_SECONDS


class GroupCommitSaver(BaseCheckpointSaver[str]):
    """LangGraph's tables and reads, with writes that share commits, and values that are stored once."""

    def __init__(self, file: Path, writer: CheckpointWriter, reading: sqlite3.Connection) -> None:
        super().__init__()
        self._file = file
        self._writer = writer
        self._reading = reading
        self._stored = SqliteSaver(reading, serde=self.serde)
        self._stored.is_setup = True  # `_set_up` made the tables
        self._deltas = DeltaEncoder()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="storywire-checkpoints-read")

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """As LangGraph's."""
        del new_versions
        place = config["configurable"]
        thread_id, space = str(place["thread_id"]), place.get("checkpoint_ns", "")
        about = json.dumps(get_checkpoint_metadata(config, metadata), ensure_ascii=False)
        row: tuple[Any, ...] = (
            *(thread_id, space, checkpoint["id"], place.get("checkpoint_id")),
            *self.serde.dumps_typed(without_blobs(checkpoint)),
            about.encode("utf-8", "ignore"),
        )
        new = self._deltas.encode(config, checkpoint)
        guard = () if new.parent is None else (thread_id, space, new.parent)
        put = _PUT_NEXT if guard else _PUT_WHOLE, [(*guard, *row)]
        blobs = put_blobs((thread_id, space), checkpoint["channel_versions"], new.values, self.serde)
        try:
            await self._writer.write(put, blobs)
        except BaseException:
            self._deltas.forget(thread_id)
            raise
        stored = {"thread_id": place["thread_id"], "checkpoint_ns": space, "checkpoint_id": checkpoint["id"]}
        return {"configurable": stored}

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """As LangGraph's."""
        place = config["configurable"]
        key = str(place["thread_id"]), str(place.get("checkpoint_ns", "")), str(place["checkpoint_id"])
        rows = [
            (
                *(*key, task_id, task_path, WRITES_IDX_MAP.get(channel, position), channel),
                *self.serde.dumps_typed(value),
            )
            for position, (channel, value) in enumerate(writes)
        ]
        replaces = all(channel in WRITES_IDX_MAP for channel, _ in writes)
        await self._writer.write((_REPLACE_WRITES if replaces else _IGNORE_WRITES, rows))

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """As LangGraph's."""
        found = await self._read(lambda stored: [] if (one := stored.get_tuple(config)) is None else [one])
        return found[0] if found else None

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """As LangGraph's."""
        found = await self._read(
            lambda stored: list(stored.list(config, filter=filter, before=before, limit=limit))
        )
        for each in found:
            yield each

    async def adelete_thread(self, thread_id: str) -> None:
        """As LangGraph's. No file keeps a byte of it; where somebody reads at that moment, until they are done."""
        self._deltas.forget(str(thread_id))
        tables = ("checkpoints", "checkpoint_blobs", "writes")
        with self._writer.awaited():
            await self._writer.write(
                *((f"DELETE FROM {table} WHERE thread_id = ?", [(str(thread_id),)]) for table in tables),
                erases=True,
            )

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As LangGraph's: of each thread only the newest checkpoint is kept, or none."""
        if strategy == "delete":
            for thread_id in thread_ids:
                await self.adelete_thread(thread_id)
            return
        for thread_id in thread_ids:
            self._deltas.forget(str(thread_id))
            with self._writer.awaited():
                await self._writer.write(partial(keep_newest, thread_id=str(thread_id), serde=self.serde))

    async def close(self) -> None:
        """Waits for what is under way."""
        await self._writer.close()
        await asyncio.to_thread(self._thread.shutdown)

    async def _read(self, find: Callable[[SqliteSaver], list[CheckpointTuple]]) -> list[CheckpointTuple]:
        """What was put before is seen."""
        await self._writer.flushed()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._find, find)

    def _find(self, find: Callable[[SqliteSaver], list[CheckpointTuple]]) -> list[CheckpointTuple]:
        self._reading.execute(
            "BEGIN"
        )  # a prune between the two would take what a checkpoint's values are made of
        try:
            return with_values(self._reading, self.serde, find(self._stored))
        finally:
            self._reading.execute("COMMIT")


class SqliteCheckpoints(DurableSaver, GroupCommitSaver):
    """Checkpoints in a SQLite file. Open them with `open_checkpoints`."""

    async def flushed(self, thread_id: str) -> None:
        """As `DurableSaver`'s, and not even a power cut reaches them."""
        await super().flushed(thread_id)
        await self._writer.synced()

    def _awaited(self) -> AbstractContextManager[None]:
        return self._writer.awaited()

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As LangGraph's: of each thread only the newest checkpoint is kept, or none."""
        for thread_id in thread_ids:
            await self.flushed(thread_id)
        await super().aprune(thread_ids, strategy=strategy)

    async def check_writable(self, busy_seconds: float) -> None:
        """A write that changes nothing, from a connection of its own. Raises sqlite3.Error when the file can't be
        written, or somebody holds it for longer than `busy_seconds`."""
        await asyncio.to_thread(check_writable, self._file, "checkpoints", busy_seconds)


@asynccontextmanager
async def open_checkpoints(
    folder: Path, busy_seconds: float = BUSY_SECONDS
) -> AsyncIterator[SqliteCheckpoints]:
    """The checkpoints in `folder`; on exit, waits for pending writes.

    A write waits `busy_seconds` for another process that holds the file, and is tried again then.
    """
    file = folder / CHECKPOINTS
    with closing(await asyncio.to_thread(_set_up, file, busy_seconds)) as reading:
        saver = SqliteCheckpoints(file, CheckpointWriter(file, busy_seconds), reading)
        try:
            yield saver
        finally:
            await saver.all_flushed()
            await saver.close()


def _set_up(file: Path, busy_seconds: float) -> sqlite3.Connection:
    """A connection to the file, which has LangGraph's tables."""
    connection = _connect(file, busy_seconds)
    enter_wal(connection, busy_seconds)
    SqliteSaver(connection).setup()
    connection.execute(CREATE_BLOBS)
    return connection


def _connect(file: Path, busy_seconds: float) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
