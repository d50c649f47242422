"""Attempts that are given another run's text: live, finished, deleted, or broken off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from backend.log.entry import Entry
from backend.runs.admission.quota import Quota
from backend.runs.results.sources import SourceReader
from backend.store.accounts.accounts import AccountRepository, NewAccount
from backend.store.accounts.allowances.allowance import Allowance
from backend.store.runs.charges import ChargeRepository
from backend.store.runs.runs import NewRun, Run
from backend.store.schema.run_values import RunOptions
from backend.store.schema.tables import cached_results, log_entries
from backend.store.sql.database import Database
from tests.unit.attempts import OpenAttempt, note, open_attempt, write
from tests.unit.messages import error, number, workflow
from tests.unit.run_messages import read_messages
from tests.unit.stored_runs import new_run
from tests.unit.worlds import NOTE, OWNER, World, open_world
from workflows.errors import ModelUnavailable
from workflows.messages.messages import Message, ProgressReported, RunCompleted, RunFailed, encode

CACHED = RunOptions(keep_length=False, cache="use")


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(database, tmp_path) as opened:
        yield opened


async def start(world: World) -> Run:
    """A run that others may copy, executed by this process."""
    run, _ = await world.service.start(OWNER, world.request(cache="use"))
    return run


async def follower_of(world: World, leader: Run) -> Run:
    """The same request, stored but not executed."""
    same = _same_as(leader, world)
    follower = await world.repository.add(same, kept_since=datetime(2000, 1, 1, tzinfo=UTC))
    assert follower is not None and follower.source_run_id == leader.id
    return follower


def _same_as(run: Run, world: World) -> NewRun:
    return new_run(
        format="note",
        model=run.model,
        input=NOTE,
        options=CACHED,
        process=world.engine.process,
        cache_key=run.cache_key,
    )


async def charged(world: World) -> int:
    return (await world.quota.usage(OWNER, "note")).used


async def until_told(world: World, run: Run, text: str) -> None:
    """Returns when the run's log has this text."""
    seq = 0
    async with asyncio.timeout(20):
        while not any(text in getattr(m, "chunk", "") for m in await read_messages(world.log, run.id)):
            await world.log.wait(run.id, seq, 5)
            newest = await world.log.last(run.id)
            seq = newest.seq if newest else 0


@asynccontextmanager
async def following(
    world: World,
) -> AsyncIterator[tuple[Run, OpenAttempt, asyncio.Task[Message | None], asyncio.Event]]:
    """A run whose second section waits for the event, and the attempt that copies it up to there."""
    gate = world.format.gates[1] = asyncio.Event()
    leader = await start(world)
    await world.format.begun[1].wait()
    follower = await follower_of(world, leader)
    async with open_attempt(world, follower, world.log) as opened:
        writing = asyncio.create_task(opened.attempt.write())
        await until_told(world, follower, "Section 1")
        yield leader, opened, writing, gate


async def test_copy_of_a_finished_run_is_its_text_at_once_and_costs_nothing(world: World) -> None:
    leader = await start(world)
    await world.end(leader.id)
    follower = await follower_of(world, leader)
    async with open_attempt(world, follower, world.log) as opened:
        ending = await opened.attempt.write()

    assert isinstance(ending, RunCompleted) and ending.cached and ending.run_id == follower.id
    assert opened.transcript.text == ending.story_content and world.format.written == [0, 1]
    assert (opened.metrics.hits, opened.metrics.misses) == (1, 0) and await charged(world) == 1
    said = await read_messages(world.log, follower.id)
    assert [each.percent for each in said if isinstance(each, ProgressReported)] == [5, 100]
    assert (said[0].type, said[-1].type) == ("node_event", "node_event")


async def test_copy_of_a_run_that_is_written_says_so_and_follows_it_to_its_end(world: World) -> None:
    async with following(world) as (_, opened, writing, gate):
        gate.set()
        ending = await writing
    said = await read_messages(world.log, opened.attempt.run.id)

    assert isinstance(ending, RunCompleted) and ending.cached and world.format.written == [0, 1]
    waits = next(each for each in said if isinstance(each, ProgressReported))
    assert "for another run" in waits.message
    assert opened.transcript.text == ending.story_content


