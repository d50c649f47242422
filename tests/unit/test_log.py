"""The log in SQL, on a real file: order, group commits, one writer, readers woken, packing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from sqlalchemy import Connection, Engine, event, func, select
from sqlalchemy.exc import IntegrityError

from backend.log.entry import Entry, StaleWriter
from backend.log.sql import SqlLog
from backend.store.database import Database
from backend.store.runs import RunRepository
from backend.store.tables import log_archives, log_entries
from tests.unit.logs import run_logs
from tests.unit.stored_runs import add_run, finish_run

PATIENCE = 10.0
"""Seconds after which a test gives up; nothing waits that long when all is well."""


def entries(first: int, last: int) -> list[Entry]:
    return [
        Entry(seq, "content", b'{"seq":%d,"\xd7\xa9":"\xe2\x80\xa8"}' % seq) for seq in range(first, last + 1)
    ]


async def begin(log: SqlLog, repository: RunRepository, count: int = 0) -> tuple[str, int]:
    """A run with `count` entries, and the epoch of its writer."""
    run = await add_run(repository)
    epoch = await log.take_over(run.id)
    await log.append(run.id, epoch, entries(1, count))
    return run.id, epoch


async def finish(log: SqlLog, repository: RunRepository, run_id: str) -> None:
    """The run is over, as the executor leaves it."""
    run = await repository.get(run_id)
    assert run is not None
    await finish_run(repository, run, "failed")
    log.let_go(run_id)


@contextmanager
def count_commits() -> Iterator[list[int]]:
    commits = [0]

    def note(connection: Connection) -> None:
        del connection
        commits[0] += 1

    event.listen(Engine, "commit", note)
    try:
        yield commits
    finally:
        event.remove(Engine, "commit", note)


async def test_log_reads_what_was_appended_in_order(log: SqlLog, repository: RunRepository) -> None:
    run, epoch = await begin(log, repository, 2)
    await log.append(run, epoch, entries(3, 5))
    assert await log.read(run) == entries(1, 5)
    assert await log.last(run) == entries(5, 5)[0]
    assert await log.read(run, 5) == []


async def test_log_of_a_run_that_wrote_nothing_is_empty(log: SqlLog, repository: RunRepository) -> None:
    run, epoch = await begin(log, repository)
    await log.append(run, epoch, [])
    assert await log.read(run) == []
    assert await log.last(run) is None
    assert await log.read("no such run") == []


async def test_log_reads_the_same_from_every_cursor_whoever_reads(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, epoch = await begin(log, repository)
    for first in range(1, 601, 50):  # more than the writer keeps in memory
        await log.append(run, epoch, entries(first, first + 49))
    elsewhere = SqlLog(database)
    for after in (0, 1, 42, 343, 344, 345, 500, 598, 599, 600):
        expected = entries(after + 1, 600)
        assert await log.read(run, after) == await elsewhere.read(run, after) == expected
        assert await log.read(run, after, 7) == await elsewhere.read(run, after, 7) == expected[:7]


async def test_log_with_numbers_left_out_skips_none_of_its_entries(
    log: SqlLog, repository: RunRepository
) -> None:
    run, epoch = await begin(log, repository)
    await log.append(run, epoch, [*entries(2, 2), *entries(7, 8)])
    for after, expected in [(0, 3), (1, 3), (2, 2), (5, 2), (7, 1), (8, 0)]:
        assert len(await log.read(run, after)) == expected


async def test_log_appends_of_many_runs_at_once_share_a_commit(
    log: SqlLog, repository: RunRepository
) -> None:
    begun = [await begin(log, repository) for _ in range(40)]
    with count_commits() as commits:
        await asyncio.gather(
            *(log.append(run, epoch, entries(n, n)) for n in (1, 2, 3) for run, epoch in begun)
        )
    assert commits[0] <= 3
    for run, _ in begun:
        assert await log.read(run) == entries(1, 3)


async def test_log_keeps_each_runs_entries_apart(log: SqlLog, repository: RunRepository) -> None:
    (first, epoch), (second, _) = await begin(log, repository, 3), await begin(log, repository, 1)
    await log.append(first, epoch, entries(4, 4))
    assert [len(await log.read(run)) for run in (first, second)] == [4, 1]


async def test_log_refuses_a_writer_whose_run_was_taken_over(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, old = await begin(log, repository, 2)
    new = await SqlLog(database).take_over(run)
    assert new > old
    with pytest.raises(StaleWriter):
        await log.append(run, old, entries(3, 9))
    assert await SqlLog(database).read(run) == entries(1, 2)


async def test_log_refuses_a_writer_who_never_took_the_run_over(
    log: SqlLog, repository: RunRepository
) -> None:
    run = await add_run(repository)
    with pytest.raises(StaleWriter):
        await log.append(run.id, 1, entries(1, 1))
    with pytest.raises(StaleWriter):
        await log.append("no such run", 1, entries(1, 1))


async def test_log_that_refuses_one_writer_serves_the_others_of_the_same_commit(
    log: SqlLog, repository: RunRepository
) -> None:
    (stale, old), (well, epoch) = await begin(log, repository), await begin(log, repository)
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


async def test_log_refuses_a_number_that_was_used_and_goes_on(log: SqlLog, repository: RunRepository) -> None:
    run, epoch = await begin(log, repository, 2)
    with pytest.raises(IntegrityError):
        await log.append(run, epoch, [Entry(2, "content", b"other")])
    await log.append(run, epoch, entries(3, 3))
    assert await log.read(run) == entries(1, 3)


async def test_log_append_that_nobody_waits_for_any_more_is_written_all_the_same(
    log: SqlLog, repository: RunRepository
) -> None:
    run, epoch = await begin(log, repository)
    append = asyncio.create_task(log.append(run, epoch, entries(1, 1)))
    await asyncio.sleep(0)  # it is in the queue now
    append.cancel()
    with pytest.raises(asyncio.CancelledError):
        await append
    await log.close()
    assert await log.read(run) == entries(1, 1)


async def test_log_wakes_every_reader_that_waits(log: SqlLog, repository: RunRepository) -> None:
    run, epoch = await begin(log, repository, 1)
    readers = [asyncio.create_task(log.wait(run, 1, 600)) for _ in range(20)]
    await asyncio.sleep(0)
    assert not any(reader.done() for reader in readers)
    await log.append(run, epoch, entries(2, 2))
    done, pending = await asyncio.wait(readers, timeout=PATIENCE)
    assert (len(done), len(pending)) == (20, 0)


async def test_log_wakes_only_the_readers_of_the_run_that_has_news(
    log: SqlLog, repository: RunRepository
) -> None:
    (first, epoch), (second, _) = await begin(log, repository), await begin(log, repository)
    news = asyncio.create_task(log.wait(first, 0, 600))
    none = asyncio.create_task(log.wait(second, 0, 600))
    await asyncio.sleep(0)
    await log.append(first, epoch, entries(1, 1))
    await asyncio.wait_for(news, PATIENCE)
    assert not none.done()
    log.let_go(second)
    await asyncio.wait_for(none, PATIENCE)


async def test_log_with_news_already_there_lets_nobody_wait(log: SqlLog, repository: RunRepository) -> None:
    run, _ = await begin(log, repository, 2)
    await asyncio.wait_for(log.wait(run, 1, 600), PATIENCE)


async def test_log_without_news_lets_a_reader_wait_as_long_as_it_said(
    log: SqlLog, repository: RunRepository
) -> None:
    run, _ = await begin(log, repository, 1)
    await asyncio.wait_for(log.wait(run, 1, 0.01), PATIENCE)
    await asyncio.wait_for(log.wait("written elsewhere", 0, 0.01), PATIENCE)


async def test_log_readers_who_give_up_waiting_do_not_keep_others_from_being_woken(
    log: SqlLog, repository: RunRepository
) -> None:
    run, epoch = await begin(log, repository)
    leaving, staying = (asyncio.create_task(log.wait(run, 0, 600)) for _ in range(2))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.wait([leaving])
    await log.append(run, epoch, entries(1, 1))
    await asyncio.wait_for(staying, PATIENCE)


async def test_log_says_which_runs_this_process_writes(log: SqlLog, repository: RunRepository) -> None:
    run, _ = await begin(log, repository, 1)
    assert log.is_live(run)
    log.let_go(run)
    assert not log.is_live(run)
    assert await log.read(run) == entries(1, 1)


@given(run=run_logs)
@settings(max_examples=15)
async def test_log_packed_reads_the_same_from_every_cursor_and_goes_on_after_a_resume(
    log: SqlLog, repository: RunRepository, database: Database, run: list[Entry]
) -> None:
    stored = await add_run(repository)
    await log.append(stored.id, await log.take_over(stored.id), run)
    await finish(log, repository, stored.id)
    await log.pack(stored.id)
    await log.pack(stored.id)  # again: there is nothing left to do
    for after in range(len(run) + 1):
        assert await log.read(stored.id, after) == run[after:]
    assert await log.read(stored.id, 0, 2) == run[:2]
    assert await SqlLog(database).last(stored.id) == run[-1]
    ended = await repository.find("maya", stored.id)
    assert ended is not None
    assert await repository.resume(ended, "P2", ended.options)
    more = entries(len(run) + 1, len(run) + 2)
    await log.append(stored.id, await log.take_over(stored.id), more)
    assert await SqlLog(database).read(stored.id) == await log.read(stored.id) == run + more


async def test_log_of_a_run_that_goes_on_again_is_not_packed(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, _ = await begin(log, repository, 3)
    await finish(log, repository, run)
    ended = await repository.find("maya", run)
    assert ended is not None
    assert await repository.resume(ended, "P2", ended.options)
    epoch = await log.take_over(run)
    await log.pack(run)  # as housekeeping does that found the run a moment before
    await log.append(run, epoch, entries(4, 5))
    assert await SqlLog(database).read(run) == await log.read(run) == entries(1, 5)
    await finish(log, repository, run)
    await log.pack(run)
    assert await log.read(run) == entries(1, 5)


async def test_log_packed_leaves_one_row_and_no_entries(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, _ = await begin(log, repository, 300)
    await finish(log, repository, run)
    await log.pack(run)
    for table, expected in ((log_entries, 0), (log_archives, 1)):
        count = select(func.count()).select_from(table)
        assert await database.read(lambda c, count=count: c.execute(count).scalar_one()) == expected  # type: ignore[misc]


async def test_log_closes_after_all_that_was_appended(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, epoch = await begin(log, repository)
    appends = [asyncio.create_task(log.append(run, epoch, entries(n, n))) for n in range(1, 30)]
    await asyncio.sleep(0)
    await log.close()
    assert await SqlLog(database).read(run) == entries(1, 29)
    await asyncio.gather(*appends)


async def test_newest_entry_is_never_older_than_what_a_reader_has_seen(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, epoch = await begin(log, repository, 3)
    await SqlLog(database).append(run, epoch, entries(4, 4))  # committed, and not in the tail yet

    assert await log.last(run, at_least=4) == entries(4, 4)[0]
