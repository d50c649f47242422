"""What the unit tests share: a migrated database of their own, and patience with a slow machine."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from backend.log.sqlite import SqliteLog
from backend.store.database import Database
from backend.store.runs import RunRepository
from backend.store.sqlite import SqliteDatabase

# How long one example takes says nothing on a machine that others use too. The database that some properties
# share between examples is meant to be shared: every example writes a run of its own.
settings.register_profile(
    "unit",
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("unit")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with all tables and no rows: copying it is quicker than migrating again."""
    path = tmp_path_factory.mktemp("database") / "empty.db"

    async def migrate() -> None:
        database = SqliteDatabase(f"sqlite:///{path}")
        await database.migrate()
        await database.close()

    asyncio.run(migrate())
    return path


@pytest.fixture
async def database(empty_database: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of the test's own, in a real file."""
    path = tmp_path / "storywire.db"
    shutil.copy(empty_database, path)
    opened = SqliteDatabase(f"sqlite:///{path}")
    yield opened
    await opened.close()


@pytest.fixture
def repository(database: Database) -> RunRepository:
    """The runs in it."""
    return RunRepository(database)


@pytest.fixture
async def log(database: Database) -> AsyncIterator[SqliteLog]:
    """The log in it, as one process of the service has it."""
    opened = SqliteLog(database)
    yield opened
    await opened.close()
