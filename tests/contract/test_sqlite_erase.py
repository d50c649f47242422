"""What is deleted in a SQLite file: no byte of it stays."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from backend.store.schema.tables import runs
from backend.store.sql.database import Database
from backend.store.sqlite import log_emptying
from backend.store.sqlite.database import SqliteDatabase
from tests.unit.stored_runs import new_run

PATIENCE = 20.0
MARK = b"the-secret-of-the-lighthouse"


class World:
    """The files of a database as somebody finds them who steals the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.iterdir())


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "data").mkdir()
    return World(tmp_path / "data")


@pytest.fixture
async def database(world: World, tmp_path: Path) -> AsyncIterator[Database]:
    del world
    opened = SqliteDatabase(f"sqlite:///{tmp_path / 'data' / 'storywire.db'}")
    await opened.migrate()
    yield opened
    await opened.close()


def add(connection: Connection, **values: object) -> None:
    connection.execute(insert(runs).values(**new_run(**values).row()))


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(runs)).scalar_one()


def add_long_text(connection: Connection) -> None:
    """Runs of which each has a text over many pages, with the mark all over it."""
    for number in range(20):
        add(connection, input={"text": f"{number} {MARK.decode()} " * 700})


async def test_erase_leaves_no_byte_of_what_it_deletes_in_any_file(database: Database, world: World) -> None:
    await database.write(add_long_text)
    await database.write(lambda connection: connection.execute(update(runs).values(words=7)))
    assert MARK in world.bytes()
    await database.erase(lambda connection: connection.execute(delete(runs)))
    assert MARK not in world.bytes()


async def being_read(database: Database, go_on: threading.Event) -> asyncio.Task[int]:
    """A read under way, which holds what is there now until it may go on."""
    reading = threading.Event()

    def read(connection: Connection) -> int:
        found = count(connection)
        reading.set()
        assert go_on.wait(10)
        return found

    reader = asyncio.create_task(database.read(read))
    await asyncio.to_thread(reading.wait, 10)
    return reader


async def test_erase_waits_for_those_who_read_what_was_there_before(database: Database, world: World) -> None:
    await database.write(add_long_text)
    go_on = threading.Event()
    reader = await being_read(database, go_on)
    erasing = asyncio.create_task(database.erase(lambda connection: connection.execute(delete(runs))))
    while await database.read(count):  # nobody else waits meanwhile
        pass
    await database.write(add)
    go_on.set()
    await erasing
    assert MARK not in world.bytes()
    assert await reader == 20


async def test_erase_goes_on_by_itself_while_somebody_reads_for_long(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_emptying, "_PATIENCE_SECONDS", 0.0)
    await database.write(add_long_text)
    go_on = threading.Event()
    reader = await being_read(database, go_on)
    for _ in range(2):  # the second one joins the first
        await database.erase(lambda connection: connection.execute(delete(runs)))
    assert MARK in world.bytes()
    go_on.set()
    assert await reader == 20
    async with asyncio.timeout(PATIENCE):  # nobody writes any more; it tries again once a second
        while MARK in await asyncio.to_thread(world.bytes):
            pass


async def test_database_is_closed_while_an_erase_waits_for_a_reader(
    database: Database, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_emptying, "_PATIENCE_SECONDS", 0.0)
    await database.write(add_long_text)
    with closing(sqlite3.connect(next(world.folder.glob("*.db")), isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        await database.erase(lambda connection: connection.execute(delete(runs)))
        async with asyncio.timeout(PATIENCE):
            await database.close()


async def test_erase_that_is_cancelled_meanwhile_leaves_no_byte_either(
    database: Database, world: World
) -> None:
    await database.write(add_long_text)
    begun, go_on = threading.Event(), threading.Event()

    def work(connection: Connection) -> None:
        begun.set()
        assert go_on.wait(10)
        connection.execute(delete(runs))

    erasing = asyncio.create_task(database.erase(work))
    await asyncio.to_thread(begun.wait, 10)
    erasing.cancel()
    await asyncio.wait([erasing])
    go_on.set()
    await database.write(count)  # comes after it
    assert MARK not in world.bytes()
