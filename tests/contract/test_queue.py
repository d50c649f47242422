"""The queue in PostgreSQL: a run and its job are stored together, and no run is forgotten."""

import asyncio
import threading
from collections.abc import AsyncIterator

import psycopg
import pytest
from sqlalchemy import Connection, text

from backend.log.entry import Entry
from backend.log.sql import SqlLog
from backend.runs.engine.heartbeat import HeartbeatLiveness
from backend.runs.engine.queue import RunQueue
from backend.runs.engine.redelivery import Redelivery
from backend.store.owner import Owner
from backend.store.postgres.database import PostgresDatabase
from backend.store.postgres.jobs import JobRepository
from backend.store.postgres.places import describe_place, state_places
from backend.store.runs.owned_runs import OwnedRunRepository
from backend.store.runs.runs import RunRepository
from backend.telemetry.metrics import Metrics
from tests.contract.heartbeats import LEASE, age_heartbeat
from tests.databases import open_log
from tests.unit.messages import error
from tests.unit.stored_runs import add_run, change_run, lease_run, new_run
from workflows.errors import Overloaded
from workflows.messages.messages import OutlinePlanned, ProgressReported, decode

pytestmark = pytest.mark.engine("postgresql")
MAYA = Owner("maya")


@pytest.fixture
def queue(database: PostgresDatabase) -> RunQueue:
    return RunQueue(database.dsn, max_queued=3)


@pytest.fixture
def repository(database: PostgresDatabase, queue: RunQueue) -> RunRepository:
    return RunRepository(database, queue.enqueue)


@pytest.fixture
def jobs(database: PostgresDatabase, queue: RunQueue) -> JobRepository:
    return JobRepository(database, queue.enqueue_again, LEASE)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[tuple[object, ...]]]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as opened:
        yield opened


async def stored_jobs(database: PostgresDatabase) -> list[tuple[str, str]]:
    """(run, status) of all jobs."""
    query = text("SELECT lock, status::text FROM procrastinate_jobs ORDER BY id")
    return await database.read(lambda c: [(row[0], row[1]) for row in c.execute(query)])


async def give_job(database: PostgresDatabase, worker: str) -> str:
    """What a worker does that takes the next job."""
    query = text("SELECT lock FROM procrastinate_fetch_job_v2(NULL, :worker)")
    return str(await database.write(lambda c: c.scalar(query, {"worker": int(worker)})))


async def test_run_that_is_stored_has_its_job_and_one_that_is_not_has_none(
    repository: RunRepository, database: PostgresDatabase
) -> None:
    run = await repository.add(new_run(idempotency_key="K"))
    assert run is not None
    assert await repository.add(new_run(idempotency_key="K")) is None
    assert await stored_jobs(database) == [(run.id, "todo")]


async def test_run_that_is_queued_twice_in_a_transaction_is_queued_once_and_the_rest_is_committed(
    repository: RunRepository, database: PostgresDatabase, queue: RunQueue
) -> None:
    run = await repository.add(new_run())
    assert run is not None

    def work(connection: Connection) -> int:
        queue.enqueue_again(connection, run.id)
        queue.enqueue_again(connection, run.id)
        return connection.execute(text("UPDATE runs SET words = 7")).rowcount

    assert await database.write(work) == 1
    again = await repository.get(run.id)
    assert again is not None and again.words == 7 and await stored_jobs(database) == [(run.id, "todo")]


async def test_queue_that_is_full_refuses_one_more_and_stores_nothing_of_it(
    repository: RunRepository, database: PostgresDatabase
) -> None:
    outcomes = await asyncio.gather(*(repository.add(new_run()) for _ in range(6)), return_exceptions=True)
    assert sum(isinstance(outcome, Overloaded) for outcome in outcomes) == 3
    assert len(await repository.unfinished()) == len(await stored_jobs(database)) == 3


