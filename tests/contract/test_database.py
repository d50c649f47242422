"""The port of the SQL database: every implementation has the same transactions."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from sqlalchemy import Connection, delete, func, insert, select, text

from backend.store.owner import Owner
from backend.store.postgres.database import PostgresDatabase
from backend.store.runs.runs import RunRepository
from backend.store.schema.tables import runs
from backend.store.setup.migrating import SchemaError
from backend.store.sql.database import Database
from backend.store.sql.dialect import lock
from backend.store.sqlite.database import SqliteDatabase
from tests.databases import migrated_template
from tests.postgres import postgres_server
from tests.unit.stored_runs import add_run, new_run


class World(Protocol):
    """A database, and its files as somebody finds them who steals the disk."""

    def open(self) -> Database:
        """The database, as one process has it."""

    def without_tables(self) -> None:
        """From now on it is one that nobody has migrated yet."""

    def close(self) -> None:
        """It is not needed any more."""

    def locked(self) -> Iterator[None]:
        """Somebody else writes, and doesn't come to an end."""


class _Sqlite:
    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "storywire.db"

    def open(self) -> Database:
        return SqliteDatabase(f"sqlite:///{self._file}")

    def without_tables(self) -> None:
        self._file.unlink(missing_ok=True)

    def locked(self) -> Iterator[None]:
        connection = sqlite3.connect(self._file, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.close()

    def close(self) -> None:
        pass


class _Postgresql:
    def __init__(self, folder: Path) -> None:
        del folder
        self._stack = ExitStack()
        self._url = self._stack.enter_context(postgres_server().database(migrated_template()))

    def open(self) -> Database:
        return PostgresDatabase(self._url)

    def without_tables(self) -> None:
        self._url = self._stack.enter_context(postgres_server().database())

    def locked(self) -> Iterator[None]:
        with psycopg.connect(self._url) as connection:
            connection.execute("LOCK TABLE log_entries IN ACCESS EXCLUSIVE MODE")
            yield

    def close(self) -> None:
        self._stack.close()


@pytest.fixture(params=[_Sqlite, _Postgresql])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    world = request.param(tmp_path / "data")
    yield world
    world.close()


@pytest.fixture
async def database(world: World) -> AsyncIterator[Database]:
    opened = world.open()
    await opened.migrate()
    yield opened
    await opened.close()


def add(connection: Connection, **values: object) -> None:
    row = new_run(**values).row()
    connection.execute(insert(runs).values(**row))


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(runs)).scalar_one()


async def test_migrate_of_a_database_that_is_up_to_date_changes_nothing(database: Database) -> None:
    repository = RunRepository(database)
    run = await add_run(repository)
    await database.migrate()
    assert await repository.find(Owner("maya"), run.id) == run


async def test_write_that_raises_leaves_nothing_behind(database: Database) -> None:
    def work(connection: Connection) -> None:
        add(connection)
        assert count(connection) == 1
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(work)
    assert await database.read(count) == 0


async def test_write_that_needs_no_sync_is_kept_or_rolled_back_as_any_other(
    database: Database, world: World
) -> None:
    def work(connection: Connection) -> None:
        add(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write_unsynced(work)
    await database.write_unsynced(add)
    assert await database.read(count) == 1
    await database.close()
    again = world.open()
    assert await again.read(count) == 1
    await again.close()


async def test_write_is_seen_by_every_read_that_comes_after_it(database: Database) -> None:
    for expected in range(1, 4):
        await database.write(add)
        assert await asyncio.gather(*(database.read(count) for _ in range(6))) == [expected] * 6


async def test_writes_of_two_processes_all_come_through(database: Database, world: World) -> None:
    other = world.open()
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


async def test_database_keeps_what_was_written_when_it_is_closed(database: Database, world: World) -> None:
    await database.write(add)
    await database.close()
    again = world.open()
    assert await again.read(count) == 1
    await again.close()


async def test_migrations_by_several_processes_at_once_all_come_to_an_end(world: World) -> None:
    world.without_tables()
    opened = [world.open() for _ in range(4)]
    await asyncio.gather(*(each.migrate() for each in opened))
    assert [await each.read(count) for each in opened] == [0] * 4
    for each in opened:
        await each.close()


async def test_erase_returns_what_its_work_does_and_rolls_back_what_raises(database: Database) -> None:
    await database.write(add)
    assert await database.erase(lambda connection: connection.execute(delete(runs)).rowcount) == 1

    def work(connection: Connection) -> None:
        add(connection)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.erase(work)
    assert await database.read(count) == 0


async def test_check_writable_of_a_database_without_a_schema_or_a_lock_that_it_gets_raises(
    world: World, database: Database
) -> None:
    await database.check_writable(10)
    with contextmanager(world.locked)(), pytest.raises(Exception, match="lock"):
        await database.check_writable(0.01)
    await database.check_writable(10)
    await database.write(lambda connection: connection.exec_driver_sql("DROP TABLE log_entries"))
    with pytest.raises(Exception, match="log_entries"):
        await database.check_writable(10)


async def test_read_sees_one_state_of_the_data_whatever_is_written_meanwhile(database: Database) -> None:
    counted, go_on = threading.Event(), threading.Event()

    def look(connection: Connection) -> tuple[int, int]:
        before = count(connection)
        counted.set()
        assert go_on.wait(10)
        return before, count(connection)

    reading = asyncio.create_task(database.read(look))
    await asyncio.to_thread(counted.wait, 10)
    await database.write(add)
    go_on.set()
    assert await reading == (0, 0)
    assert await database.read(count) == 1


async def test_transactions_that_lock_the_same_name_follow_one_another(
    database: Database, world: World
) -> None:
    other = world.open()
    under_way, most = [0], [0]

    def work(connection: Connection) -> None:
        lock(connection, "the same")
        under_way[0] += 1
        most[0] = max(most[0], under_way[0])
        add(connection)
        assert count(connection)
        under_way[0] -= 1

    await asyncio.gather(*(each.write(work) for each in (database, other) * 5))
    assert (most[0], await other.read(count)) == (1, 10)
    await other.close()


async def test_schema_that_is_not_there_or_too_old_or_of_another_major_version_is_refused_in_words(
    world: World,
) -> None:
    world.without_tables()
    database = world.open()
    with pytest.raises(SchemaError, match=r"^STORYWIRE_DATABASE_URL: .*storywire migrate"):
        await database.check_schema()
    await database.migrate()
    await database.check_schema()
    for revision, reason in (("0003", "schema 0003, which is too old"), ("1000", "another major version")):
        await set_revision(database, revision)
        with pytest.raises(SchemaError, match=reason):
            await database.check_schema()
    with pytest.raises(SchemaError, match="another major version"):
        await database.migrate()
    await database.close()


async def test_schema_of_a_later_release_of_the_same_major_version_is_worked_with(database: Database) -> None:
    await set_revision(database, "0999")
    await database.check_schema()
    await database.migrate()
    await database.write(add)
    assert await database.read(count) == 1


async def set_revision(database: Database, revision: str) -> None:
    query = text("UPDATE alembic_version SET version_num = :revision")
    await database.write(lambda connection: connection.execute(query, {"revision": revision}))
