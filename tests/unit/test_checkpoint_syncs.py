"""Syncs of the checkpoints' file: one when somebody waits for it, and none for each commit."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import empty_checkpoint

from backend.store.sqlite import checkpoint_writer, database
from backend.store.sqlite.checkpoints import SqliteCheckpoints, open_checkpoints

THREAD = RunnableConfig(configurable={"thread_id": "t", "checkpoint_ns": ""})
OTHER = RunnableConfig(configurable={"thread_id": "other", "checkpoint_ns": ""})


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of each sync that was asked for, the bytes that the write-ahead log had then."""
    found: list[int] = []

    def sync(file: Path) -> None:
        database.sync_log(file)
        found.append(Path(f"{file}-wal").stat().st_size)

    monkeypatch.setattr(checkpoint_writer, "sync_log", sync)
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


async def test_commits_are_synced_when_somebody_waits_for_that_and_once_for_all_threads(
    saver: SqliteCheckpoints, tmp_path: Path, syncs: list[int]
) -> None:
    await put(saver)
    await put(saver, OTHER)
    assert syncs == []
    await saver.flushed("t")
    assert syncs == [(tmp_path / "checkpoints.db-wal").stat().st_size]
    await saver.flushed("t")
    await saver.flushed("other")
    assert len(syncs) == 1
    await put(saver)
    await saver.flushed("t")
    assert len(syncs) == 2


async def test_thread_that_was_pruned_was_synced_before(saver: SqliteCheckpoints, syncs: list[int]) -> None:
    await put(saver)
    await saver.aprune(["t"])
    assert len(syncs) == 1


async def test_deletion_of_a_thread_is_synced(saver: SqliteCheckpoints, syncs: list[int]) -> None:
    await put(saver)
    await saver.adelete_thread("t")
    assert len(syncs) == 2  # what was there, and that it is gone


async def test_disk_that_failed_once_fails_for_whoever_waits_from_then_on(
    saver: SqliteCheckpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(file: Path) -> None:
        raise OSError(5, "Input/output error", str(file))

    await put(saver)
    with monkeypatch.context() as broken:
        broken.setattr(checkpoint_writer, "sync_log", fail)
        with pytest.raises(OSError, match="Input/output"):
            await saver.flushed("t")
    with pytest.raises(OSError, match="Input/output"):  # the system has forgotten what it couldn't write
        await saver.flushed("t")