async def test_run_that_is_cancelled_or_deleted_while_it_waits_gives_its_place_in_the_queue_free(
    repository: RunRepository, database: PostgresDatabase, jobs: JobRepository
) -> None:
    cancelled, deleted, waiting = [await add_run(repository) for _ in range(3)]
    with pytest.raises(Overloaded):
        await repository.add(new_run())
    log = open_log(database)
    lease = await lease_run(log, cancelled)
    assert await OwnedRunRepository(database).fail(lease, error("CANCELLED"), None, bought=False)
    await repository.delete(MAYA, deleted.id)
    assert await stored_jobs(database) == [(waiting.id, "todo")]
    assert (await jobs.state()).queued == 1
    await wait_in_queue(database)
    assert await jobs.state_places() == [waiting.id]
    assert await read_progress(log, waiting.id) == ["Waiting for a worker: 1 in the queue"]
    ended = await repository.get(cancelled.id)
    assert ended is not None and await repository.resume(ended, None, ended.options)
    await add_run(repository)
    assert len(await stored_jobs(database)) == 3


async def test_job_that_is_given_back_while_its_run_was_queued_anew_is_dropped(
    repository: RunRepository, database: PostgresDatabase, jobs: JobRepository
) -> None:
    runs = [await add_run(repository) for _ in range(2)]
    worker = await jobs.register()
    given = [await give_job(database, worker) for _ in runs]
    held = await jobs.own_jobs([int(worker)])
    ended = await change_run(repository, runs[0], status="cancelled")
    assert await repository.resume(ended, None, ended.options)
    await jobs.give_back(list(held.values()))
    assert sorted(await stored_jobs(database)) == sorted((run_id, "todo") for run_id in given)
    assert await jobs.own_jobs([int(worker)]) == {}


async def test_run_that_is_resumed_or_answered_is_queued_again(
    repository: RunRepository, database: PostgresDatabase
) -> None:
    failed, waiting = [await repository.add(new_run()) for _ in range(2)]
    assert failed is not None and waiting is not None
    await database.write(lambda c: c.execute(text("DELETE FROM procrastinate_jobs")))
    failed = await change_run(repository, failed, status="failed")
    waiting = await change_run(repository, waiting, status="waiting")
    outline = OutlinePlanned(title="T", sections=[])
    assert await repository.resume(failed, None, failed.options)
    assert not await repository.resume(failed, None, failed.options)
    assert await repository.answer(waiting, None, outline)
    assert not await repository.answer(waiting, None, outline)
    assert await stored_jobs(database) == [(failed.id, "todo"), (waiting.id, "todo")]


async def test_run_of_a_worker_that_is_silent_is_given_out_again_once(
    repository: RunRepository, database: PostgresDatabase, jobs: JobRepository
) -> None:
    run = await repository.add(new_run())
    assert run is not None
    dead, alive = await jobs.register(), await jobs.register()
    assert await give_job(database, dead) == run.id
    await repository.take_over(run, dead)
    await age_heartbeat(database, dead, LEASE - 5)
    assert await jobs.redeliver() == [] and await jobs.is_alive(dead)
    await age_heartbeat(database, dead, LEASE + 5)
    found = await asyncio.gather(*(jobs.redeliver() for _ in range(4)))
    assert sorted(found, key=len)[-1] == [run.id] and sum(map(len, found)) == 1
    assert not await jobs.is_alive(dead)
    assert await stored_jobs(database) == [(run.id, "todo")]
    assert await give_job(database, alive) == run.id
    assert await jobs.redeliver() == []


async def test_process_that_executes_nothing_gives_runs_of_the_dead_out_again_once_others_had_time_to_beat(
    repository: RunRepository, database: PostgresDatabase, queue: RunQueue
) -> None:
    jobs = JobRepository(database, queue.enqueue_again, 0.3)
    run = await add_run(repository)
    dead = await jobs.register(20)
    await give_job(database, dead)
    await repository.take_over(run, dead)
    await age_heartbeat(database, dead, LEASE)
    guard = Redelivery(jobs, HeartbeatLiveness(await jobs.register(), jobs, 0.3), Metrics())
    await guard.beat()
    assert await stored_jobs(database) == [(run.id, "doing")]
    async with asyncio.timeout(30):
        while await stored_jobs(database) != [(run.id, "todo")]:
            await guard.beat()


async def test_run_that_nobody_executes_and_no_job_is_of_is_queued(
    repository: RunRepository, database: PostgresDatabase, jobs: JobRepository
) -> None:
    lost, executed, ended = [await repository.add(new_run()) for _ in range(3)]
    assert lost is not None and executed is not None and ended is not None
    await database.write(lambda c: c.execute(text("DELETE FROM procrastinate_jobs")))
    await repository.take_over(executed, await jobs.register())
    await change_run(repository, ended, status="completed")
    assert await jobs.redeliver() == [lost.id]
    assert await jobs.redeliver() == []


