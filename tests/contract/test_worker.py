"""Worker: what it does with jobs that it can't execute, with runs that are cancelled anywhere, and while it stops."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.store.checkpoints.durable_saver import MemoryCheckpoints
from backend.store.postgres.database import PostgresDatabase
from backend.store.runs.runs import Run
from tests.contract.processes import SLOTS, QueueProcess, open_queue_process
from tests.unit.run_messages import read_messages
from tests.unit.stored_runs import add_run, change_run
from tests.unit.worlds import NOTE
from workflows.messages.messages import NodeChanged, RunCompleted, RunFailed

pytestmark = pytest.mark.engine("postgresql")
PATIENCE = 30
DEAD = "01J00000000000000000000000"
"""A process that isn't there any more."""


@pytest.fixture
async def process(database: PostgresDatabase, tmp_path: Path) -> AsyncIterator[QueueProcess]:
    """One that takes no runs yet. A stop gives sections as long as they take; the lease is over in a second."""
    opened = open_queue_process(database, tmp_path, MemoryCheckpoints(), room=100, lease=1, grace=PATIENCE)
    async with opened as process, asyncio.timeout(PATIENCE):
        yield process


async def store(process: QueueProcess, **values: object) -> Run:
    """A run that waits in the queue."""
    return await add_run(
        process.world.repository, **{"format": "note", "model": "openai:gpt-test", "input": NOTE, **values}
    )


async def wait_for(process: QueueProcess, run: Run, status: str) -> Run:
    """The run, once it has this status."""
    while (found := await process.world.repository.get(run.id)) is None or found.status != status:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return found


async def endings(process: QueueProcess, run: Run) -> list[str]:
    """What ended the run, each time that something did."""
    found = await read_messages(process.world.log, run.id)
    return [each.type for each in found if isinstance(each, RunCompleted | RunFailed)]


async def test_runs_of_a_format_that_is_not_installed_are_handed_back_and_hold_up_no_others(
    process: QueueProcess, database: PostgresDatabase
) -> None:
    unknown = [await store(process, format="of_another_package", owner=f"o{n}") for n in range(SLOTS)]
    known = await store(process)
    first = text("UPDATE procrastinate_jobs SET priority = 0 WHERE lock = ANY (:ids)")
    await database.write(lambda c: c.execute(first, {"ids": [run.id for run in unknown]}))
    await process.take_runs()
    await wait_for(process, known, "completed")
    handed_back = text("SELECT count(*) FROM procrastinate_jobs WHERE attempts > 0")
    async with asyncio.timeout(30):  # one of them made room for the run that is known; the others follow
        while (await database.read(lambda c: c.scalar(handed_back)) or 0) < SLOTS:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    for run in unknown:
        stored = await process.world.repository.get(run.id)
        assert stored is not None and (stored.status, stored.process) == ("running", None)
    mended = await change_run(process.world.repository, unknown[0], format="note")
    await wait_for(process, mended, "completed")
    assert await endings(process, mended) == ["complete"]


async def test_job_of_a_later_release_is_replaced_by_one_that_is_known_and_its_run_does_not_fail(
    process: QueueProcess, database: PostgresDatabase
) -> None:
    run = await store(process)
    later = text("UPDATE procrastinate_jobs SET task_name = 'execute_later'")
    await database.write(lambda c: c.execute(later))
    await process.take_runs()
    await wait_for(process, run, "completed")
    assert await endings(process, run) == ["complete"]


async def test_worker_that_is_stopping_is_heard_of_until_its_sections_are_written(
    process: QueueProcess, database: PostgresDatabase
) -> None:
    gate = process.world.format.gates[0] = asyncio.Event()
    run = await store(process)
    await process.take_runs()
    await process.world.format.begun[0].wait()
    process.ask_to_stop()
    heard_of = text(
        "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour' WHERE id::text = :id"
    )
    for _ in range(3):  # whatever was heard of it before the stop is forgotten
        await database.write(lambda c: c.execute(heard_of, {"id": process.id}))
        while not await process.jobs.is_alive(process.id):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    gate.set()
    await process.stop()
    left = await process.world.repository.get(run.id)
    assert left is not None and (left.status, left.process) == ("running", None)
    assert process.world.format.written == [0] and await endings(process, run) == []


