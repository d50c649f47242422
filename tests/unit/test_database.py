"""Transactions as functions, and a schema that is what the tables say."""

from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, select

from backend.store.postgres.database import PostgresDatabase
from backend.store.schema import tables
from backend.store.schema.schema import complete_metadata
from backend.store.schema.tables import runs
from backend.store.sql.database import Database
from tests.databases import ENGINES
from tests.unit.stored_runs import new_run

pytestmark = pytest.mark.engine(*ENGINES)

MIGRATIONS = Path(tables.__file__).parents[1] / "migrations"
FILES = list((MIGRATIONS / "versions").glob("[0-9]*.py"))


def add(connection: Connection) -> None:
    connection.execute(insert(runs).values(new_run().row()))


OURS = {"include_name": lambda name, kind, _: kind != "table" or name in complete_metadata().tables}
"""What the libraries that keep tables beside ours make is theirs."""


def is_of_sqlite(difference: Any, database: Database) -> bool:
    """Whether this is the one constraint that PostgreSQL is spared."""
    is_entries = difference[0] == "add_fk" and difference[1].table.name == "log_entries"
    return is_entries and isinstance(database, PostgresDatabase)


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(runs)).scalar_one()


async def test_migrations_make_the_tables_as_they_are_declared(database: Database) -> None:
    differences = await database.read(
        lambda connection: compare_metadata(
            MigrationContext.configure(connection, opts=OURS), complete_metadata()
        )
    )
    assert [found for found in differences if not is_of_sqlite(found, database)] == []


async def test_threads_that_were_there_before_they_were_counted_go_on_counting(database: Database) -> None:
    name, digest = "ab" * 16, "cd" * 16
    keys = {
        f"thread:{name}:000001:{digest}:m1": "maya",
        f"thread:{name}:000012:{digest}:": "maya",
        f"thread:{name}:000002:{digest}:m1": "noa",
        f"thread:{name}:x": "maya",
        "thread:": "maya",
    }
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))

    def work(connection: Connection) -> list[Any]:
        config.attributes["connection"] = connection
        command.downgrade(config, "0014")
        for key, owner in keys.items():
            connection.execute(insert(runs).values(new_run(owner=owner, idempotency_key=key).row()))
        command.upgrade(config, "head")
        return list(map(tuple, connection.execute(select(tables.threads).order_by(tables.threads.c.owner))))

    assert await database.write(work) == [("maya", name, 12), ("noa", name, 2)]


async def test_migrations_bring_the_database_to_the_revision_of_the_newest_file(database: Database) -> None:
    scripts = ScriptDirectory(str(MIGRATIONS))
    newest = max(path.stem for path in FILES)
    at = await database.read(lambda connection: MigrationContext.configure(connection).get_current_revision())
    assert at == scripts.get_current_head() == newest.partition("_")[0]