async def test_job_that_its_worker_never_heard_of_is_given_out_again(
    repository: RunRepository, database: PostgresDatabase, jobs: JobRepository
) -> None:
    run = await repository.add(new_run())
    assert run is not None
    worker = await jobs.register()
    await give_job(database, worker)
    [job_id] = (await jobs.own_jobs([int(worker)])).values()
    await jobs.give_back([job_id])
    assert await stored_jobs(database) == [(run.id, "todo")]
    assert await jobs.own_jobs([int(worker)]) == {}


async def test_process_is_alive_while_it_beats_and_not_when_it_has_left(
    database: PostgresDatabase, jobs: JobRepository
) -> None:
    process, queue_worker = await jobs.register(), await jobs.register()
    liveness = HeartbeatLiveness(process, jobs)
    liveness.workers = lambda: [int(queue_worker)]
    for each in (process, queue_worker):
        await age_heartbeat(database, each, LEASE + 5)
    assert await liveness.is_alive(process) and not await liveness.is_alive(queue_worker)
    await liveness.beat()
    assert await jobs.is_alive(process) and await jobs.is_alive(queue_worker)
    await jobs.unregister(process)
    assert not await jobs.is_alive(process) and not await jobs.is_alive("01J00000000000000000000000")


async def test_state_of_the_queue_says_what_waits_and_who_is_there(
    repository: RunRepository, database: PostgresDatabase, jobs: JobRepository
) -> None:
    empty = await jobs.state()
    assert (empty.queued, empty.oldest_seconds, empty.workers) == (0, 0.0, 0)
    for _ in range(2):
        await repository.add(new_run())
    first, second, _ = await jobs.register(20), await jobs.register(30), await jobs.register()
    await age_heartbeat(database, first, LEASE + 5)
    await age_heartbeat(database, second, 5)
    state = await jobs.state()
    assert (state.queued, state.workers, state.slots) == (2, 1, 30)  # who executes nothing is no worker
    assert 0 <= state.oldest_seconds < 60 and 5 <= state.lease_age < LEASE


async def test_lease_of_those_that_are_there_holds_for_who_comes_until_all_are_gone(
    database: PostgresDatabase, queue: RunQueue
) -> None:
    first, second, third = (JobRepository(database, queue.enqueue_again, lease) for lease in (10, 60, 4))
    worker, other = await first.register(20), await second.register()
    assert first.lease_seconds == second.lease_seconds == 10
    await age_heartbeat(database, worker, 7)
    assert await second.is_alive(worker)
    await age_heartbeat(database, worker, 11)
    assert not await second.is_alive(worker)
    await second.unregister(other)
    await third.register()
    assert third.lease_seconds == 4


async def wait_in_queue(database: PostgresDatabase, seconds: float = 5.0) -> None:
    """Whatever waits has waited for so long."""
    query = text("UPDATE procrastinate_events SET at = at - make_interval(secs => :s)")
    await database.write(lambda c: c.execute(query, {"s": seconds}))


async def read_progress(log: SqlLog, run_id: str) -> list[str]:
    """What the log says of its progress, in order."""
    transcript = [decode(entry.data) for entry in await log.read(run_id)]
    return [message.message for message in transcript if isinstance(message, ProgressReported)]


async def test_run_that_waits_says_at_which_place_until_a_worker_writes_it(
    repository: RunRepository, database: PostgresDatabase, jobs: JobRepository
) -> None:
    first, second = [await repository.add(new_run()) for _ in range(2)]
    assert first is not None and second is not None
    log = open_log(database)
    assert await jobs.state_places() == []  # a worker may take them at once
    await wait_in_queue(database)
    assert sorted(await jobs.state_places()) == [first.id, second.id]
    assert await jobs.state_places() == []  # nothing new
    worker = await jobs.register()
    assert await give_job(database, worker) == first.id
    await repository.take_over(first, worker)
    assert await jobs.state_places() == [second.id]
    epoch = await log.take_over(first.id)
    last = await log.last(first.id)
    assert epoch == 1 and last is not None
    await log.append(first.id, epoch, [Entry(last.seq + 1, "content", b"{}")])
    assert await read_progress(log, second.id) == [
        "Waiting for a worker: 2 in the queue",
        "Waiting for a worker: 1 in the queue",
    ]
    # One that was begun already says nothing more: its progress would go back.
    handed_back = await repository.get(first.id)
    assert handed_back is not None
    await repository.take_over(handed_back, None)
    await jobs.give_back(list((await jobs.own_jobs([int(worker)])).values()))
    await wait_in_queue(database)
    assert first.id not in await jobs.state_places()


