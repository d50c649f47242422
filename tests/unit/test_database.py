"""Transactions as functions, and a schema that is what the tables say."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, insert, select

from backend.store import tables
from backend.store.database import Database
from backend.store.tables import metadata, runs
from tests.unit.stored_runs import new_run

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
