"""What the log in SQL does beside what every log does (`tests/contract/test_log.py`): commits and rows."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import Connection, Engine, event, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from backend.log.entry import DuplicateSeq, Entry
from backend.log.sql import SqlLog
from backend.store.runs.runs import RunRepository
from backend.store.schema.tables import log_archives, log_entries
from backend.store.sql.database import Database
from tests.databases import ENGINES
from tests.unit.stored_runs import add_run, finish_run
from workflows.messages.messages import TextAppended, encode

pytestmark = pytest.mark.engine(*ENGINES)

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
def count(name: Literal["begin", "commit"]) -> Iterator[list[int]]:
    """Counts the events of that name on all engines."""
    counted = [0]

    def note(connection: Connection) -> None:
        del connection
        counted[0] += 1

    event.listen(Engine, name, note)
    try:
        yield counted
    finally:
        event.remove(Engine, name, note)


@pytest.mark.engine("sqlite")
async def test_log_appends_of_many_runs_at_once_share_a_commit(
    log: SqlLog, repository: RunRepository
) -> None:
    begun = [await begin(log, repository) for _ in range(40)]
    with count("commit") as commits:
        await asyncio.gather(
            *(log.append(run, epoch, entries(n, n)) for n in (1, 2, 3) for run, epoch in begun)
        )
    assert commits[0] <= 3
    for run, _ in begun:
        assert await log.read(run) == entries(1, 3)


@pytest.mark.engine("sqlite")
async def test_log_at_a_reading_pace_writes_four_small_pages_a_token_at_most(
    log: SqlLog, repository: RunRepository, tmp_path: Path
) -> None:
    begun = [await begin(log, repository, 60) for _ in range(50)]
    data = encode(TextAppended(section=0, chunk=" lighthouse", is_complete=False))
    before = _log_bytes(tmp_path)
    for seq in range(61, 71):
        for first in range(5):  # a commit has a token of each of a few runs
            some = begun[first::5]
            await asyncio.gather(
                *(log.append(run, epoch, [Entry(seq, "content", data)]) for run, epoch in some)
            )
    assert (_log_bytes(tmp_path) - before) / (50 * 10) < 4 * 1048  # a page with its header


def _log_bytes(folder: Path) -> int:
    [file] = folder.rglob("*.db-wal")
    return file.stat().st_size


async def test_log_packed_leaves_one_row_and_no_entries(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, _ = await begin(log, repository, 300)
    await finish(log, repository, run)
    await log.pack(run)
    for table, expected in ((log_entries, 0), (log_archives, 1)):
        count = select(func.count()).select_from(table)
        assert await database.read(lambda c, count=count: c.execute(count).scalar_one()) == expected  # type: ignore[misc]


BEYOND_64_BITS = Entry(2**63, "content", b"{}")
NOT_UTF8 = Entry(1, "\ud800", b"{}")


@pytest.mark.parametrize("fault", [BEYOND_64_BITS, NOT_UTF8])
async def test_log_with_rows_that_no_database_takes_fails_for_their_run_alone(
    log: SqlLog, repository: RunRepository, fault: Entry
) -> None:
    (faulty, first), (well, second) = await begin(log, repository), await begin(log, repository)
    outcomes = await asyncio.gather(
        log.append(faulty, first, [fault]), log.append(well, second, entries(1, 1)), return_exceptions=True
    )
    assert isinstance(outcomes[0], Exception) and outcomes[1] is None
    assert await log.read(well) == entries(1, 1)
    assert await log.read(faulty) == []


@pytest.mark.engine("sqlite")
async def test_log_in_a_database_that_can_not_be_written_fails_for_all_at_the_first_try(
    log: SqlLog, repository: RunRepository
) -> None:
    begun = [await begin(log, repository) for _ in range(3)]

    def refuse(connection: Connection) -> None:
        tries.append(connection)
        raise OperationalError("insert", None, sqlite3.OperationalError("database is locked"))

    tries: list[Connection] = []
    event.listen(Engine, "begin", refuse)
    try:
        outcomes = await asyncio.gather(
            *(log.append(run, epoch, entries(1, 1)) for run, epoch in begun), return_exceptions=True
        )
    finally:
        event.remove(Engine, "begin", refuse)
    assert [type(outcome) for outcome in outcomes] == [OperationalError] * 3
    assert len(tries) == 1
    await log.append(*begun[0], entries(1, 1))


@pytest.mark.engine("sqlite")
async def test_log_whose_entries_the_database_refuses_says_so_and_calls_nothing_written(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    run, epoch = await begin(log, repository)

    async def rename(old: str, new: str) -> None:
        await database.write(
            lambda connection: connection.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        )

    await rename("log_entries", "away")
    with pytest.raises(OperationalError, match="no such table"):
        await log.append(run, epoch, entries(1, 1))
    await rename("away", "log_entries")
    await log.append(run, epoch, entries(1, 1))
    assert await log.read(run) == entries(1, 1)


@pytest.mark.engine("sqlite")
async def test_log_lets_a_window_pass_after_a_commit_of_many_so_that_the_next_is_shared_too(
    log: SqlLog, repository: RunRepository
) -> None:
    begun = [await begin(log, repository) for _ in range(10)]
    began = time.monotonic()
    for n in range(1, 9):
        await asyncio.gather(*(log.append(run, epoch, entries(n, n)) for run, epoch in begun))
    assert time.monotonic() - began >= 0.07  # seven windows of ten milliseconds


async def test_log_with_a_number_that_was_used_says_of_which_run_and_why(
    log: SqlLog, repository: RunRepository
) -> None:
    run, epoch = await begin(log, repository, 1)
    with pytest.raises(DuplicateSeq, match=run) as refused:
        await log.append(run, epoch, entries(1, 1))
    assert isinstance(refused.value.__cause__, IntegrityError)


async def test_log_with_a_faulty_entry_leaves_no_hole_in_its_run(
    log: SqlLog, repository: RunRepository
) -> None:
    (faulty, first), (well, second) = await begin(log, repository, 1), await begin(log, repository)
    outcomes = await asyncio.gather(
        log.append(faulty, first, entries(1, 2)),
        log.append(well, second, entries(1, 1)),
        log.append(faulty, first, entries(3, 3)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [DuplicateSeq, type(None), DuplicateSeq]
    assert await log.read(faulty) == entries(1, 1)


async def test_log_costs_readers_who_keep_up_no_query_and_those_who_lag_one(
    log: SqlLog, repository: RunRepository
) -> None:
    run, epoch = await begin(log, repository, 1)
    with count("begin") as begun:
        assert await log.read(run) == entries(1, 1)
        assert await log.read(run, 1) == []
        assert await log.last(run) == await log.last(run, 1) == entries(1, 1)[0]
    assert begun[0] == 0
    await log.append(run, epoch, entries(2, 300))  # more than is kept in memory
    with count("begin") as begun:
        assert await log.read(run, 44) == entries(45, 300)
        assert begun[0] == 0
        assert await log.read(run, 43) == entries(44, 300)
        assert begun[0] == 1


async def test_log_packed_writes_an_archive_of_its_run_alone(
    log: SqlLog, repository: RunRepository, database: Database
) -> None:
    (over, _), (going_on, _) = await begin(log, repository, 3), await begin(log, repository, 2)
    await finish(log, repository, over)
    await log.pack(going_on)
    await log.pack(over)
    packed = select(log_archives.c.run_id, log_archives.c.last_seq)
    assert await database.read(lambda c: [tuple(row) for row in c.execute(packed)]) == [(over, 3)]
    left = select(log_entries.c.run_id).distinct()
    assert await database.read(lambda c: list(c.scalars(left))) == [going_on]
