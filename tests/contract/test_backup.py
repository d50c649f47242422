"""A dump of the database by PostgreSQL's own programs, restored: rows, logs, and the queue that goes on."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from backend.log.entry import Entry, StaleWriter
from backend.runs.engine.queue import RunQueue
from backend.store.postgres.database import PostgresDatabase
from backend.store.postgres.jobs import JobRepository
from backend.store.runs.runs import RunRepository
from tests.databases import close_database, open_log
from tests.postgres import postgres_server
from tests.unit.stored_runs import new_run

pytestmark = pytest.mark.engine("postgresql")
LEASE = 10.0


@pytest.fixture
def empty_url() -> Iterator[str]:
    """A database without any tables."""
    with postgres_server().database() as url:
        yield url


async def test_dump_that_is_restored_has_every_row_and_its_queue_goes_on(
    database: PostgresDatabase, database_url: str, empty_url: str, tmp_path: Path
) -> None:
    queue, log = RunQueue(database.dsn, max_queued=10), open_log(database)
    repository = RunRepository(database, queue.enqueue)
    waiting, begun = [await repository.add(new_run()) for _ in range(2)]
    assert waiting is not None and begun is not None
    entries = [Entry(seq, "content", "Zo\u00eb \N{OWL}".encode() * seq) for seq in range(1, 20)]
    await log.append(begun.id, await log.take_over(begun.id), entries)
    for program, *options in (
        ("pg_dump", "--format=custom", f"--file={tmp_path / 'dump'}", database_url),
        ("pg_restore", f"--dbname={empty_url}", tmp_path / "dump"),
    ):
        command = [str(postgres_server().program(str(program))), *map(str, options)]
        process = await asyncio.create_subprocess_exec(*command)
        assert await process.wait() == 0
    restored = PostgresDatabase(empty_url)
    await restored.check_schema()
    assert await RunRepository(restored).get(begun.id) == await repository.get(begun.id)
    other = open_log(restored)
    assert await other.read(begun.id) == entries
    with pytest.raises(StaleWriter):
        await other.append(begun.id, 1 + await other.take_over(begun.id), entries)
    # Numbers of jobs and workers go on, so that nothing new has the name of something old.
    queue = RunQueue(restored.dsn, max_queued=10)
    later = await RunRepository(restored, queue.enqueue).add(new_run())
    worker = await JobRepository(restored, queue.enqueue_again, LEASE).register()
    fetch = text("SELECT lock FROM procrastinate_fetch_job_v2(NULL, :worker)")
    given = [await restored.write(lambda c: c.scalar(fetch, {"worker": int(worker)})) for _ in range(3)]
    assert later is not None and sorted(given) == sorted([waiting.id, begun.id, later.id])
    await close_database(restored)
