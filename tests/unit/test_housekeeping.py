"""Housekeeping behind a run, also when something fails on the way."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, insert, select

from backend.log.entry import Entry
from backend.runs.housekeeping import Housekeeping
from backend.runs.results.cache import ResultCache
from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.runs.cache import CacheRepository
from backend.store.runs.runs import RunRepository
from backend.store.runs.shares import ShareRepository
from backend.store.schema import tables
from backend.store.schema.tables import log_archives
from backend.store.sql.database import Database
from tests.databases import ENGINES, open_log
from tests.unit.stored_runs import add_run, finish_run

pytestmark = pytest.mark.engine(*ENGINES)


class _BusyOnce(MemoryCheckpoints):
    """Checkpoints that can't be dropped at the first try."""

    def __init__(self) -> None:
        super().__init__()
        self.dropped: list[str] = []
        self._busy = True

    async def adelete_thread(self, thread_id: str) -> None:
        if self._busy:
            self._busy = False
            raise sqlite3.OperationalError("database is locked")
        self.dropped.append(thread_id)


async def test_run_whose_checkpoints_could_not_be_dropped_is_tidied_up_the_next_time(
    database: Database, repository: RunRepository
) -> None:
    run_log, checkpoints = open_log(database), _BusyOnce()
    cache = ResultCache(CacheRepository(database), repository, ttl=60)
    housekeeping = Housekeeping(
        repository, run_log, checkpoints, cache, ShareRepository(database), pack_after=0
    )
    run = await add_run(repository)
    await run_log.append(run.id, await run_log.take_over(run.id), [Entry(1, "content", b"{}")])
    run_log.let_go(run.id)
    await finish_run(repository, run, "completed")

    assert await housekeeping.tidy() == 0
    assert await housekeeping.tidy() == 1
    assert checkpoints.dropped == [run.id]


async def test_logs_that_can_not_be_packed_hold_up_no_others_and_are_tried_again(
    database: Database, repository: RunRepository
) -> None:
    run_log = open_log(database)
    cache = ResultCache(CacheRepository(database), repository, ttl=60)
    housekeeping = Housekeeping(
        repository, run_log, MemoryCheckpoints(), cache, ShareRepository(database), pack_after=0, at_once=2
    )
    runs = [await add_run(repository) for _ in range(5)]
    for run in runs:
        await run_log.append(run.id, await run_log.take_over(run.id), [Entry(1, "content", b"{}")])
        run_log.let_go(run.id)
        await finish_run(repository, run, "failed")
    damaged = [run.id for run in runs[:4]]
    archives = [{"run_id": run_id, "last_seq": 1, "data": b""} for run_id in damaged]
    await database.write(lambda connection: connection.execute(insert(log_archives), archives))

    assert [await housekeeping.tidy() for _ in range(3)] == [0, 0, 1]
    await database.write(lambda connection: connection.execute(delete(log_archives)))
    assert [await housekeeping.tidy() for _ in range(2)] == [2, 2]


async def test_share_links_that_ended_are_dropped_also_in_a_service_without_accounts(
    database: Database, repository: RunRepository
) -> None:
    shares, now = ShareRepository(database), datetime.now(UTC)
    ended, valid = await add_run(repository), await add_run(repository)
    await shares.put(ended.owner, ended.id, "a", now - timedelta(seconds=1))
    await shares.put(valid.owner, valid.id, "b", now + timedelta(days=1))
    cache = ResultCache(CacheRepository(database), repository, ttl=60)
    await Housekeeping(
        repository, open_log(database), MemoryCheckpoints(), cache, shares, pack_after=0
    ).tidy()
    left = await database.read(lambda connection: connection.scalars(select(tables.shares.c.run_id)).all())
    assert left == [valid.id]
