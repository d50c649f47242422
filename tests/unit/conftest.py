"""What the unit tests share: a migrated database of their own, and patience with a slow machine."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from backend.log.sql import SqlLog
from backend.store.runs.runs import RunRepository
from backend.store.sql.database import Database
from tests.databases import ENGINES, Engine, close_database, migrate, new_database, open_database, open_log

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

    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that needs a database is made on every engine, unless it is marked as being about one of them.

    Unit tests that aren't marked have the second engine only among the long trials: what differs from one to the
    other is the business of the store, whose tests are marked with both, and of the contract suites.
    """
    if "engine" not in metafunc.fixturenames:
        return
    if (marker := metafunc.definition.get_closest_marker("engine")) is not None:
        metafunc.parametrize("engine", marker.args)
    elif metafunc.module.__name__.startswith("tests.unit."):
        others = (pytest.param(engine, marks=pytest.mark.soak) for engine in ENGINES[1:])
        metafunc.parametrize("engine", [ENGINES[0], *others])
    else:
        metafunc.parametrize("engine", ENGINES)


@pytest.fixture
def database_url(engine: Engine, empty_database: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of the test's own: a real file, or on a real server."""
    with new_database(engine, tmp_path, empty_database) as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A database of the test's own."""
    opened = open_database(database_url)
    yield opened
    await close_database(opened)


@pytest.fixture
async def other_database(database_url: str) -> AsyncIterator[Database]:
    """The same database, as another process has it."""
    opened = open_database(database_url)
    yield opened
    await close_database(opened)


@pytest.fixture
def repository(database: Database) -> RunRepository:
    """The runs in it."""
    return RunRepository(database)


@pytest.fixture
async def log(database: Database) -> SqlLog:
    """The log in it, as one process of the service has it."""
    return open_log(database)
