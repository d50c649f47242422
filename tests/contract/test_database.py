"""The port of the SQL database: every implementation has the same transactions."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from backend.store.database import Database
from backend.store.owner import Owner
from backend.store.runs import RunRepository
from backend.store.sqlite import SqliteDatabase
from backend.store.tables import runs
from tests.unit.stored_runs import add_run, new_run

PATIENCE = 20.0
MARK = b"the-secret-of-the-lighthouse"


class World(Protocol):
    """A database, and its files as somebody finds them who steals the disk."""

    def open(self) -> Database:
        """The database, as one process has it."""

    def bytes(self) -> bytes:
        """All of its files."""

    def locked(self) -> Iterator[None]:
        """Somebody else writes, and doesn't come to an end."""


class _Sqlite:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> Database:
        return SqliteDatabase(f"sqlite:///{self._folder / 'storywire.db'}")

    def bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self._folder.iterdir())

    def locked(self) -> Iterator[None]:
        connection = sqlite3.connect(self._folder / "storywire.db", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.close()


@pytest.fixture(params=["sqlite"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    del request
    world = _Sqlite(tmp_path / "data")
    (tmp_path / "data").mkdir()
    return world


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


def add_long_text(connection: Connection) -> None:
    """Runs of which each has a text over many pages, with the mark all over it."""
    for number in range(20):
        add(connection, input={"text": f"{number} {MARK.decode()} " * 700})


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


async def test_write_is_seen_by_every_read_that_comes_after_it(database: Database) -> None:
    for expected in range(1, 4):
        await database.write(add)
        assert await asyncio.gather(*(database.read(count) for _ in range(6))) == [expected] * 6


async def test_writes_of_two_processes_to_one_file_all_come_through(database: Database, world: World) -> None:
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


async def test_erase_leaves_no_byte_of_what_it_deletes_in_any_file(database: Database, world: World) -> None:
    await database.write(add_long_text)
    await database.write(lambda connection: connection.execute(update(runs).values(words=7)))
    assert MARK in world.bytes()
    await database.erase(lambda connection: connection.execute(delete(runs)))
    assert MARK not in world.bytes()


async def test_erase_while_somebody_reads_leaves_no_byte_once_they_are_done(
    database: Database, world: World
) -> None:
    await database.write(add_long_text)
    reading, go_on = threading.Event(), threading.Event()

    def read(connection: Connection) -> int:
        found = count(connection)
        reading.set()
        assert go_on.wait(10)
        return found

    reader = asyncio.create_task(database.read(read))
    await asyncio.to_thread(reading.wait, 10)
    await database.erase(lambda connection: connection.execute(delete(runs)))
    go_on.set()
    assert await reader == 20
    async with asyncio.timeout(PATIENCE):  # it tries again once a second at most
        while MARK in world.bytes():
            await database.write(add)


async def test_check_writable_of_a_database_without_a_schema_or_a_lock_that_it_gets_raises(
    world: World, database: Database
) -> None:
    await database.check_writable(10)
    with contextmanager(world.locked)(), pytest.raises(Exception, match="locked"):
        await database.check_writable(0.01)
    await database.check_writable(10)
    await database.write(lambda connection: connection.exec_driver_sql("DROP TABLE log_entries"))
    with pytest.raises(Exception, match="log_entries"):
        await database.check_writable(10)
