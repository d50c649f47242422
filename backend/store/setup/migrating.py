"""Schema migrations, for any database. They block: call them in a thread.

Revisions are numbers; the thousands are the major version of the schema. Within a major version a migration only adds
what older releases can do without, so that processes of several releases share a database while they are exchanged.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from backend.settings import SettingsError
from backend.store.schema.schema import complete_metadata

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_MAJOR = 1000


class SchemaError(SettingsError):
    """Error of a database that this release can't work with; the message names the setting and the remedy."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"STORYWIRE_DATABASE_URL: {reason}")


def is_up_to_date(connection: Connection) -> bool:
    """Whether the schema is this release's, or a later one of the same major version. Raises SchemaError where it is
    of another major version."""
    revision = find_revision(connection)
    if revision is None:
        return False
    if not revision.isdecimal() or int(revision) // _MAJOR != int(newest_revision()) // _MAJOR:
        raise SchemaError(
            f"the database has the schema {revision[:32]} of another major version of Storywire, and this release "
            f"works with {newest_revision()}: start the release that the data is of, or name another database"
        )
    return int(revision) >= int(newest_revision())


def check_schema(connection: Connection) -> None:
    """Raises SchemaError unless this release can work with the schema as it is."""
    if is_up_to_date(connection):
        return
    revision = find_revision(connection)
    at = "no tables of Storywire's yet" if revision is None else f"the schema {revision}, which is too old"
    raise SchemaError(f"the database has {at}: run `storywire migrate` once, with the same settings")


def upgrade(connection: Connection) -> None:
    """Migrates the schema, in the connection's transaction, in which nobody else may migrate. Raises SchemaError where
    tables are in the way."""
    if find_revision(connection) is None:
        _check_empty(connection)
    # Half a second of imports: only when there is something to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _check_empty(connection: Connection) -> None:
    """A database may be another program's, or a copy of ours from which a table is missing."""
    if taken := sorted(complete_metadata().tables.keys() & set(inspect(connection).get_table_names())):
        raise SchemaError(
            f"the database has tables already that Storywire would make ({', '.join(taken[:3])}), and doesn't say that "
            "they are its own (alembic_version): name an empty database"
        )


def find_revision(connection: Connection) -> str | None:
    """The revision of the schema; None for a database without one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def newest_revision() -> str:
    """The newest revision of this release, by file names: `0001_what_it_does.py` is revision 0001."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
