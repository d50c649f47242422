"""Schema of the database: the tables of the service with those of the installed extensions."""

from functools import cache

from sqlalchemy import MetaData

from backend.plugins import HasTables, list_extensions
from backend.store.schema.tables import metadata


@cache
def complete_metadata() -> MetaData:
    """The metadata of the service, in which the extensions have declared their tables too. Whoever needs those of
    accounts imports `accounts.tables`."""
    for extension in list_extensions().values():
        if isinstance(extension, HasTables):
            extension.declare_tables()
    return metadata
