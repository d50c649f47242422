"""LangGraph's checkpoints in a SQLite file of their own: its writes and ours don't wait for one another.

What is put shares commits (`checkpoint_writer.py`): most puts of a step are one hop to a thread, where LangGraph's own
asynchronous saver makes four hops and a commit of each.
"""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

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

from backend.store.checkpoints.channel_deltas import DeltaEncoder
from backend.store.checkpoints.durable_saver import DurableSaver
from backend.store.setup.folders import CHECKPOINTS
from backend.store.sqlite.blobs import (
    CREATE_BLOBS,
    keep_newest,
    put_blobs,
    with_values,
    without_blobs,
)
from backend.store.sqlite.checkpoint_writer import CheckpointWriter, connect
from backend.store.sqlite.database import enter_wal
from backend.store.sqlite.locks import BUSY_SECONDS, check_writable

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
        """As LangGraph's. No file keeps a byte of it; who reads at that moment is waited for, for some seconds."""
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
        # A prune between the two would take what a checkpoint's values are made of.
        self._reading.execute("BEGIN")
        try:
            return with_values(self._reading, self.serde, find(self._stored))
        finally:
            self._reading.execute("COMMIT")


class SqliteCheckpoints(DurableSaver, GroupCommitSaver):
    """Checkpoints in a SQLite file. Open them with `open_checkpoints`."""

    async def flushed(self, thread_id: str) -> None:
        """As `DurableSaver`'s; a second later not even a power cut reaches them. Raises OSError where the disk has
        failed to keep what was written before."""
        await super().flushed(thread_id)
        self._writer.check_disk()

    def _awaited(self) -> AbstractContextManager[None]:
        return self._writer.awaited()

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """As LangGraph's: of each thread only the newest checkpoint is kept, or none."""
        for thread_id in thread_ids:
            await self.flushed(thread_id)
        await self._writer.synced()  # what the run ended with
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
    connection = connect(file, busy_seconds)
    enter_wal(connection, busy_seconds)
    SqliteSaver(connection).setup()
    connection.execute(CREATE_BLOBS)
    return connection