async def test_copy_of_a_run_that_is_written_stops_where_it_is_when_it_drains(world: World) -> None:
    async with following(world) as (leader, opened, writing, gate):
        opened.handle.drain()
        assert await writing is None
    gate.set()
    await world.end(leader.id)
    ending = await write(world, opened.attempt.run, world.log)
    assert isinstance(ending, RunCompleted) and ending.cached and world.format.written == [0, 1]
    said = await read_messages(world.log, opened.attempt.run.id)
    percents = [each.percent for each in said if isinstance(each, ProgressReported)]
    assert percents == sorted(percents)


async def test_copy_whose_source_ends_with_another_text_than_its_log_has_is_written_instead(
    world: World,
) -> None:
    leader = await start(world)
    await world.end(leader.id)
    follower = await follower_of(world, leader)
    ending = (await read_messages(world.log, leader.id))[-1]
    other = encode(ending.model_copy(update={"story_content": "Another text."}))
    query = update(log_entries).where(log_entries.c.run_id == leader.id, log_entries.c.type == "complete")
    await world.repository._db.write(lambda connection: connection.execute(query.values(data=other)))
    written = await write(world, follower, world.log, run_seconds=10)
    assert isinstance(written, RunCompleted) and not written.cached
    assert world.format.written == [0, 1, 0, 1]


async def test_copy_of_a_run_that_failed_is_written_from_the_beginning_and_charged(world: World) -> None:
    world.format.faults[1] = [ModelUnavailable("The provider is away.")]
    async with following(world) as (_, opened, writing, gate):
        gate.set()
        ending = await writing

    assert isinstance(ending, RunCompleted) and not ending.cached
    assert world.format.written == [0, 1, 0, 1] and opened.attempt.run.source_run_id is None
    assert (opened.metrics.hits, opened.metrics.misses) == (1, 1)
    assert await charged(world) == 1  # the leader, which had bought nothing, is charged no more
    assert opened.transcript.text == ending.story_content


async def test_copy_of_a_run_that_was_deleted_is_written_and_charged_without_a_hit(world: World) -> None:
    leader = await start(world)
    await world.end(leader.id)
    follower = await follower_of(world, leader)
    before = await charged(world)
    await world.service.delete(OWNER, leader.id)
    async with open_attempt(world, follower, world.log) as opened:
        ending = await opened.attempt.write()
    assert isinstance(ending, RunCompleted) and not ending.cached
    assert (opened.metrics.hits, opened.metrics.misses) == (0, 0) and await charged(world) == before + 1


async def test_budget_of_a_copy_that_is_written_after_all_is_what_is_left_by_then(
    world: World, database: Database
) -> None:
    account = await AccountRepository(database).add(NewAccount("noa@example.org"))
    assert account is not None
    allowance = Allowance(usd_a_month=0.5)
    world.tools.sources._quota = Quota(ChargeRepository(database), {}, allowance=allowance)
    leader = await start(world)
    await world.end(leader.id)
    values = {"owner": account.id, "cache_key": "k", "source_run_id": leader.id}
    follower = await note(world, **values, options={"cache": "use", "budget_usd": 1.0})
    await world.service.delete(OWNER, leader.id)
    async with open_attempt(world, follower, world.log) as opened:
        ending = await opened.attempt.write()
    assert isinstance(ending, RunCompleted) and not ending.cached
    stored = await world.repository.get(follower.id)
    assert stored is not None and stored.options.budget_usd == 0.5
    assert opened.budget.ledger._caps.budget_usd == opened.budget.tally.usage.budget_usd == 0.5


async def test_copy_that_may_not_be_written_for_want_of_quota_fails(
    database: Database, tmp_path: Path
) -> None:
    async with open_world(database, tmp_path, monthly=1) as world:
        leader = await start(world)
        await world.end(leader.id)
        follower = await follower_of(world, leader)
        await world.service.delete(OWNER, leader.id)
        ending = await write(world, follower, world.log)
        assert isinstance(ending, RunFailed) and ending.code == "QUOTA_EXCEEDED"
        assert world.format.written == [0, 1]


