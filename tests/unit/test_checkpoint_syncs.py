"""Syncs of the checkpoints' file: one a second at most, and one when somebody waits for it."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint

from backend.store.sqlite import checkpoint_writer, database
from backend.store.sqlite.checkpoints import SqliteCheckpoints, open_checkpoints

THREAD = RunnableConfig(configurable={"thread_id": "t", "checkpoint_ns": ""})
OTHER = RunnableConfig(configurable={"thread_id": "other", "checkpoint_ns": ""})
NEVER = 3600.0
PATIENCE = 20.0


class Syncs:
    """Of each sync that was asked for, the bytes that the write-ahead log had then."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.fails = False
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()

    def sync(self, log: int) -> None:
        """In place of the real one, which it calls."""
        try:
            if self.fails:
                raise OSError(5, "Input/output error")
            database.sync_log(log)
            self.sizes.append(os.fstat(log).st_size)
        finally:
            self._loop.call_soon_threadsafe(self._came.set)

    async def next(self) -> None:
        """Returns when there was one since the last call."""
        await asyncio.wait_for(self._came.wait(), PATIENCE)
        self._came.clear()


@pytest.fixture
async def syncs(monkeypatch: pytest.MonkeyPatch) -> Syncs:
    found = Syncs()
    monkeypatch.setattr(checkpoint_writer, "sync_log", found.sync)
    monkeypatch.setattr(checkpoint_writer, "_SYNC_SECONDS", NEVER)
    return found


@pytest.fixture
async def saver(tmp_path: Path) -> AsyncIterator[SqliteCheckpoints]:
    async with open_checkpoints(tmp_path) as opened:
        yield opened


async def put(saver: SqliteCheckpoints, thread: RunnableConfig = THREAD) -> None:
    """A checkpoint and a result of one of its tasks, both committed."""
    stored = await saver.aput(thread, empty_checkpoint(), {}, {})
    await saver.aput_writes(stored, [("told", ["A lamp."])], "task")
    assert await saver.aget_tuple(thread) is not None


async def test_section_that_begins_waits_for_commits_and_for_no_sync(
    saver: SqliteCheckpoints, syncs: Syncs
) -> None:
    await put(saver)
    await saver.flushed("t")
    assert syncs.sizes == []


async def test_commits_are_synced_soon_though_nobody_waits(
    saver: SqliteCheckpoints, tmp_path: Path, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "_SYNC_SECONDS", 0.0)
    await put(saver)
    await syncs.next()
    await put(saver, OTHER)
    while syncs.sizes[-1:] != [(tmp_path / "checkpoints.db-wal").stat().st_size]:
        await syncs.next()


async def test_sync_for_a_run_that_ended_is_one_for_all_threads(
    saver: SqliteCheckpoints, tmp_path: Path, syncs: Syncs
) -> None:
    await put(saver)
    await put(saver, OTHER)
    size = (tmp_path / "checkpoints.db-wal").stat().st_size
    await saver.aprune(["t"])
    assert syncs.sizes == [size]


async def test_deletion_of_a_thread_is_synced(saver: SqliteCheckpoints, syncs: Syncs) -> None:
    await put(saver)
    await saver.adelete_thread("t")
    assert len(syncs.sizes) == 1


async def test_disk_that_failed_once_fails_for_whoever_waits_from_then_on(
    saver: SqliteCheckpoints, syncs: Syncs
) -> None:
    await put(saver)
    syncs.fails = True
    with pytest.raises(OSError, match="Input/output"):
        await saver.aprune(["t"])
    syncs.fails = False
    with pytest.raises(OSError, match="Input/output"):  # the system has forgotten what it couldn't write
        await saver.flushed("t")


async def test_disk_that_failed_while_nobody_waited_fails_for_the_next_section(
    saver: SqliteCheckpoints, syncs: Syncs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "_SYNC_SECONDS", 0.0)
    syncs.fails = True
    await put(saver)
    await syncs.next()
    with pytest.raises(OSError, match="Input/output"):
        while True:
            await saver.flushed("t")
