"""Databases for tests, on each engine that the service has: a migrated one, to be had in no time."""

import asyncio
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Literal

from backend.log.postgres import PostgresLog
from backend.log.sql import SqlLog
from backend.log.sqlite import SqliteLog
from backend.store.postgres.database import PostgresDatabase
from backend.store.sql.database import Database
from backend.store.sqlite.database import SqliteDatabase
from tests.postgres import postgres_server

Engine = Literal["sqlite", "postgresql"]
ENGINES: tuple[Engine, ...] = ("sqlite", "postgresql")
_TEMPLATE = "storywire_empty"
_LOGS: dict[Database, list[SqlLog]] = {}


@contextmanager
def new_database(engine: Engine, folder: Path, empty_file: Path) -> Iterator[str]:
    """The URL of a database with all tables and no rows; `empty_file` is where SQLite's is copied from."""
    if engine == "postgresql":
        with postgres_server().database(migrated_template()) as url:
            yield url
        return
    path = folder / "storywire.db"
    shutil.copy(empty_file, path)
    yield f"sqlite:///{path}"


def open_database(url: str) -> Database:
    """The database, as one process of the service has it."""
    return SqliteDatabase(url) if url.startswith("sqlite") else PostgresDatabase(url)


def open_log(database: Database) -> SqlLog:
    """The log in it, as one process of the service has it."""
    assert isinstance(database, SqliteDatabase | PostgresDatabase)
    opened = SqliteLog(database) if isinstance(database, SqliteDatabase) else PostgresLog(database)
    _LOGS.setdefault(database, []).append(opened)
    return opened


async def close_database(database: Database) -> None:
    """Closes it, and the logs that were opened in it."""
    for log in _LOGS.pop(database, []):
        await log.close()
    await database.close()


async def migrate(url: str) -> None:
    """Makes the tables."""
    database = open_database(url)
    await database.migrate()
    await database.close()


@cache
def migrated_template() -> str:
    """The name of a database on the test server that has all tables and no rows."""
    server = postgres_server()
    server.execute(f"create database {_TEMPLATE}")
    with ThreadPoolExecutor(1) as elsewhere:  # a loop may be running here
        elsewhere.submit(asyncio.run, migrate(server.url(_TEMPLATE))).result()
    return _TEMPLATE
