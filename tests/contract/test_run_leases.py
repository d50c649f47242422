"""The run store for the process that executes a run: a write by whoever lost it changes nothing, on every database."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.log.sql import SqlLog
from backend.store.owner import Owner
from backend.store.runs.charges import ChargeRepository, Limit, LimitReached, refund
from backend.store.runs.owned_runs import Lease, OwnedRunRepository
from backend.store.runs.runs import Run, RunRepository
from backend.store.schema.transitions import MOVES
from backend.store.sql.database import Database
from backend.store.usage import UsageRepository
from tests.databases import ENGINES
from tests.unit.messages import complete, error
from tests.unit.stored_runs import a_run, add_run, change_run, find_cached, finish_run, lease_run

pytestmark = pytest.mark.engine(*ENGINES)

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


async def refunded(database: Database, run: Run) -> None:
    """Takes the charge of the run back."""
    await database.write(lambda connection: refund(connection, run.id))


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
    assert await owned.choose_source(lease, follower, now, None) == (True, leader.id)
    assert await owned.choose_source(lease, follower, None, None) == (True, None)  # none is wanted
    assert await owned.choose_source(lease, follower, now, None) == (True, leader.id)
    await finish_run(repository, leader, "failed", error=error())
    assert await owned.choose_source(lease, follower, now, None) == (True, None)
    after = await repository.get(follower.id)
    assert after is not None and after.source_run_id is None
    charged = await ChargeRepository(database).count(Owner("maya"), "story", ALWAYS)
    assert charged == 3

    await lease_run(log, follower)  # another process has taken the run over
    await change_run(repository, follower, source_run_id=leader.id)
    assert await owned.choose_source(lease, follower, None, None) == (False, None)
    after = await repository.get(follower.id)
    assert after is not None and after.source_run_id == leader.id
    assert await ChargeRepository(database).count(Owner("maya"), "story", ALWAYS) == charged


async def test_result_is_kept_for_the_same_request_by_a_run_with_a_key_that_is_no_copy(
    owned: OwnedRunRepository, repository: RunRepository, log: SqlLog, database: Database
) -> None:
    for key, result, is_kept in (
        ("k", complete(), True),
        ("copied", complete().model_copy(update={"cached": True}), False),
        (None, complete(), False),
    ):
        run = await add_run(repository, process="P1", cache_key=key)
        assert await owned.complete(await lease_run(log, run), run, result, None, bought=True)
        found = await find_cached(database, key or "")
        assert (found == run.id) == is_kept


async def test_write_stores_what_it_was_given(
    owned: OwnedRunRepository, repository: RunRepository, log: SqlLog
) -> None:
    async def after(name: str) -> Run:
        run = await add_run(repository, process="P1")
        assert await WRITES[name](owned, await lease_run(log, run))
        stored = await repository.get(run.id)
        assert stored is not None
        return stored

    done, failed = await after("complete"), await after("fail")
    assert (done.title, done.words, done.section_count, done.result) == ("The Lamp", 1, 1, complete())
    assert (failed.title, failed.words, failed.error) == ("T", 12, error())
    for name in ("ask", "release"):
        left = await after(name)
        assert (left.title, left.words, left.finished_at) == ("T", 3, None)


async def test_source_that_nobody_may_be_given_charges_the_run_within_its_limit(
    owned: OwnedRunRepository, repository: RunRepository, log: SqlLog, database: Database
) -> None:
    one = replace(ALWAYS, most=1)
    await add_run(repository)  # has the only place
    leader = await add_run(repository, owner="noa", cache_key="k", process="P1")
    follower = await add_run(repository, owner="noa", cache_key="k", process="P1", source_run_id=leader.id)
    for run in (leader, follower):
        await refunded(database, run)
    lease = await lease_run(log, follower)
    assert await owned.choose_source(lease, follower, None, one) == (True, None)  # noa has a place of her own
    assert await ChargeRepository(database).count(Owner("noa"), "story", ALWAYS) == 1

    last = await add_run(repository, owner="noa", cache_key="k", process="P1", source_run_id=leader.id)
    await refunded(database, last)
    with pytest.raises(LimitReached):
        await owned.choose_source(await lease_run(log, last), last, None, one)
    after = await repository.get(last.id)
    assert after is not None and after.source_run_id == leader.id


@pytest.mark.parametrize("lost", ["to another process", "to another attempt", "by deletion"])
async def test_source_chosen_by_who_lost_the_run_is_refused_and_charges_nothing(
    owned: OwnedRunRepository, repository: RunRepository, log: SqlLog, database: Database, lost: str
) -> None:
    leader = await add_run(repository, owner="noa", cache_key="k", process="P1")
    run = await add_run(repository, cache_key="k", process="P1", source_run_id=leader.id)
    lease = await lease_run(log, run)
    await refunded(database, run)
    match lost:
        case "to another process":
            assert await repository.take_over(run, "P2")
        case "to another attempt":
            await log.take_over(run.id)
        case _:
            await repository.delete(run.owner, run.id)
    before = await repository.get(run.id)
    assert await owned.choose_source(lease, run, None, None) == (False, None)
    assert await repository.get(run.id) == before
    assert await ChargeRepository(database).count(Owner("maya"), "story", ALWAYS) == 0


async def test_usage_set_by_a_zombie_changes_nothing_and_of_a_deleted_run_is_kept(
    repository: RunRepository, log: SqlLog, database: Database, run: Run
) -> None:
    usage, whose, day = (
        UsageRepository(database),
        {"id": run.id, "owner": run.owner, "format": run.format},
        "2026-01-01",
    )

    async def put(lease: Lease, tokens: int) -> int:
        part = {"role": "writing", "model": "a:b", "estimated": False, "input_tokens": tokens}
        await usage.put(whose, day, [{**part, "output_tokens": 0, "cost_usd": 0.1}], epoch=lease.epoch)
        [row] = await usage.sums(run.owner, day, day, "day")
        return row.input_tokens

    zombie = await lease_run(log, run)
    assert await put(zombie, 10) == 10
    successor = await lease_run(log, run)
    assert await put(successor, 25) == 25
    assert await put(zombie, 12) == 25
    await repository.delete(run.owner, run.id)
    assert await put(successor, 30) == 30
