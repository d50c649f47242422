"""Schema migrations, for any database. They block: call them in a thread."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

_MIGRATIONS = Path(__file__).parent / "migrations"


def is_up_to_date(connection: Connection) -> bool:
    """Whether the schema is up to date."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision == _newest_revision()


def upgrade(connection: Connection) -> None:
    """Migrates the schema, in the connection's transaction, in which nobody else may migrate."""
    # Half a second of imports: only when there is something to do.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _newest_revision() -> str:
    """The newest revision, by file names: `0001_what_it_does.py` is revision 0001."""
    return max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