async def test_run_that_is_taken_or_deleted_while_places_are_stated_has_one_writer_and_leaves_nothing(
    repository: RunRepository,
    database: PostgresDatabase,
    other_database: PostgresDatabase,
) -> None:
    taken, deleted = [await repository.add(new_run()) for _ in range(2)]
    assert taken is not None and deleted is not None
    await wait_in_queue(database)
    stated, go_on = threading.Event(), threading.Event()

    def state_slowly(connection: Connection) -> list[str]:
        found = state_places(connection)
        stated.set()
        assert go_on.wait(10)
        return found

    stating = asyncio.create_task(database.write(state_slowly))
    await asyncio.to_thread(stated.wait, 10)
    log, others = open_log(other_database), RunRepository(other_database)
    taking = asyncio.create_task(log.take_over(taken.id))
    deleting = asyncio.create_task(others.delete(MAYA, deleted.id))
    done, _ = await asyncio.wait([taking, deleting], timeout=0.3)
    assert not done
    go_on.set()
    assert sorted(await stating) == [taken.id, deleted.id]
    assert await taking == 1
    await deleting
    assert [entry.seq for entry in await log.read(taken.id)] == [1]
    assert await open_log(database).read(deleted.id) == []


@pytest.mark.parametrize(
    ("place", "words"), [(1, "1"), (10, "10"), (11, "about 20"), (100, "about 100"), (101, "about 200")]
)
def test_place_is_exact_at_the_front_of_the_queue_and_rounded_behind(place: int, words: str) -> None:
    assert describe_place(place) == f"Waiting for a worker: {words} in the queue"


async def test_runs_of_one_owner_hold_up_no_other_and_what_was_begun_comes_first(
    database: PostgresDatabase, jobs: JobRepository
) -> None:
    repository = RunRepository(database, RunQueue(database.dsn, max_queued=100).enqueue)
    many = [await repository.add(new_run()) for _ in range(4)]
    one = await repository.add(new_run(owner="noah"))
    failed = await repository.add(new_run(owner="lena"))
    assert one is not None and failed is not None
    failed_id = failed.id
    await database.write(
        lambda c: c.execute(text("DELETE FROM procrastinate_jobs WHERE lock = :id"), {"id": failed_id})
    )
    log = open_log(database)
    await log.append(failed.id, await log.take_over(failed.id), [Entry(1, "error", b"{}")])
    failed = await change_run(repository, failed, status="failed")
    await repository.resume(failed, None, failed.options)
    worker = await jobs.register()
    order = [await give_job(database, worker) for _ in range(6)]
    assert order == [failed.id, *(run.id for run in (many[0], one, *many[1:]) if run is not None)]


async def test_short_run_comes_before_long_ones_that_came_just_before_and_after_one_that_has_waited(
    database: PostgresDatabase, jobs: JobRepository
) -> None:
    repository = RunRepository(database, RunQueue(database.dsn, max_queued=100).enqueue)
    for format, words in (("podcast", 20_000), ("story", 600)):
        await add_run(repository, format=format, owner="eva", status="completed", words=words)
    await database.write(lambda c: c.execute(text("DELETE FROM procrastinate_jobs")))
    long = [await add_run(repository, format="podcast", owner=owner) for owner in ("lena", "noah")]
    age = text("UPDATE procrastinate_jobs SET priority = priority + 2000 WHERE lock = :id")
    await database.write(lambda c: c.execute(age, {"id": long[0].id}))  # as if it had come so much earlier
    short = await add_run(repository)
    worker = await jobs.register()
    assert [await give_job(database, worker) for _ in range(3)] == [long[0].id, short.id, long[1].id]
