"""The port of run logs: every implementation is the same log to writers and readers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given, settings

from backend.log.base import LogOpening, RunLog
from backend.log.entry import DuplicateSeq, Entry, StaleWriter
from backend.log.memory import MemoryLog, MemoryStorage
from backend.store.owner import Owner
from backend.store.runs.runs import RunRepository
from backend.store.sql.database import Database
from tests.databases import Engine, close_database, new_database, open_database, open_log
from tests.unit.logs import run_logs
from tests.unit.stored_runs import add_run, finish_run, new_run

PATIENCE = 10.0
"""Seconds after which a test gives up; nothing waits that long when all is well."""


class World(Protocol):
    """Where logs are kept, and the runs that they are of."""

    def open(self) -> RunLog:
        """The logs, as one process has them."""

    async def add_run(self) -> str:
        """A run that has just begun."""

    async def add_opened(self, log: RunLog, entries: list[Entry]) -> tuple[str, LogOpening]:
        """A run that was stored with the beginning of its log."""

    async def finish(self, log: RunLog, run_id: str) -> None:
        """The run is over, as its executor leaves it."""

    async def resume(self, run_id: str) -> None:
        """It is to go on, and nobody has taken its log over yet."""


class _Sql:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._runs = RunRepository(database)

    def open(self) -> RunLog:
        return open_log(self._database)

    async def add_run(self) -> str:
        return (await add_run(self._runs)).id

    async def add_opened(self, log: RunLog, entries: list[Entry]) -> tuple[str, LogOpening]:
        new = new_run()
        opening = log.opening(new.id, entries)
        assert await self._runs.add(new, also=opening.store) is not None
        return new.id, opening

    async def finish(self, log: RunLog, run_id: str) -> None:
        run = await self._runs.get(run_id)
        assert run is not None
        await finish_run(self._runs, run, "failed")
        log.let_go(run_id)

    async def resume(self, run_id: str) -> None:
        ended = await self._runs.find(Owner("maya"), run_id)
        assert ended is not None
        assert await self._runs.resume(ended, "P2", ended.options)


class _Memory:
    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._runs = 0

    def open(self) -> RunLog:
        return MemoryLog(self._storage)

    async def add_run(self) -> str:
        self._runs += 1
        return f"run-{self._runs}"

    async def add_opened(self, log: RunLog, entries: list[Entry]) -> tuple[str, LogOpening]:
        run_id = await self.add_run()
        opening = log.opening(run_id, entries)
        opening.publish()
        return run_id, opening

    async def finish(self, log: RunLog, run_id: str) -> None:
        log.let_go(run_id)

    async def resume(self, run_id: str) -> None:
        del run_id


@pytest.fixture(params=["sqlite", "postgresql", "memory"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, empty_database: Path) -> AsyncIterator[World]:
    if request.param == "memory":
        yield _Memory()
        return
    engine: Engine = request.param
    with new_database(engine, tmp_path, empty_database) as url:
        database = open_database(url)
        yield _Sql(database)
        await close_database(database)


@pytest.fixture
async def log(world: World) -> RunLog:
    return world.open()


def entries(first: int, last: int) -> list[Entry]:
    return [
        Entry(seq, "content", b'{"seq":%d,"\xd7\xa9":"\xe2\x80\xa8"}' % seq) for seq in range(first, last + 1)
    ]


async def begin(log: RunLog, world: World, count: int = 0) -> tuple[str, int]:
    """A run with `count` entries, and the epoch of its writer."""
    run = await world.add_run()
    epoch = await log.take_over(run)
    await log.append(run, epoch, entries(1, count))
    return run, epoch


async def test_log_of_a_run_that_was_deleted_is_taken_over_by_nobody(world: World, log: RunLog) -> None:
    if isinstance(world, _Memory):
        return  # it knows of no runs but by their logs
    with pytest.raises(StaleWriter):
        await log.take_over("deleted")


async def test_log_reads_what_was_appended_in_order(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world, 2)
    await log.append(run, epoch, entries(3, 5))
    assert await log.read(run) == entries(1, 5)
    assert await log.last(run) == entries(5, 5)[0]
    assert await log.read(run, 5) == []


async def test_log_of_a_run_that_wrote_nothing_is_empty(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world)
    await log.append(run, epoch, [])
    assert await log.read(run) == []
    assert await log.last(run) is None
    assert await log.read("no such run") == []


async def test_log_reads_the_same_from_every_cursor_whoever_reads(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world)
    for first in range(1, 601, 50):  # more than the writer keeps in memory
        await log.append(run, epoch, entries(first, first + 49))
    elsewhere = world.open()
    for after in (0, 1, 42, 343, 344, 345, 500, 598, 599, 600):
        expected = entries(after + 1, 600)
        assert await log.read(run, after) == await elsewhere.read(run, after) == expected
        assert await log.read(run, after, 7) == await elsewhere.read(run, after, 7) == expected[:7]


async def test_log_with_numbers_left_out_skips_none_of_its_entries(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world)
    await log.append(run, epoch, [*entries(2, 2), *entries(7, 8)])
    for after, expected in [(0, 3), (1, 3), (2, 2), (5, 2), (7, 1), (8, 0)]:
        assert len(await log.read(run, after)) == expected


async def test_log_keeps_each_runs_entries_apart(log: RunLog, world: World) -> None:
    (first, epoch), (second, _) = await begin(log, world, 3), await begin(log, world, 1)
    await log.append(first, epoch, entries(4, 4))
    assert [len(await log.read(run)) for run in (first, second)] == [4, 1]


async def test_log_refuses_a_writer_whose_run_was_taken_over(log: RunLog, world: World) -> None:
    run, old = await begin(log, world, 2)
    new = await world.open().take_over(run)
    assert new > old
    with pytest.raises(StaleWriter):
        await log.append(run, old, entries(3, 9))
    assert await world.open().read(run) == entries(1, 2)


async def test_log_refuses_a_writer_who_never_took_the_run_over(log: RunLog, world: World) -> None:
    run = await world.add_run()
    with pytest.raises(StaleWriter):
        await log.append(run, 1, entries(1, 1))
    with pytest.raises(StaleWriter):
        await log.append("no such run", 1, entries(1, 1))


async def test_log_that_refuses_one_writer_serves_the_others_of_the_same_commit(
    log: RunLog, world: World
) -> None:
    (stale, old), (well, epoch) = await begin(log, world), await begin(log, world)
    new = await log.take_over(stale)
    outcomes = await asyncio.gather(
        log.append(stale, old, entries(1, 3)),
        log.append(well, epoch, entries(1, 2)),
        log.append(stale, new, entries(1, 1)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [StaleWriter, type(None), type(None)]
    assert await log.read(stale) == entries(1, 1)
    assert await log.read(well) == entries(1, 2)


async def test_log_refuses_a_number_that_was_used_and_goes_on(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world, 2)
    with pytest.raises(DuplicateSeq):
        await log.append(run, epoch, [Entry(2, "content", b"other")])
    await log.append(run, epoch, entries(3, 3))
    assert await log.read(run) == entries(1, 3)


async def test_log_append_that_nobody_waits_for_any_more_is_written_all_the_same(
    log: RunLog, world: World
) -> None:
    run, epoch = await begin(log, world)
    append = asyncio.create_task(log.append(run, epoch, entries(1, 1)))
    await asyncio.sleep(0)  # it is in the queue now
    append.cancel()
    with suppress(asyncio.CancelledError):  # unless it was written at once
        await append
    await log.close()
    assert await log.read(run) == entries(1, 1)


async def test_log_wakes_every_reader_that_waits(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world, 1)
    readers = [asyncio.create_task(log.wait(run, 1, 600)) for _ in range(20)]
    await asyncio.sleep(0)
    assert not any(reader.done() for reader in readers)
    await log.append(run, epoch, entries(2, 2))
    done, pending = await asyncio.wait(readers, timeout=PATIENCE)
    assert (len(done), len(pending)) == (20, 0)


async def test_log_wakes_only_the_readers_of_the_run_that_has_news(log: RunLog, world: World) -> None:
    (first, epoch), (second, _) = await begin(log, world), await begin(log, world)
    news = asyncio.create_task(log.wait(first, 0, 600))
    none = asyncio.create_task(log.wait(second, 0, 600))
    await asyncio.sleep(0)
    await log.append(first, epoch, entries(1, 1))
    await asyncio.wait_for(news, PATIENCE)
    assert not none.done()
    log.let_go(second)
    await asyncio.wait_for(none, PATIENCE)


async def test_log_with_news_already_there_lets_nobody_wait(log: RunLog, world: World) -> None:
    run, _ = await begin(log, world, 2)
    await asyncio.wait_for(log.wait(run, 1, 600), PATIENCE)


async def test_log_without_news_lets_a_reader_wait_as_long_as_it_said(log: RunLog, world: World) -> None:
    run, _ = await begin(log, world, 1)
    await asyncio.wait_for(log.wait(run, 1, 0.01), PATIENCE)
    await asyncio.wait_for(log.wait("written elsewhere", 0, 0.01), PATIENCE)


async def test_log_readers_who_give_up_waiting_do_not_keep_others_from_being_woken(
    log: RunLog, world: World
) -> None:
    run, epoch = await begin(log, world)
    leaving, staying = (asyncio.create_task(log.wait(run, 0, 600)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    await log.append(run, epoch, entries(1, 1))
    await asyncio.wait_for(staying, PATIENCE)


async def test_log_says_which_runs_this_process_writes(log: RunLog, world: World) -> None:
    run, _ = await begin(log, world, 1)
    assert log.is_live(run)
    log.let_go(run)
    assert not log.is_live(run)
    assert await log.read(run) == entries(1, 1)


@given(run=run_logs)
@settings(max_examples=15)
async def test_log_packed_reads_the_same_from_every_cursor_and_goes_on_after_a_resume(
    log: RunLog, world: World, run: list[Entry]
) -> None:
    stored = await world.add_run()
    await log.append(stored, await log.take_over(stored), run)
    await world.finish(log, stored)
    await log.pack(stored)
    await log.pack(stored)  # again: there is nothing left to do
    for after in range(len(run) + 1):
        assert await log.read(stored, after) == run[after:]
    assert await log.read(stored, 0, 2) == run[:2]
    assert await world.open().last(stored) == run[-1]
    await world.resume(stored)
    more = entries(len(run) + 1, len(run) + 2)
    await log.append(stored, await log.take_over(stored), more)
    assert await world.open().read(stored) == await log.read(stored) == run + more


async def test_log_of_a_run_that_goes_on_again_is_not_packed(log: RunLog, world: World) -> None:
    run, _ = await begin(log, world, 3)
    await world.finish(log, run)
    await world.resume(run)
    epoch = await log.take_over(run)
    await log.pack(run)  # as housekeeping does that found the run a moment before
    await log.append(run, epoch, entries(4, 5))
    assert await world.open().read(run) == await log.read(run) == entries(1, 5)
    await world.finish(log, run)
    await log.pack(run)
    assert await log.read(run) == entries(1, 5)


async def test_log_closes_after_all_that_was_appended(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world)
    appends = [asyncio.create_task(log.append(run, epoch, entries(n, n))) for n in range(1, 30)]
    await asyncio.sleep(0)
    await log.close()
    assert await world.open().read(run) == entries(1, 29)
    await asyncio.gather(*appends)


async def test_newest_entry_is_never_older_than_what_a_reader_has_seen(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world, 3)
    await world.open().append(run, epoch, entries(4, 4))  # committed, and not in the tail yet

    assert await log.last(run, at_least=4) == entries(4, 4)[0]


async def test_log_whose_append_is_refused_writes_none_of_its_entries(log: RunLog, world: World) -> None:
    run, epoch = await begin(log, world, 2)
    with pytest.raises(DuplicateSeq):
        await log.append(run, epoch, entries(2, 4))
    assert await log.read(run) == await world.open().read(run) == entries(1, 2)


async def test_log_with_a_faulty_entry_of_one_run_writes_those_of_the_others(
    log: RunLog, world: World
) -> None:
    (faulty, first), (well, second), (other, third) = [await begin(log, world, 1) for _ in range(3)]
    outcomes = await asyncio.gather(
        log.append(well, second, entries(2, 2)),
        log.append(faulty, first, entries(1, 1)),
        log.append(other, third, entries(2, 2)),
        log.append(well, second, entries(3, 3)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), DuplicateSeq, type(None), type(None)]
    assert await world.open().read(well) == await log.read(well) == entries(1, 3)
    assert await world.open().read(other) == await log.read(other) == entries(1, 2)
    await log.append(faulty, first, entries(2, 2))
    assert await log.read(faulty) == entries(1, 2)


async def test_log_of_a_run_that_somebody_took_over_again_is_read_on_by_those_who_read_before(
    log: RunLog, world: World
) -> None:
    run, _ = await begin(log, world, 2)
    waiting = asyncio.create_task(log.wait(run, 2, 600))
    await asyncio.sleep(0)
    epoch = await log.take_over(run)
    await asyncio.wait_for(waiting, PATIENCE)
    await log.append(run, epoch, entries(3, 3))
    assert await log.read(run, 2) == entries(3, 3)


async def test_log_packed_is_read_for_itself_among_others(log: RunLog, world: World) -> None:
    begun = [(await begin(log, world, count))[0] for count in (2, 5, 3)]
    for run in begun[:2]:
        await world.finish(log, run)
    for run in begun:
        await log.pack(run)  # the last one isn't over
    elsewhere = world.open()
    assert [await elsewhere.read(run) for run in begun] == [entries(1, 2), entries(1, 5), entries(1, 3)]
    assert [await elsewhere.last(run) for run in begun] == [entries(n, n)[0] for n in (2, 5, 3)]
    assert await elsewhere.read(begun[1], 5) == []
    await log.append(begun[2], 1, entries(4, 4))
    assert await elsewhere.read(begun[2]) == await log.read(begun[2]) == entries(1, 4)


async def test_log_of_a_run_that_nobody_writes_can_be_let_go_and_packed(log: RunLog, world: World) -> None:
    run = await world.add_run()
    for _ in range(2):
        log.let_go(run)
        await log.pack(run)
    assert not log.is_live(run)
    assert await log.read(run) == []


async def test_log_that_is_stored_with_its_run_is_read_and_written_on(world: World) -> None:
    log, elsewhere = world.open(), world.open()
    run, opening = await world.add_opened(log, entries(1, 2))
    assert await elsewhere.read(run) == entries(1, 2)
    opening.publish()
    assert log.is_live(run) and await log.read(run) == entries(1, 2)
    await log.append(run, opening.epoch, entries(3, 4))
    assert await log.read(run) == await elsewhere.read(run) == entries(1, 4)
    assert await elsewhere.take_over(run) > opening.epoch
    with pytest.raises(StaleWriter):
        await log.append(run, opening.epoch, entries(5, 5))


async def test_reader_that_waits_is_woken_when_an_opening_is_published(world: World) -> None:
    log = world.open()
    run, opening = await world.add_opened(log, entries(1, 1))
    waiting = asyncio.create_task(log.wait(run, 0, PATIENCE))
    await asyncio.sleep(0)
    opening.publish()
    async with asyncio.timeout(PATIENCE / 2):
        await waiting
