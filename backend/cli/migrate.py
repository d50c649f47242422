"""`storywire migrate`: brings the database up to date."""

import asyncio

from backend.cli.failures import settings_or_fail
from backend.cli.terminal import say
from backend.settings import Settings


def migrate() -> None:
    """Bring the database up to date: once for each release, before its processes are started."""
    settings = settings_or_fail()
    asyncio.run(_migrate(settings))
    say("The database is up to date.", err=True)


async def _migrate(settings: Settings) -> None:
    from backend.storage import open_database

    database = open_database(settings)
    try:
        await database.migrate()
    finally:
        await database.close()