async def test_copy_of_a_run_that_failed_is_taken_back_where_the_run_may_not_be_written_itself(
    database: Database, tmp_path: Path
) -> None:
    async with open_world(database, tmp_path, monthly=1) as world:
        world.format.bought = {0: 30}  # so the leader stays charged
        world.format.faults[1] = [ModelUnavailable("The provider is away.")]
        async with following(world) as (_, opened, writing, gate):
            gate.set()
            ending = await writing
    assert isinstance(ending, RunFailed) and ending.code == "QUOTA_EXCEEDED"
    assert (ending.partial.sections_completed, opened.transcript.text) == (0, "")


@pytest.mark.parametrize("attempt", [1, 2])
async def test_run_without_a_source_looks_for_one_when_it_goes_on_without_a_checkpoint(
    world: World, attempt: int
) -> None:
    leader = await start(world)
    await world.end(leader.id)
    run = await world.repository.add(_same_as(leader, world))  # no source was wanted
    assert run is not None and run.source_run_id is None
    if attempt > 1:  # it was killed before its graph began
        await world.log.append(run.id, await world.log.take_over(run.id), number(workflow("started")))
    ending = await write(world, run, world.log)
    assert isinstance(ending, RunCompleted) and ending.cached == (attempt > 1)
    assert world.format.written == ([0, 1] if attempt > 1 else [0, 1, 0, 1])


async def test_run_without_a_cache_key_has_no_source_whatever_its_row_says(world: World) -> None:
    leader = await start(world)
    await world.end(leader.id)
    alone = await world.repository.add(replace(_same_as(leader, world), cache_key=None))
    assert alone is not None
    ending = await write(world, alone, world.log)
    assert isinstance(ending, RunCompleted) and not ending.cached and world.format.written == [0, 1, 0, 1]


async def test_copy_of_a_broken_run_is_given_up_once_though_the_clock_was_set_back_since_it_was_kept(
    world: World, database: Database
) -> None:
    leader = await start(world)
    await world.end(leader.id)
    follower = await follower_of(world, leader)
    newest = await world.log.last(leader.id)
    assert newest is not None
    broken = Entry(newest.seq + 1, "error", encode(error("INTERNAL")))  # what it would copy is no whole text
    await world.log.append(leader.id, await world.log.take_over(leader.id), [broken])
    tomorrow = update(cached_results).values(created_at=datetime.now(UTC) + timedelta(days=1))
    await database.write(lambda connection: connection.execute(tomorrow))
    async with open_attempt(world, follower, world.log) as opened, asyncio.timeout(30):
        ending = await opened.attempt.write()

    assert isinstance(ending, RunCompleted) and not ending.cached
    assert opened.metrics.misses == 1 and world.format.written == [0, 1, 0, 1]


class _Looks(SourceReader):
    """Notes when a source is looked at; it is deleted at the third look."""

    def __init__(self, world: World) -> None:
        self.__dict__.update(vars(world.tools.sources))
        self._repository = world.repository
        self.times: list[float] = []

    async def find(self, source_id: str) -> Run | None:
        self.times.append(asyncio.get_running_loop().time())
        if len(self.times) == 3:
            await self._repository.delete(OWNER, source_id)
        return await super().find(source_id)


async def test_copy_looks_again_in_a_while_whether_the_row_of_its_ended_source_says_so_too(
    world: World,
) -> None:
    values: dict[str, Any] = {"owner": OWNER, "cache_key": "k", "options": {"cache": "use"}}
    leader = await note(world, **values)
    await world.log.append(
        leader.id, await world.log.take_over(leader.id), number(workflow("started"), error())
    )
    looks = _Looks(world)
    ending = await write(
        world, await note(world, **values, source_run_id=leader.id), world.log, sources=looks
    )
    first, second, _ = looks.times
    assert second - first >= 0.1 and isinstance(ending, RunCompleted)
