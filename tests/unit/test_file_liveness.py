"""Liveness by file locks: nothing is left behind."""

import asyncio
from pathlib import Path

import pytest
from filelock import FileLock

from backend.runs.engine import liveness
from backend.runs.engine.liveness import FileLiveness, find_alive


async def test_lock_of_a_process_that_left_or_was_killed_is_cleared(tmp_path: Path) -> None:
    here, there = FileLiveness(tmp_path), FileLiveness(tmp_path)
    killed = tmp_path / "01J00000000000000000000000.lock"
    killed.touch()  # a lock that is held by nobody any more
    await there.leave()
    assert not await here.is_alive(there.id) and not await here.is_alive(killed.stem)
    await here.leave()
    assert await asyncio.to_thread(lambda: list(tmp_path.iterdir())) == []


async def test_lock_of_a_killed_process_may_be_cleared_by_two_others_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = FileLiveness(tmp_path)
    killed = tmp_path / "01J00000000000000000000000.lock"
    killed.touch()

    class ClearedElsewhere(FileLock):
        def release(self, force: bool = False) -> None:
            super().release(force)
            killed.unlink(missing_ok=True)

    monkeypatch.setattr(liveness, "FileLock", ClearedElsewhere)
    assert not await here.is_alive(killed.stem)
    await here.leave()


async def test_processes_that_are_alive_are_those_that_hold_their_locks(tmp_path: Path) -> None:
    processes = [FileLiveness(tmp_path) for _ in range(2)]
    (tmp_path / "01J00000000000000000000000.lock").touch()
    assert find_alive(tmp_path) == sorted(process.id for process in processes)
    for process in processes:
        await process.leave()
    assert find_alive(tmp_path) == []
