"""Transactions as functions, and a schema that is what the tables say."""

import asyncio
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, select

from backend.store import tables
from backend.store.database import Database
from backend.store.runs import RunRepository
from backend.store.tables import metadata, runs
from tests.unit.stored_runs import add_run, new_run

MIGRATIONS = Path(tables.__file__).parent / "migrations"
FILES = list((MIGRATIONS / "versions").glob("[0-9]*.py"))


def add(connection: Connection) -> None:
    connection.execute(insert(runs).values(new_run().row()))


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(runs)).scalar_one()


async def test_migrations_make_the_tables_as_they_are_declared(database: Database) -> None:
    differences = await database.read(
        lambda connection: compare_metadata(MigrationContext.configure(connection), metadata)
    )
    assert differences == []


async def test_migrations_bring_the_database_to_the_revision_of_the_newest_file(database: Database) -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    newest = max(path.stem for path in FILES)
    at = await database.read(lambda connection: MigrationContext.configure(connection).get_current_revision())
    assert at == scripts.get_current_head() == newest.partition("_")[0]


async def test_migrate_of_a_database_that_is_up_to_date_changes_nothing(
    database: Database, repository: RunRepository
) -> None:
    run = await add_run(repository)
    await database.migrate()
    assert await repository.find("maya", run.id) == run


async def test_write_that_raises_leaves_nothing_behind(database: Database) -> None:
    def work(connection: Connection) -> None:
        add(connection)
        assert count(connection) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work)
    assert await database.read(count) == 0


async def test_write_is_seen_by_every_read_that_comes_after_it(database: Database) -> None:
    for expected in range(1, 4):
        await database.write(add)
        assert await asyncio.gather(*(database.read(count) for _ in range(6))) == [expected] * 6


async def test_writes_of_two_processes_to_one_file_all_come_through(
    database: Database, tmp_path: Path
) -> None:
    other = Database(f"sqlite:///{tmp_path / 'storywire.db'}")
    await asyncio.gather(*(db.write(add) for _ in range(10) for db in (database, other)))
    assert await other.read(count) == await database.read(count) == 20
    await other.close()


async def test_reads_go_on_while_a_write_is_under_way(database: Database) -> None:
    written, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        add(connection)
        written.set()
        assert go_on.wait(10)

    write = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(written.wait, 10)
    assert await database.read(count) == 0
    go_on.set()
    await write
    assert await database.read(count) == 1


async def test_database_keeps_what_was_written_when_it_is_closed(database: Database, tmp_path: Path) -> None:
    await database.write(add)
    await database.close()
    again = Database(f"sqlite:///{tmp_path / 'storywire.db'}")
    assert await again.read(count) == 1
    await again.close()
