"""The queue as a worker's engine asks it: jobs by the handful, never more than there are slots, and none kept."""

from collections.abc import AsyncIterator
from functools import partial

import pytest
from procrastinate import App, exceptions
from procrastinate.jobs import Job, Status
from sqlalchemy import text

from backend.runs.engine.connector import Connector
from backend.runs.engine.queue import RunQueue
from backend.store.postgres.database import PostgresDatabase
from backend.store.postgres.jobs import QUEUE
from backend.store.runs.runs import RunRepository
from tests.unit.stored_runs import new_run

pytestmark = pytest.mark.engine("postgresql")
SLOTS = 10


@pytest.fixture
async def queued(database: PostgresDatabase) -> list[str]:
    """Runs that wait, in the order in which they are given out."""
    repository = RunRepository(database, RunQueue(database.dsn, max_queued=100).enqueue)
    runs = [await repository.add(new_run(owner=f"o{number}")) for number in range(2 * SLOTS)]
    return [run.id for run in runs if run is not None]


class Fetcher:
    """What procrastinate's worker does with its connector."""

    def __init__(self, app: App, connector: Connector, worker: int) -> None:
        self.app, self.connector, self.worker = app, connector, worker

    async def fetch(self) -> Job | None:
        return await self.app.job_manager.fetch_job(queues=[QUEUE], worker_id=self.worker)


@pytest.fixture
async def fetcher(database: PostgresDatabase) -> AsyncIterator[Fetcher]:
    connector = Connector(database.dsn, SLOTS)
    app = App(connector=connector)
    async with app.open_async():
        yield Fetcher(app, connector, await app.job_manager.register_worker())


async def count(database: PostgresDatabase, status: str) -> int:
    query = text("SELECT count(*) FROM procrastinate_jobs WHERE status::text = :status")
    return int(await database.read(lambda c: c.scalar(query, {"status": status}) or 0))


async def test_jobs_are_fetched_by_the_handful_in_their_order_and_never_beyond_the_slots(
    fetcher: Fetcher, database: PostgresDatabase, queued: list[str]
) -> None:
    taken: list[Job] = []
    doing = []
    for _ in range(SLOTS):
        job = await fetcher.fetch()
        assert job is not None
        taken.append(job)
        doing.append(await count(database, "doing"))
    assert [job.lock for job in taken] == queued[:SLOTS]
    assert doing == [8] * 8 + [SLOTS] * 2
    for job in taken[:3]:
        await fetcher.app.job_manager.finish_job(job=job, status=Status.SUCCEEDED, delete_job=True)
    later = await fetcher.fetch()
    assert later is not None and later.lock == queued[SLOTS]
    assert await count(database, "doing") == SLOTS


async def test_queue_that_is_empty_gives_no_job(fetcher: Fetcher) -> None:
    assert await fetcher.fetch() is None


async def test_jobs_that_did_not_begin_are_given_back_when_a_worker_stops_and_fetched_singly_then(
    fetcher: Fetcher, database: PostgresDatabase, queued: list[str]
) -> None:
    first = await fetcher.fetch()
    await fetcher.connector.stop_fetching()
    assert first is not None and fetcher.connector.held == {first.id}
    assert (await count(database, "doing"), await count(database, "todo")) == (1, len(queued) - 1)
    second = await fetcher.fetch()
    assert second is not None and second.lock == queued[1]
    assert await count(database, "doing") == 2
    fetcher.connector.start_fetching()
    assert await fetcher.fetch() is not None
    assert await count(database, "doing") == 2 + 8


async def test_job_whose_run_was_queued_anew_is_dropped_when_it_is_handed_back_or_given_back(
    fetcher: Fetcher, database: PostgresDatabase, queued: list[str]
) -> None:
    handed_back, _, unbegun = await fetcher.fetch(), await fetcher.fetch(), queued[2]
    assert handed_back is not None
    door = RunQueue(database.dsn, max_queued=100)
    for run_id in (queued[0], unbegun):
        await database.write(partial(door.enqueue_again, run_id=run_id))
    await fetcher.app.job_manager.retry_job(job=handed_back)
    await fetcher.connector.stop_fetching()
    assert (await count(database, "doing"), await count(database, "todo")) == (1, len(queued) - 1)
    assert len(fetcher.connector.held) == 1


async def test_job_that_is_handed_back_or_gone_is_held_no_more(
    fetcher: Fetcher, database: PostgresDatabase, queued: list[str]
) -> None:
    handed_back, gone = await fetcher.fetch(), await fetcher.fetch()
    assert handed_back is not None and gone is not None and queued
    await fetcher.app.job_manager.retry_job(job=handed_back)
    delete = text("DELETE FROM procrastinate_jobs WHERE id = :id")
    await database.write(lambda c: c.execute(delete, {"id": gone.id}))
    await fetcher.app.job_manager.finish_job(job=gone, status=Status.SUCCEEDED, delete_job=True)
    assert not fetcher.connector.held & {handed_back.id, gone.id}
    with pytest.raises(exceptions.ConnectorException):
        await fetcher.connector.execute_query_async("SELECT 1 / 0")
