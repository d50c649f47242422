"""Rows of runs, written by whoever executes them, and by nobody who lost them."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.log.sql import SqlLog
from backend.store.charges import ChargeRepository, Limit
from backend.store.database import Database
from backend.store.owned_runs import Lease, OwnedRunRepository
from backend.store.runs import Run, RunRepository
from backend.store.transitions import MOVES
from tests.unit.messages import complete, error
from tests.unit.stored_runs import a_run, add_run, finish_run, lease_run

Write = Callable[[OwnedRunRepository, Lease], Awaitable[bool]]
ALWAYS = Limit(None, datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC))
WRITES: dict[str, Write] = {
    "complete": lambda runs, lease: runs.complete(lease, a_run(), complete(), None, bought=True),
    "fail": lambda runs, lease: runs.fail(lease, error(), "T", bought=True),
    "cancel": lambda runs, lease: runs.fail(lease, error("CANCELLED"), "T", bought=True),
    "ask": lambda runs, lease: runs.release(lease, waits=True, title="T", words=3),
    "release": lambda runs, lease: runs.release(lease, waits=False, title="T", words=3),
    "reset": lambda runs, lease: runs.reset_crash_count(lease),
}


@pytest.fixture
def owned(database: Database) -> OwnedRunRepository:
    return OwnedRunRepository(database)


@pytest.fixture
async def run(repository: RunRepository) -> Run:
    return await add_run(repository, process="P1", crash_count=2)


@pytest.mark.parametrize("name", WRITES)
async def test_write_by_who_executes_the_run_makes_its_move(
    owned: OwnedRunRepository, repository: RunRepository, log: SqlLog, run: Run, name: str
) -> None:
    assert await WRITES[name](owned, await lease_run(log, run))
    after = await repository.get(run.id)
    assert after is not None
    if name == "reset":
        assert after == replace(run, crash_count=0)
    else:
        assert (after.status, after.process) == (MOVES[name].target, None)  # type: ignore[index]
        assert after.is_finished == (after.finished_at is not None)


@pytest.mark.parametrize("name", WRITES)
async def test_write_by_a_zombie_whose_last_message_is_in_the_log_changes_nothing(
    owned: OwnedRunRepository, repository: RunRepository, log: SqlLog, run: Run, name: str
) -> None:
    zombie = await lease_run(log, run)
    # It logged its last message, and hung; the run was resumed in the very same process, and in another one.
    await finish_run(repository, run, "failed", error=error())
    ended = await repository.get(run.id)
    assert ended is not None and await repository.resume(ended, "P1", ended.options)
    same_process = await repository.get(run.id)
    assert same_process is not None
    successor = await lease_run(log, same_process)
    assert not await WRITES[name](owned, zombie)
    assert await repository.get(run.id) == same_process

    assert await repository.take_over(same_process, "P2")
    assert not await WRITES[name](owned, successor)
    assert not await WRITES[name](owned, replace(zombie, process="P2"))
    assert await repository.get(run.id) == replace(same_process, process="P2")


@pytest.mark.parametrize("name", WRITES)
async def test_write_to_a_run_that_was_deleted_changes_nothing(
    owned: OwnedRunRepository, repository: RunRepository, log: SqlLog, run: Run, name: str
) -> None:
    lease = await lease_run(log, run)
    await repository.delete(run.owner, run.id)
    assert not await WRITES[name](owned, lease)


async def test_source_is_a_run_that_is_written_for_the_same_request_or_none_and_then_it_is_charged(
    owned: OwnedRunRepository, repository: RunRepository, database: Database, log: SqlLog
) -> None:
    now = (await add_run(repository)).created_at
    leader = await add_run(repository, cache_key="k", process="P1", options={"cache": "use"})
    follower = await add_run(repository, cache_key="k", process="P1", source_run_id=leader.id)
    lease = await lease_run(log, follower)
    assert await owned.choose_source(lease, follower, now, None) == leader.id
    assert await owned.choose_source(lease, follower, None, None) is None  # none is wanted
    assert await owned.choose_source(lease, follower, now, None) == leader.id
    await finish_run(repository, leader, "failed", error=error())
    assert await owned.choose_source(lease, follower, now, None) is None
    after = await repository.get(follower.id)
    assert after is not None and after.source_run_id is None
    assert await ChargeRepository(database).count("maya", "story", ALWAYS) == 3