async def test_worker_hears_at_once_that_a_run_of_its_own_is_to_stop(
    process: QueueProcess, database: PostgresDatabase
) -> None:
    """It doesn't look for stop requests by itself here: it is told to."""
    gate = process.world.format.gates[0] = asyncio.Event()
    run, another = await store(process), await store(process, owner="another")
    await process.take_runs()
    await process.world.format.begun[0].wait()
    listens = text("SELECT 1 FROM pg_stat_activity WHERE state = 'idle' AND query LIKE 'LISTEN%stops%'")
    while (await database.read(lambda c: c.scalar(listens))) is None:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    for asked in ("no run", another.id):
        await process.world.repository.request_stop(asked, "another process")
    await process.world.repository.request_stop(run.id, process.id)
    await wait_for(process, run, "cancelled")
    gate.set()
    await wait_for(process, another, "completed")
    assert (await endings(process, run), await endings(process, another)) == (["error"], ["complete"])


async def test_run_that_is_cancelled_elsewhere_while_its_worker_is_stopping_ends_at_once(
    process: QueueProcess, database: PostgresDatabase, tmp_path: Path
) -> None:
    """Notifications get lost, as they do while nobody listens any more: the process looks, too."""
    process.world.format.gates[0] = asyncio.Event()
    run = await store(process)
    await process.take_runs()
    await process.world.format.begun[0].wait()
    process.ask_to_stop()
    stopping = asyncio.create_task(process.stop())
    polling = asyncio.create_task(poll(process))
    async with open_queue_process(database, tmp_path, MemoryCheckpoints()) as other:
        stored = await other.world.repository.get(run.id)
        assert stored is not None and stored.process == process.id
        await other.engine.cancel(stored)
        await wait_for(other, run, "cancelled")
    polling.cancel()
    await stopping
    assert await endings(process, run) == ["error"]


async def poll(process: QueueProcess) -> None:
    """What a process does all the time."""
    while True:
        await process.world.engine.poll_stop_requests()
        await asyncio.sleep(0.02)


async def test_worker_that_dies_between_the_row_and_the_log_of_its_claim_loses_nothing_and_is_no_attempt(
    process: QueueProcess,
) -> None:
    """A claim is two transactions: this one was killed after the first."""
    run = await store(process)
    assert await process.world.repository.take_over(run, DEAD)
    await process.take_runs()
    await wait_for(process, run, "completed")
    said = await read_messages(process.world.log, run.id)
    started = [each for each in said if isinstance(each, NodeChanged) and each.node == "workflow"]
    assert [(each.status, each.attempt) for each in started] == [("started", 1), ("completed", 1)]
    assert process.world.format.written == [0, 1] and await endings(process, run) == ["complete"]


async def test_what_a_frozen_worker_says_between_the_row_and_the_log_of_anothers_claim_is_kept(
    process: QueueProcess, database: PostgresDatabase, tmp_path: Path
) -> None:
    """The other one was killed between the two; the frozen one wakes up before a third takes the run."""
    gate = process.world.format.gates[1] = asyncio.Event()
    run = await store(process)
    await process.take_runs()
    await process.world.format.begun[1].wait()
    held = await process.world.repository.get(run.id)
    assert held is not None and await process.world.repository.take_over(held, DEAD)
    gate.set()
    await process.world.end(run.id)  # it has said all, and can't store the row, which isn't its own any more
    left = await process.world.repository.get(run.id)
    assert left is not None and (left.status, left.process) == ("running", DEAD)
    await process.stop()
    async with open_queue_process(database, tmp_path, MemoryCheckpoints(), lease=1) as third:
        await third.take_runs()
        await third.offer_again(run.id)
        await wait_for(third, run, "completed")
        assert await endings(third, run) == ["complete"] and third.world.format.written == []
